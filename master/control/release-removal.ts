import type { Release } from '../../common/domain/release.ts';
import { said, saidAll } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { Background } from '../background.ts';
import type { EventLog } from '../event-log.ts';
import type { FleetModel } from '../fleet/fleet-model.ts';
import type { PackageStore } from '../http/package-store.ts';
import type { Store } from '../store/open-store.ts';
import { findUses, releasesOver } from './release-retention.ts';

/** Removes releases, with each package that no other release has. */
export interface ReleaseRemoval {
  /** All or none. @throws SgridError `not_found`, and `conflict` naming what each one is in use for. */
  remove(releaseIds: readonly number[], actor: string): Promise<void>;
  /** Removes what a service has over its number of kept releases. @returns how many. */
  prune(serviceName: string): Promise<number>;
}

export function createReleaseRemoval(deps: {
  store: Store;
  fleet: FleetModel;
  packages: PackageStore;
  events: EventLog;
  background: Background;
  now: () => number;
}): ReleaseRemoval {
  const { store, fleet, packages, events, background, now } = deps;

  // What a crash leaves here is swept at the next start.
  const drop = (releases: readonly Release[]): void =>
    background.run('dropping packages', () =>
      packages.dropUnused(
        releases.map(({ sha256 }) => sha256),
        store.releases.hasPackage,
      ),
    );

  return {
    async remove(releaseIds, actor) {
      const removed = await events.transaction(async (repositories, record) => {
        const releases: Release[] = [];
        for (const releaseId of new Set(releaseIds))
          releases.push(await repositories.releases.byId(releaseId));
        const uses = await findUses(repositories, fleet);
        const used = releases.filter(({ releaseId }) => uses.has(releaseId));
        if (used.length > 0) {
          const list = used.map(
            (each) => said`${each.serviceName} ${each.version} ${uses.get(each.releaseId) ?? ''}`,
          );
          throw new SgridError('conflict', saidAll(list), {
            hint: said`deploy another release there first`,
          });
        }
        await repositories.releases.remove(releaseIds, now());
        for (const { serviceName, version, serviceId } of releases) {
          const message = said`${serviceName} ${version} removed`;
          await record({ kind: 'release.removed', actor, serviceId, message });
        }
        return releases;
      });
      drop(removed);
    },

    async prune(serviceName) {
      const removed = await events.transaction(async (repositories, record) => {
        const service = await repositories.services.byName(serviceName);
        const releases = await repositories.releases.list(service.serviceId);
        const over = releasesOver(service, releases, await findUses(repositories, fleet));
        if (over.length === 0) return over;
        await repositories.releases.remove(
          over.map(({ releaseId }) => releaseId),
          now(),
        );
        const versions = over.map(({ version }) => version).join(', ');
        await record({
          kind: 'release.removed',
          serviceId: service.serviceId,
          message: said`${serviceName} ${versions} removed: ${service.keepReleases} are kept besides those in use`,
        });
        return over;
      });
      if (removed.length > 0) drop(removed);
      return removed.length;
    },
  };
}
