import type { InstanceView } from '../../common/domain/instance.ts';
import { rolloutOptionsSchema } from '../../common/domain/rollout.ts';
import type { RestartRequest } from './change.ts';
import { propose } from './proposal.ts';
import type { Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';

/**
 * One instance is restarted at once. Several of a service are by a rollout, which the master carries on also without this
 * cockpit: the next has its turn when the one before is up, and one that does not come up ends it.
 */
export function askRestart(state: CockpitState, targets: readonly InstanceView[]): Reduction {
  const ids = targets.map(({ instanceId }) => instanceId);
  if (ids.length === 1) return propose(state, { kind: 'verb', verb: 'restart' }, ids);
  const byService = Map.groupBy(targets, ({ serviceName }) => serviceName);
  const requests = [...byService.values()].map(requestOf);
  const [only, ...more] = requests;
  if (only === undefined || more.length > 0) return propose(state, { kind: 'restart', requests }, ids);
  const title = state.t('Restart {service}', { service: targets[0]?.serviceName ?? '?' });
  return propose(state, { kind: 'rollout', title, request: only }, ids);
}

function requestOf(targets: readonly InstanceView[]): RestartRequest {
  return {
    kind: 'restart',
    instanceIds: targets.map(({ instanceId }) => instanceId),
    message: '',
    options: rolloutOptionsSchema.parse({}),
  };
}
