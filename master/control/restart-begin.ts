import type { NodeNames } from '../../common/domain/instance-name.ts';
import { type RestartOptions, type Rollout, rolloutOptionsSchema } from '../../common/domain/rollout.ts';
import type { RecordEvent } from '../event-log.ts';
import type { InstanceEntry } from '../fleet/fleet-model.ts';
import type { Repositories } from '../store/open-store.ts';
import type { NewRollout } from '../store/rollouts.ts';
import { startedEvent } from './rollout-events.ts';
import { restartStep } from './rollout-steps.ts';

/**
 * A rollout that starts instances of one service anew, in the transaction of what they are started anew for. The caller starts
 * it once that is committed.
 *
 * @returns null where there is none to be restarted
 * @throws SgridError `conflict` naming the rollout that holds the service
 */
export async function beginRestart(
  { rollouts }: Repositories,
  record: RecordEvent,
  nodeName: NodeNames,
  entries: readonly InstanceEntry[],
  order: Pick<NewRollout, 'serviceId' | 'actor' | 'message' | 'startedAt'> & {
    options: RestartOptions & { minReadyMs: number };
  },
): Promise<Rollout | null> {
  if (entries.length === 0) return null;
  const rollout = await rollouts.create({
    ...{ kind: 'restart', nodeId: null, ...order },
    options: { ...rolloutOptionsSchema.parse({}), ...order.options },
    steps: entries.map((entry) => restartStep(entry, nodeName)),
  });
  await record(startedEvent(rollout, nodeName));
  return rollout;
}
