import type { FleetSnapshot } from '../../common/domain/fleet.ts';
import type { MasterClient } from '../client/master-client.ts';
import { listInstances, listNodes, listServices } from './listing/fleet-listings.ts';
import { selectNamed } from './listing/select.ts';

export type DescribedKind = 'nodes' | 'services' | 'instances';

/**
 * What `sgrid describe` tells, as data: the objects of `sgrid get`, with what is found behind them: a service's `releases`
 * and `latestRollout`, an instance's `events`, a node's `instanceIds`.
 *
 * @param limit of the events, the latest first
 */
export async function describedObjects(
  client: MasterClient,
  fleet: FleetSnapshot,
  kind: DescribedKind,
  names: readonly string[],
  limit: number,
): Promise<Record<string, unknown>[]> {
  if (kind === 'nodes') {
    const instancesOf = (nodeId: unknown): number[] =>
      fleet.instances.filter((each) => each.nodeId === nodeId).map(({ instanceId }) => instanceId);
    return selectNamed(listNodes(fleet), kind, names).objects.map((node) => ({
      ...node,
      instanceIds: instancesOf(node.nodeId),
    }));
  }
  if (kind === 'instances') {
    const details = selectNamed(listInstances(fleet), kind, names).objects.map(async (instance) => {
      const { events } = await client.call('event.list', { instanceId: Number(instance.instanceId), limit });
      return { ...instance, events };
    });
    return await Promise.all(details);
  }
  const { services } = await client.call('service.list', {});
  const details = selectNamed(listServices(services, fleet), kind, names).objects.map(async (service) => {
    const serviceId = Number(service.serviceId);
    const { releases } = await client.call('release.list', { serviceId });
    const { rollouts } = await client.call('rollout.list', { serviceId, limit: 1 });
    return { ...service, releases, latestRollout: rollouts[0] ?? null };
  });
  return await Promise.all(details);
}
