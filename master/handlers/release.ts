import type { CockpitHandlers, HandlerDependencies } from './context.ts';

export function createReleaseHandlers({ store }: HandlerDependencies): CockpitHandlers<'release.list'> {
  return {
    'release.list': async ({ serviceId }) => ({ releases: await store.releases.list(serviceId) }),
  };
}
