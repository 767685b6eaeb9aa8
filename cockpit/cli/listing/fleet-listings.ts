import type { FleetSnapshot } from '../../../common/domain/fleet.ts';
import type { Release } from '../../../common/domain/release.ts';
import type { Service } from '../../../common/domain/service.ts';
import { createListing, type Listing } from '../output.ts';
import {
  INSTANCE_COLUMNS,
  instanceRows,
  NODE_COLUMNS,
  nodeRows,
  RELEASE_COLUMNS,
  SERVICE_COLUMNS,
  WIDE_INSTANCE_COLUMNS,
  WIDE_NODE_COLUMNS,
  WIDE_RELEASE_COLUMNS,
  WIDE_SERVICE_COLUMNS,
} from '../rows.ts';
import { countRunning } from './running.ts';

export function listNodes(fleet: FleetSnapshot): Listing {
  return createListing({
    rows: nodeRows(fleet),
    columns: NODE_COLUMNS,
    wideColumns: WIDE_NODE_COLUMNS,
    name: ({ node }) => `node/${node.nodeId}`,
    object: ({ node, sample, running, total }) => ({
      ...node,
      figures: sample?.node ?? null,
      instances: { running, total },
    }),
    mark: ({ node: { lastSeenAt: _, clockOffsetMs: __, ...node }, running, total }) => [node, running, total],
  });
}

export function listInstances(fleet: FleetSnapshot): Listing {
  return createListing({
    rows: instanceRows(fleet),
    columns: INSTANCE_COLUMNS,
    wideColumns: WIDE_INSTANCE_COLUMNS,
    name: ({ instance }) => `instance/${instance.instanceId}`,
    object: ({ instance, node, figures, uptimeMs, isStale, staleMs }) => ({
      ...instance,
      nodeAlias: node?.alias ?? null,
      nodeLink: node?.link ?? null,
      figures,
      uptimeMs,
      isStale,
      staleMs,
    }),
    mark: ({ instance, isStale }) => [instance, isStale],
  });
}

export function listServices(services: readonly Service[], fleet: FleetSnapshot): Listing {
  const rows = services.map((service) => {
    const own = fleet.instances.filter((instance) => instance.serviceId === service.serviceId);
    return { service, instances: own.length, running: countRunning(own, fleet.nodes) };
  });
  return createListing({
    rows,
    columns: SERVICE_COLUMNS,
    wideColumns: WIDE_SERVICE_COLUMNS,
    name: ({ service }) => `service/${service.name}`,
    object: ({ service, instances, running }) => ({ ...service, instances: { running, total: instances } }),
  });
}

export function listReleases(releases: readonly Release[], fleet: FleetSnapshot): Listing {
  const rows = releases.map((release) => {
    const on = fleet.instances.filter(
      (instance) => instance.status?.release?.releaseId === release.releaseId,
    );
    return { release, instances: on.length, instanceIds: on.map((instance) => instance.instanceId) };
  });
  return createListing({
    rows,
    columns: RELEASE_COLUMNS,
    wideColumns: WIDE_RELEASE_COLUMNS,
    name: ({ release }) => `release/${release.serviceName}/${release.version}`,
    object: ({ release, instanceIds }) => ({ ...release, instanceIds }),
  });
}
