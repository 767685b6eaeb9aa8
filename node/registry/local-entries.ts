import type { Assignment, InstanceStatus } from '../../common/domain/instance.ts';
import { type RegistryEntry, registryEntryOf } from '../../common/domain/registry.ts';

/** What can be found on this node. @param nodeAddress where programs that bind all addresses are reached */
export function localEntries(
  instances: readonly { assignment: Assignment; status: InstanceStatus }[],
  nodeId: number,
  nodeAddress: string,
): RegistryEntry[] {
  return instances.flatMap(({ assignment, status }) => {
    const { instanceId, serviceId, spec, host, port } = assignment;
    const place = { instanceId, serviceId, serviceName: spec.name, nodeId, host, port, spec };
    return registryEntryOf(place, status, nodeAddress) ?? [];
  });
}
