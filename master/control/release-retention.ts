import type { Release } from '../../common/domain/release.ts';
import { said, type Told } from '../../common/domain/said.ts';
import type { Service } from '../../common/domain/service.ts';
import type { FleetModel } from '../fleet/fleet-model.ts';
import { instanceLabel } from '../fleet/views.ts';
import type { Repositories } from '../store/open-store.ts';

/** Why a release cannot go, by its id, for people: what stands behind its name. */
export type Uses = ReadonlyMap<number, Told>;

/** What every release is used for: by an instance that should run it or does, or by a rollout that has not ended. */
export async function findUses(
  { instances, rollouts }: Pick<Repositories, 'instances' | 'rollouts'>,
  fleet: Pick<FleetModel, 'instance' | 'nodeName'>,
): Promise<Uses> {
  const uses = new Map<number, Told>();
  for (const record of await instances.list()) {
    const label = instanceLabel(record, fleet.nodeName);
    const running = fleet.instance(record.instanceId)?.status?.release;
    if (running != null) uses.set(running.releaseId, said`runs on ${label}, or ran there last`);
    if (record.release !== null) uses.set(record.release.releaseId, said`is the release of ${label}`);
  }
  for (const releaseId of await rollouts.heldReleaseIds()) {
    uses.set(releaseId, said`belongs to a rollout that has not ended`);
  }
  return uses;
}

/**
 * The releases of a service that are over its number. Those in use do not count: the number says how far back one can go.
 *
 * @param releases of this service, newest first.
 */
export function releasesOver(
  { keepReleases }: Pick<Service, 'keepReleases'>,
  releases: readonly Release[],
  uses: Uses,
): Release[] {
  return releases.filter(({ releaseId }) => !uses.has(releaseId)).slice(keepReleases);
}
