import type { Store } from '../store/open-store.ts';
import { createFleetModel, type FleetModel } from './fleet-model.ts';

/** The fleet as the database knows it, every node away. */
export async function loadFleet(store: Pick<Store, 'nodes' | 'instances'>): Promise<FleetModel> {
  const fleet = createFleetModel();
  for (const node of await store.nodes.list()) fleet.putNode(node, false);
  for (const record of await store.instances.list()) fleet.putInstance(record);
  for (const status of await store.instances.statuses()) {
    const nodeId = fleet.instance(status.instanceId)?.record.nodeId;
    if (nodeId !== undefined) fleet.putStatuses(nodeId, [status]);
  }
  return fleet;
}
