import { hasEnded, hasReplaced, type Rollout, rolloutOptionsSchema } from '../../common/domain/rollout.ts';
import { propose } from './proposal.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import {
  refusedChange,
  refusedServices,
  selectedRelease,
  selectedRollout,
  selectedService,
  targetInstances,
} from './targets.ts';
import { withToast } from './toasts.ts';
import { unselected } from './unselected.ts';
import { currentView } from './views.ts';

const OPTIONS = rolloutOptionsSchema.parse({});

/**
 * Roll back: on a release, to it; on a rollout, what it changed; on a service or an instance, what the last rollout that left
 * something changed did to it.
 */
export function askRollback(state: CockpitState): Reduction {
  const { t } = state;
  const refused = refusedChange(state);
  if (refused !== null) return become(refused);
  const { screen } = currentView(state);
  if (screen.name === 'releases') return toRelease(state);
  if (screen.name === 'rollouts' || screen.name === 'rollout') return takeBack(state, selectedRollout(state));
  const service = selectedService(state);
  if (service === undefined)
    return become(unselected(state, 'Select a service, an instance or a rollout to roll back first'));
  const several = refusedServices(state);
  if (several !== null) return become(several);
  const targets = targetInstances(state);
  const looking = t('Looking for the last change of {service}', { service: service.name });
  return become(withToast(state, 'accent', looking), {
    type: 'find-rollback',
    serviceId: service.serviceId,
    serviceName: service.name,
    instanceIds: targets.map(({ instanceId }) => instanceId),
  });
}

/** Puts a release on the instances of its service that have another one. */
function toRelease(state: CockpitState): Reduction {
  const { t } = state;
  const release = selectedRelease(state);
  if (release === undefined) return become(unselected(state, 'Select a release to go to first'));
  const { serviceName, version, releaseId } = release;
  const instanceIds = [...state.fleet.instances.values()]
    .filter((view) => view.serviceId === release.serviceId && view.release?.releaseId !== releaseId)
    .map(({ instanceId }) => instanceId);
  if (instanceIds.length === 0)
    return become(
      withToast(state, 'warn', t('All instances of {serviceName} have {version} already', release)),
    );
  const title = t('Put {serviceName} {version}', { serviceName, version });
  const request = { releaseId, instanceIds, message: '', options: OPTIONS };
  return propose(state, { kind: 'rollout', title, request }, instanceIds);
}

/** One under way is told to turn back; of one that has ended, a rollout of its own takes back what it changed. */
function takeBack(state: CockpitState, rollout: Rollout | undefined): Reduction {
  const { t } = state;
  if (rollout === undefined) return become(unselected(state, 'Select a rollout to roll back first'));
  const { rolloutId, serviceName, version, steps } = rollout;
  if (!hasEnded(rollout)) {
    const touched = steps.filter(({ appliedAt }) => appliedAt !== null).map(({ instanceId }) => instanceId);
    return propose(state, { kind: 'rollout-control', rolloutId, what: 'roll-back' }, touched);
  }
  const title = t('Take back {serviceName} {version}', { serviceName, version });
  const request = { undoes: rolloutId, message: '', options: OPTIONS };
  return propose(state, { kind: 'rollout', title, request }, []);
}

/** The answer to the search for it: the newest rollout that still has an effect on these instances. */
export function rollbackFound(
  state: CockpitState,
  serviceName: string,
  instanceIds: readonly number[],
  rollouts: readonly Rollout[],
): Reduction {
  if (state.prompt !== null || state.confirm !== null || state.form !== null) return become(state);
  const chosen = new Set(instanceIds);
  const last = rollouts.find((rollout) => hasReplaced(rollout, chosen));
  if (last === undefined)
    return become(
      withToast(
        state,
        'warn',
        state.t('No rollout has changed this of {serviceName}: nothing to take back', { serviceName }),
      ),
    );
  if (!hasEnded(last)) return takeBack({ ...state, toasts: [] }, last);
  const title = state.t('Roll back {serviceName}', { serviceName });
  const request = { undoes: last.rolloutId, instanceIds: [...instanceIds], message: '', options: OPTIONS };
  return propose({ ...state, toasts: [] }, { kind: 'rollout', title, request }, instanceIds);
}
