import {
  applyRegistryChange,
  type RegistryChange,
  type RegistryEntry,
  registryDigest,
  registryEntryOf,
  toRegistryTable,
} from '../../../common/domain/registry.ts';
import { type FleetPlan, plannedAssignment, plannedStatus } from './plan.ts';

/** What the agents of one process know of the registry: they are all told the same, so one of them keeps it for all. */
export interface RegistryView {
  digest(): string;
  receive(nodeId: number, change: RegistryChange): void;
}

export function createRegistryView(plan: FleetPlan, keeperNodeId: number): RegistryView {
  const entries = plan.nodes.flatMap((node) =>
    node.instances.flatMap((instance): RegistryEntry[] => {
      const assignment = plannedAssignment(plan, node, instance);
      const place = { ...assignment, nodeId: node.nodeId, serviceName: assignment.spec.name };
      const entry = registryEntryOf(place, plannedStatus(plan, instance, assignment), node.address);
      return entry === null ? [] : [entry];
    }),
  );
  let table = toRegistryTable(entries);
  let digest: string | null = null;
  return {
    digest() {
      digest ??= registryDigest(table);
      return digest;
    },
    receive(nodeId, change) {
      if (nodeId !== keeperNodeId) return;
      table = applyRegistryChange(table, change);
      digest = null;
    },
  };
}
