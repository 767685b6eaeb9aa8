import { fromWireError } from '../../../common/protocol/errors.ts';
import { callChange } from '../../client/change.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { waitForRollout } from '../rollout-wait.ts';
import type { ApplyStep } from './plan.ts';

/** For all instances of a service, one after another. */
const RESTART_MS = 60 * 60_000;

/** @throws SgridError why it was refused; what was done before stays done, and another `apply` goes on from there. */
export async function carryOut(client: MasterClient, step: ApplyStep): Promise<void> {
  switch (step.type) {
    case 'create-service':
      await callChange(client, 'service.create', { spec: step.spec });
      return;
    case 'update-service': {
      const { rollout } = await callChange(client, 'service.update', { spec: step.spec });
      // Until it has ended it holds the instances, which later steps may be about.
      if (rollout !== null) await waitForRollout(client, rollout.rolloutId, { timeoutMs: RESTART_MS });
      return;
    }
    case 'create-instance': {
      const { serviceName, nodeId, port, limits, host } = step;
      const place = { serviceName, nodeId, port, limits, ...(host === undefined ? {} : { host }) };
      await callChange(client, 'instance.create', place);
      return;
    }
    case 'limit': {
      const { instanceId, limits } = step;
      const { outcomes } = await callChange(client, 'instance.limit', { instanceIds: [instanceId], limits });
      return demandAll(outcomes);
    }
    case 'remove': {
      const { outcomes } = await callChange(client, 'instance.remove', { instanceIds: [step.instanceId] });
      return demandAll(outcomes);
    }
  }
}

function demandAll(outcomes: readonly { error: Parameters<typeof fromWireError>[0] | null }[]): void {
  for (const { error } of outcomes) if (error !== null) throw fromWireError(error);
}
