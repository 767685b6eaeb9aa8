import {
  choosePort,
  describePorts,
  isInPlan,
  type PortPlan,
  plansOverlap,
} from '../../common/domain/port-plan.ts';
import { said, type Told } from '../../common/domain/said.ts';
import type { Service, ServiceSpec } from '../../common/domain/service.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { FleetModel } from '../fleet/fleet-model.ts';
import { instanceLabel } from '../fleet/views.ts';
import type { Relay } from '../relay.ts';

type Fleet = Pick<FleetModel, 'instancesOf' | 'instances' | 'nodeName'>;
type PlacedFleet = Fleet & Pick<FleetModel, 'node'>;

/**
 * The ports that something listens on on a node, as it says now; none where it cannot say. A program that holds one is found out
 * at the start otherwise, or never, where the port can be shared.
 */
export async function portsInUse(relay: Pick<Relay, 'call'>, nodeId: number): Promise<ReadonlySet<number>> {
  return relay.call(nodeId, 'node.ports', {}).then(
    ({ ports }) => new Set(ports),
    () => new Set<number>(),
  );
}

/** Why an instance of a service cannot have a port on a node, in words; null when it can. */
function whyTaken(
  fleet: Fleet,
  services: readonly Service[],
  nodeId: number,
  serviceName: string,
  port: number,
  inUse: ReadonlySet<number>,
): Told | null {
  const node = fleet.nodeName(nodeId);
  const here = fleet.instancesOf(nodeId);
  const holder = here.find(({ record }) => record.port === port);
  if (holder !== undefined)
    return said`port ${port} on node ${node} belongs to instance ${holder.record.instanceId} of "${holder.record.spec.name}"`;
  if (inUse.has(port)) return said`something on node ${node} listens on port ${port} already`;
  const present = new Set(here.map(({ record }) => record.spec.name));
  const owner = services.find(
    ({ name, ports }) =>
      name !== serviceName && present.has(name) && ports !== undefined && isInPlan(ports, port),
  );
  if (owner?.ports === undefined) return null;
  return said`port ${port} on node ${node} is kept for "${owner.name}", whose plan is ${describePorts(owner.ports)}`;
}

/**
 * The port of a new instance: the one that was named, where it can be had, or one that is given out.
 *
 * @throws SgridError `out_of_range` outside the service's plan, `conflict` for one that another has, or when none is free;
 * `bad_request` where nothing says which it could be.
 */
export function portOn(
  fleet: PlacedFleet,
  services: readonly Service[],
  nodeId: number,
  serviceName: string,
  wanted: number | undefined,
  inUse: ReadonlySet<number>,
): number {
  const plan = services.find(({ name }) => name === serviceName)?.ports;
  const rival = plan === undefined ? null : rivalOn(fleet, services, nodeId, serviceName, plan);
  const part = said`give one of the two other ports: sgrid service update ${serviceName} --ports FROM-TO`;
  if (wanted !== undefined) {
    if (plan !== undefined && !isInPlan(plan, wanted)) {
      throw new SgridError(
        'out_of_range',
        said`port ${wanted} is not one of "${serviceName}", whose plan is ${describePorts(plan)}`,
        { hint: said`leave it out to get the next free one` },
      );
    }
    const taken = whyTaken(fleet, services, nodeId, serviceName, wanted, inUse);
    if (taken !== null)
      throw new SgridError('conflict', taken, { hint: rival === null ? said`choose another port` : part });
    return wanted;
  }
  const own = [...fleet.instances()]
    .filter(({ record }) => record.spec.name === serviceName)
    .map(({ record }) => record.port);
  const port = choosePort({ plan, own, isTaken: notGivenOut(fleet, services, nodeId, serviceName, inUse) });
  if (port !== null) return port;
  if (plan === undefined && own.length === 0) {
    throw new SgridError('bad_request', said`nothing says which port "${serviceName}" could have`, {
      hint: said`name one, or give the service a plan: sgrid service update ${serviceName} --ports 8080-8099`,
    });
  }
  if (plan !== undefined && rival !== null)
    throw new SgridError(
      'conflict',
      said`none of the ports ${describePorts(plan)} of "${serviceName}" is free on node ${fleet.nodeName(nodeId)}: "${rival.name}" is there, and its plan ${describePorts(rival.ports)} shares some of them`,
      { hint: part },
    );
  const problem =
    plan === undefined
      ? said`no port of "${serviceName}" is free on node ${fleet.nodeName(nodeId)}`
      : said`none of the ports ${describePorts(plan)} of "${serviceName}" is free on node ${fleet.nodeName(nodeId)}`;
  throw new SgridError('conflict', problem, {
    hint: said`choose another node, or a wider plan`,
  });
}

