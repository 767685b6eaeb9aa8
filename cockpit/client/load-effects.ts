import { toWireError } from '../../common/protocol/errors.ts';
import type { Word } from '../language/translate.ts';
import type { Action } from '../store/action.ts';
import type { Effect } from '../store/effect.ts';
import type { MasterClient } from './master-client.ts';
import { readUse } from './read-use.ts';

/** What the screens want read of the master. */
export type LoadEffect = Extract<Effect, { type: `load-${string}` | 'find-rollback' }>;

/** Reads what the screens show; what was read, or why it was not, is dispatched. */
export function createLoadRunner({
  client,
  dispatch,
}: {
  client: MasterClient;
  dispatch: (action: Action) => void;
}): (effect: LoadEffect) => Promise<void> {
  /** Runs a request; its failure is told, but not that of a link which is down: the header says so already. */
  const load = async (what: Word, request: () => Promise<Action>): Promise<void> => {
    try {
      dispatch(await request());
    } catch (error) {
      const wire = toWireError(error);
      if (wire.code !== 'disconnected') dispatch({ type: 'load-failed', what, error: wire });
    }
  };

  return async (effect) => {
    switch (effect.type) {
      case 'load-histories':
        return load('figures', async () => {
          const { histories } = await client.call('figures.history', {
            instanceIds: [...effect.instanceIds],
          });
          return { type: 'histories', histories };
        });
      case 'load-services':
        return load('services', async () => ({
          type: 'services',
          services: (await client.call('service.list', {})).services,
        }));
      case 'load-releases':
        return load('releases', async () => {
          const { serviceId } = effect;
          const { releases } = await client.call('release.list', { serviceId });
          return { type: 'releases', serviceId, releases };
        });
      case 'load-rollout':
        return load('rollout', async () => ({
          type: 'rollout',
          rollout: (await client.call('rollout.get', { rolloutId: effect.rolloutId })).rollout,
        }));
      case 'load-rollouts':
        return load('rollouts', async () => ({
          type: 'rollouts',
          rollouts: (await client.call('rollout.list', { limit: 50 })).rollouts,
        }));
      case 'load-events':
        return load('events', async () => ({
          type: 'events',
          events: (await client.call('event.list', { limit: 500 })).events,
          whole: true,
        }));
      case 'find-rollback':
        return load('rollouts', async () => {
          const { serviceId, serviceName, instanceIds } = effect;
          const { rollouts } = await client.call('rollout.list', { serviceId, limit: 200 });
          return { type: 'rollback-found', serviceName, instanceIds, rollouts };
        });
      case 'load-all-releases':
        return load('releases', async () => ({
          type: 'all-releases',
          releases: (await client.call('release.list', {})).releases,
        }));
      case 'load-release-diff':
        return load('the comparison', async () => {
          const { fromReleaseId, toReleaseId } = effect;
          return {
            type: 'release-diff',
            ...(await client.call('release.diff', { fromReleaseId, toReleaseId })),
          };
        });
      case 'load-tokens': {
        // The empty screen says so to everybody else.
        const link = client.link();
        if (link.state !== 'up' || link.role !== 'admin') return;
        return load('tokens', async () => ({
          type: 'tokens',
          tokens: (await client.call('token.list', {})).tokens,
        }));
      }
      case 'load-use':
        return load('figures', async () => {
          const { instanceIds } = effect;
          return { type: 'use', instanceIds, ...(await readUse(client, instanceIds, effect.to)) };
        });
    }
  };
}
