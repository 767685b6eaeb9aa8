import type { InstanceStatus } from '../../common/domain/instance.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { InstanceState } from './instance-state.ts';
import type { StateLayout } from './layout.ts';
import { shimWords } from './process-names.ts';
import type { Run } from './record.ts';

/** @throws SgridError `identity_in_doubt` as long as its processes cannot be told: whatever is asked might hit others. */
export function refuseInDoubt({ instanceId, passing, record }: InstanceState, layout: StateLayout): void {
  if (passing.doubt === null) return;
  throw new SgridError('identity_in_doubt', said`instance ${instanceId}: ${passing.doubt}`, {
    hint: said`"sgrid resolve ${instanceId} --kill" ends all that is found of it (group ${record.groupKey}), --ended says that nothing of it runs any more; what was known of it is in ${layout.instance(instanceId).recordFile}`,
  });
}

/** The other way round: only a doubt can be resolved. */
export function nothingToResolve({ instanceId, state }: InstanceStatus): SgridError {
  return new SgridError('conflict', said`instance ${instanceId} is ${state}, there is nothing to resolve`);
}

/** Its shim has the last word on a run: without it nobody can say that it is over. */
export function notEnded(instanceId: number, { number, shim }: Run): SgridError {
  const who = shimWords(shim);
  return new SgridError('stop_failed', said`run ${number} of instance ${instanceId} has not ended yet`, {
    hint: said`${who} has not said that it did: is it stopped, or the disk full? It is ended as soon as that says more`,
  });
}

/** What was asked for an instance that went away meanwhile. */
export function gone(instanceId: number): SgridError {
  return new SgridError('cancelled', said`instance ${instanceId} was removed, or the agent is ending`);
}
