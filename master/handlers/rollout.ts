import type { Release } from '../../common/domain/release.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { instanceLabel } from '../fleet/views.ts';
import { nodeUnreachable } from '../relay.ts';
import type { CockpitHandlers, HandlerDependencies } from './context.ts';

export function createRolloutHandlers(
  deps: HandlerDependencies,
): CockpitHandlers<'rollout.create' | 'rollout.get' | 'rollout.list'> {
  const { store, rollouts, events, now } = deps;
  return {
    'rollout.create': async ({ releaseId, instanceIds }, { identity }) => {
      const release = await store.releases.byId(releaseId);
      const steps = [...new Set(instanceIds)].map((instanceId) => target(deps, release, instanceId));
      const { serviceId } = release;
      const { actor } = identity;
      const rollout = await store.transaction((repositories) =>
        repositories.rollouts.create({ serviceId, releaseId, actor, startedAt: now(), steps }),
      );
      rollouts.start(rollout, release);
      await events.record({
        kind: 'rollout.started',
        actor,
        message: `rollout ${rollout.rolloutId}: ${release.serviceName} ${release.version} on ${steps.length} instances`,
        serviceId,
      });
      return { rollout: rollouts.active(rollout.rolloutId) ?? rollout };
    },
    'rollout.get': async ({ rolloutId }) => ({
      rollout: rollouts.active(rolloutId) ?? (await store.rollouts.byId(rolloutId)),
    }),
    'rollout.list': async (query) => ({
      // What is under way is ahead of the database.
      rollouts: (await store.rollouts.list(query)).map(
        (rollout) => rollouts.active(rollout.rolloutId) ?? rollout,
      ),
    }),
  };
}

/** Checks one instance before anything is changed. */
function target(
  { fleet }: HandlerDependencies,
  release: Release,
  instanceId: number,
): { instanceId: number; nodeId: number } {
  const entry = fleet.instance(instanceId);
  if (entry === null || entry.record.removing) {
    throw new SgridError('not_found', `there is no instance ${instanceId}`, { hint: 'list the instances' });
  }
  const { record } = entry;
  if (record.serviceId !== release.serviceId) {
    throw new SgridError(
      'bad_request',
      `${instanceLabel(record)} does not belong to "${release.serviceName}", whose release ${release.version} is`,
      { hint: 'choose instances of one service' },
    );
  }
  if (!fleet.isUp(record.nodeId)) throw nodeUnreachable(record.nodeId);
  return { instanceId, nodeId: record.nodeId };
}