/** A service with instances on a node whose plan shares ports with this one. */
function rivalOn(
  fleet: Fleet,
  services: readonly Service[],
  nodeId: number,
  serviceName: string,
  plan: PortPlan,
): { name: string; ports: PortPlan } | null {
  const present = new Set(fleet.instancesOf(nodeId).map(({ record }) => record.spec.name));
  for (const { name, ports } of services)
    if (name !== serviceName && present.has(name) && ports !== undefined && plansOverlap(plan, ports))
      return { name, ports };
  return null;
}

/**
 * Whether a port is one that a new instance on a node is not given. Those of instances on other nodes of the same inner address,
 * most likely the same machine, are not; who names one is believed, since a machine can be known by an address that others have
 * too, such as loopback.
 */
export function notGivenOut(
  fleet: PlacedFleet,
  services: readonly Service[],
  nodeId: number,
  serviceName: string,
  inUse: ReadonlySet<number>,
): (port: number) => boolean {
  const nearby = new Set(
    [...fleet.instances()]
      .filter(({ record }) => haveOneAddress(fleet, record.nodeId, nodeId))
      .map(({ record }) => record.port),
  );
  return (port) => nearby.has(port) || whyTaken(fleet, services, nodeId, serviceName, port, inUse) !== null;
}

/** Whether what listens on one of these nodes most likely keeps the port from the other too. */
export function haveOneAddress(fleet: Pick<FleetModel, 'node'>, nodeId: number, otherId: number): boolean {
  const address = fleet.node(nodeId)?.innerAddress;
  return nodeId === otherId || (!!address && address === fleet.node(otherId)?.innerAddress);
}

/**
 * Two services on one node whose plans share a port would take it from one another.
 *
 * @throws SgridError `conflict` naming the other service, the ports and the node.
 */
export function demandOwnPorts(fleet: Fleet, spec: ServiceSpec, others: readonly Service[]): void {
  const { ports } = spec;
  if (ports === undefined) return;
  const nodesOf = (name: string): Set<number> =>
    new Set(
      [...fleet.instances()]
        .filter(({ record }) => record.spec.name === name)
        .map(({ record }) => record.nodeId),
    );
  const mine = nodesOf(spec.name);
  for (const { name, ports: theirs } of others) {
    if (name === spec.name || theirs === undefined || !plansOverlap(ports, theirs)) continue;
    const shared = [...nodesOf(name)].find((nodeId) => mine.has(nodeId));
    if (shared !== undefined) throw overlap(spec.name, ports, name, theirs, fleet.nodeName(shared));
  }
  const inside = [...fleet.instances()].find(
    ({ record }) => record.spec.name !== spec.name && mine.has(record.nodeId) && isInPlan(ports, record.port),
  );
  if (inside === undefined) return;
  throw new SgridError(
    'conflict',
    said`ports ${describePorts(ports)} of "${spec.name}" hold that of ${instanceLabel(inside.record, fleet.nodeName)}, on a node of both`,
    { hint: said`choose other ports` },
  );
}

function overlap(
  name: string,
  ports: PortPlan,
  other: string,
  theirs: PortPlan,
  nodeName: string,
): SgridError {
  return new SgridError(
    'conflict',
    said`ports ${describePorts(ports)} of "${name}" overlap with ${describePorts(theirs)} of "${other}", and both are on node ${nodeName}`,
    { hint: said`choose other ports` },
  );
}
