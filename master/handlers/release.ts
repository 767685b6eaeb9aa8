import { diffPackages } from '../http/package-diff.ts';
import type { CockpitHandlers, HandlerDependencies } from './context.ts';

export function createReleaseHandlers({
  store,
  packages,
  releaseRemoval,
}: HandlerDependencies): CockpitHandlers<'release.list' | 'release.remove' | 'release.diff'> {
  /** One at a time: it reads whole archives. */
  let last: Promise<unknown> = Promise.resolve();
  return {
    'release.list': async ({ serviceId }) => ({ releases: await store.releases.list(serviceId) }),
    'release.remove': async ({ releaseIds }, { identity }) => {
      await releaseRemoval.remove(releaseIds, identity.actor);
      return {};
    },
    'release.diff': async ({ fromReleaseId, toReleaseId }) => {
      const from = await store.releases.byId(fromReleaseId);
      const to = await store.releases.byId(toReleaseId);
      const diffing = last.then(async () =>
        diffPackages((await packages.locate(from.sha256)).file, (await packages.locate(to.sha256)).file),
      );
      last = diffing.catch(() => {});
      return { from, to, diff: await diffing };
    },
  };
}
