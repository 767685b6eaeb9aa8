import type { ServiceCapacity } from '../../common/domain/node.ts';
import type { FleetModel, InstanceEntry } from '../fleet/fleet-model.ts';

/** The instances on a node that a drain stops: those that should run. */
export function toBeStopped(fleet: Pick<FleetModel, 'instancesOf'>, nodeId: number): InstanceEntry[] {
  return fleet.instancesOf(nodeId).filter(({ record }) => record.desired === 'running' && !record.removing);
}

/** What is left of each service elsewhere when these instances are stopped; the barest first. */
export function capacityWithout(
  fleet: Pick<FleetModel, 'instances' | 'isUp'>,
  stopped: readonly InstanceEntry[],
): ServiceCapacity[] {
  const without = new Set(stopped.map(({ record }) => record.instanceId));
  const services = new Map<number, ServiceCapacity>();
  for (const { record } of stopped) {
    const { serviceId, spec } = record;
    const known = services.get(serviceId);
    if (known !== undefined) known.stopped += 1;
    else services.set(serviceId, { serviceName: spec.name, stopped: 1, remaining: 0 });
  }
  for (const { record, status } of fleet.instances()) {
    const capacity = services.get(record.serviceId);
    if (capacity === undefined || without.has(record.instanceId)) continue;
    const isServing =
      fleet.isUp(record.nodeId) && record.desired === 'running' && status?.state === 'running';
    if (isServing && status.health.state !== 'unhealthy') capacity.remaining += 1;
  }
  return [...services.values()].sort(
    (one, other) => one.remaining - other.remaining || (one.serviceName < other.serviceName ? -1 : 1),
  );
}
