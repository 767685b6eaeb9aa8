import type { Confirm } from './change.ts';
import type { CockpitState } from './state.ts';

/** What gives more and takes nothing away is not in anybody's way. */
function isHarmless({ change }: Confirm): boolean {
  switch (change.kind) {
    case 'verb':
      return change.verb === 'start';
    case 'cordon':
    case 'replace-node':
    case 'scale':
    case 'create-token':
    case 'rotate-token':
    case 'revoke-token':
      return true;
    case 'rollout-control':
      return change.what !== 'roll-back';
    default:
      return false;
  }
}

/** Ids of the services that a change touches. */
function servicesOf({ fleet, catalog }: CockpitState, { change, instanceIds }: Confirm): Set<number> {
  const ids = new Set(instanceIds.flatMap((id) => fleet.instances.get(id)?.serviceId ?? []));
  const named =
    change.kind === 'update-service'
      ? change.spec.name
      : change.kind === 'remove-service'
        ? change.serviceName
        : null;
  for (const { serviceId, name } of catalog.services ?? []) if (name === named) ids.add(serviceId);
  if (change.kind === 'remove-releases') {
    for (const releases of catalog.releases.values()) {
      for (const { releaseId, serviceId } of releases)
        if (change.releaseIds.includes(releaseId)) ids.add(serviceId);
    }
  }
  return ids;
}

/**
 * What has to be typed before it is done: the names of the protected services that it hits, in alphabetical order; null for
 * a plain yes or no. The removal of a service or a node with its instances takes its name in any case.
 */
export function typedNameOf(state: CockpitState, confirm: Confirm): string | null {
  const { change } = confirm;
  if (isHarmless(confirm)) return null;
  if (change.kind === 'remove-service' && confirm.instanceIds.length > 0) return change.serviceName;
  if (change.kind === 'remove-node' && confirm.instanceIds.length > 0) return change.alias;
  const touched = servicesOf(state, confirm);
  const names = (state.catalog.services ?? [])
    .filter((service) => touched.has(service.serviceId) && service.protected)
    .map(({ name }) => name);
  return names.length === 0 ? null : names.sort().join(' ');
}
