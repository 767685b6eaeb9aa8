import type { InstanceView } from '../../common/domain/instance.ts';
import type { NodeView } from '../../common/domain/node.ts';
import { choosePort, describePorts, isInPlan } from '../../common/domain/port-plan.ts';
import type { Service } from '../../common/domain/service.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { nodeNamesOf } from '../format/fleet-words.ts';

export interface ScalePlan {
  /** New instances, in the order in which they are made. */
  readonly create: readonly { readonly nodeId: number; readonly port: number }[];
  /** Those that go, the first to go first. */
  readonly remove: readonly InstanceView[];
}

/**
 * What brings a service to `count` instances. New ones go where it has the fewest, then where the fewest of all are, on nodes
 * that are connected and not cordoned. Those that go are first the ones that do not run, then from where it has the most, the
 * latest first. A new one gets a port as `choosePort` gives it.
 *
 * @param all instances of the fleet: they hold ports
 * @param among only these nodes, for new ones; null for all
 * @param firstPort for a service that has no instance yet
 * @throws SgridError `conflict` when there is no node, or no port is known or free
 */
export function planScale(options: {
  serviceName: string;
  count: number;
  all: readonly InstanceView[];
  nodes: readonly NodeView[];
  among: readonly number[] | null;
  firstPort: number | null;
  /** Of all services: a new instance stays out of the plans of those that its node has. */
  services: readonly Pick<Service, 'name' | 'ports'>[];
}): ScalePlan {
  const { serviceName, count, all, nodes, among, firstPort, services } = options;
  const plan = services.find(({ name }) => name === serviceName)?.ports;
  const own = all.filter((instance) => instance.serviceName === serviceName);
  if (count <= own.length) return { create: [], remove: chooseLeaving(own, own.length - count, nodes) };
  const candidates = nodes.filter(({ nodeId, link, isCordoned }) =>
    among === null ? link === 'up' && !isCordoned : among.includes(nodeId),
  );
  if (candidates.length === 0)
    throw new SgridError('conflict', 'no node can take a new instance', {
      hint: 'all are away or cordoned; see "sgrid get nodes"',
    });
  const places = [...all].map(({ nodeId, port, serviceName: name }) => ({ nodeId, port, name }));
  const create: { nodeId: number; port: number }[] = [];
  for (let missing = count - own.length; missing > 0; missing -= 1) {
    const load = (nodeId: number): [number, number] => [
      places.filter((place) => place.nodeId === nodeId && place.name === serviceName).length,
      places.filter((place) => place.nodeId === nodeId).length,
    ];
    const [best] = candidates
      .map(({ nodeId }) => ({ nodeId, load: load(nodeId) }))
      .sort(
        (one, other) =>
          one.load[0] - other.load[0] || one.load[1] - other.load[1] || one.nodeId - other.nodeId,
      );
    if (best === undefined) break;
    const port = portOn(best.nodeId);
    create.push({ nodeId: best.nodeId, port });
    places.push({ nodeId: best.nodeId, port, name: serviceName });
  }
  return { create, remove: [] };

  /** Nodes of one inner address are most likely one machine. */
  function sharesAddress(one: number, other: number): boolean {
    const [address, theirs] = [one, other].map(
      (id) => nodes.find(({ nodeId }) => nodeId === id)?.innerAddress,
    );
    return address !== undefined && address !== '' && address === theirs;
  }

  function portOn(nodeId: number): number {
    const here = places.filter((place) => place.nodeId === nodeId);
    const foreign = services.filter(
      ({ name }) => name !== serviceName && here.some((place) => place.name === name),
    );
    const isTaken = (port: number): boolean =>
      here.some((place) => place.port === port) ||
      places.some((place) => place.port === port && sharesAddress(place.nodeId, nodeId)) ||
      foreign.some(({ ports }) => ports !== undefined && isInPlan(ports, port));
    const used = places.filter(({ name }) => name === serviceName).map(({ port }) => port);
    const own = firstPort === null ? used : [firstPort];
    const port = choosePort({ plan: firstPort === null ? plan : undefined, own, isTaken });
    if (port !== null) return port;
    if (plan === undefined && own.length === 0)
      throw new SgridError('conflict', `"${serviceName}" has no instance whose port could be taken`, {
        hint: `name the first with --port, or give it a plan: sgrid service update ${serviceName} --ports 8080-8099`,
      });
    const which = plan === undefined ? 'no port' : `none of the ports ${describePorts(plan)}`;
    const nodeName = nodeNamesOf(new Map(nodes.map((node) => [node.nodeId, node])));
    throw new SgridError('conflict', `${which} of "${serviceName}" is free on node ${nodeName(nodeId)}`, {
      hint: 'name another with --port, or other nodes with --nodes',
    });
  }
}

function chooseLeaving(
  own: readonly InstanceView[],
  count: number,
  nodes: readonly NodeView[],
): InstanceView[] {
  // A node that is away cannot be asked to stop anything.
  const up = new Set(nodes.filter(({ link }) => link === 'up').map(({ nodeId }) => nodeId));
  const left = new Set(own.filter(({ nodeId }) => up.has(nodeId)));
  if (left.size < count)
    throw new SgridError(
      'node_unreachable',
      `only ${left.size} of ${count} are on nodes that are connected`,
      {
        hint: 'see "sgrid get instances"',
      },
    );
  const leaving: InstanceView[] = [];
  while (leaving.length < count) {
    const onNode = (nodeId: number): number => [...left].filter((each) => each.nodeId === nodeId).length;
    const runs = ({ status }: InstanceView): number => (status?.state === 'running' ? 1 : 0);
    const [next] = [...left].sort(
      (one, other) =>
        runs(one) - runs(other) ||
        onNode(other.nodeId) - onNode(one.nodeId) ||
        other.instanceId - one.instanceId,
    );
    if (next === undefined) break;
    left.delete(next);
    leaving.push(next);
  }
  return leaving;
}
