import type { DrainPlan, DrainStep } from '../../common/domain/node.ts';
import { choosePort, describePorts } from '../../common/domain/port-plan.ts';
import type { Rollout } from '../../common/domain/rollout.ts';
import { describePurpose } from '../../common/domain/rollout.ts';
import { asReason, english, said, saidAll, type Told, word } from '../../common/domain/said.ts';
import type { Service } from '../../common/domain/service.ts';
import { tellError } from '../../common/protocol/errors.ts';
import type { FleetModel, InstanceEntry } from '../fleet/fleet-model.ts';
import type { NodeRecord } from '../store/nodes.ts';
import { demandPossible } from './instance-limits.ts';
import { capacityWithout, toBeStopped } from './node-drain.ts';
import { haveOneAddress, notGivenOut } from './port-use.ts';
import { gateOf } from './rollout-gate.ts';

/** What a drain is decided from. */
export interface DrainView {
  fleet: Pick<FleetModel, 'instancesOf' | 'instances' | 'isUp' | 'node' | 'nodeName' | 'upNodeIds'>;
  services: readonly Service[];
  /** The rollouts under way: each holds its service. */
  open: readonly Rollout[];
  /** Memory that a node has free, in bytes; null when it has not said. */
  freeBytes: (nodeId: number) => number | null;
  /** Ports that something on a node listens on. */
  inUse: (nodeId: number) => ReadonlySet<number>;
  /** Names of protected services that somebody has typed. */
  confirmed: ReadonlySet<string>;
}

interface Place {
  nodeId: number;
  host: string;
  port: number;
}

/**
 * What a drain of a node does with each instance that should run on it. New ones go where the service has the fewest, then where
 * the most memory is free. Pure.
 */
export function planDrain(
  view: DrainView,
  node: NodeRecord,
  { move, stop }: { move: boolean; stop: boolean },
): DrainPlan {
  const given: { serviceName: string; place: Place }[] = [];
  const instances = toBeStopped(view.fleet, node.nodeId).map((entry): DrainStep => {
    const { instanceId, port, spec } = entry.record;
    const about = { instanceId, serviceName: spec.name, port };
    const held = whyHeld(view, entry);
    if (held !== null) return { ...about, action: 'leave', to: null, ...asReason(held) };
    const found = move ? placeFor(view, node, entry, given) : '';
    if (typeof found === 'object' && 'nodeId' in found) {
      given.push({ serviceName: spec.name, place: found });
      return { ...about, action: 'move', to: found, reason: '' };
    }
    return { ...about, action: stop ? 'stop' : 'leave', to: null, ...asReason(found) };
  });
  const stopped = new Set(
    instances.filter(({ action }) => action === 'stop').map(({ instanceId }) => instanceId),
  );
  const entries = view.fleet.instancesOf(node.nodeId).filter(({ record }) => stopped.has(record.instanceId));
  return {
    nodeId: node.nodeId,
    isCordoned: node.isCordoned,
    instances,
    services: capacityWithout(view.fleet, entries),
  };
}

/** Why neither moving nor stopping is to be had. */
function whyHeld({ fleet, services, open, confirmed }: DrainView, { record }: InstanceEntry): Told | null {
  const { name } = record.spec;
  if (services.find((service) => service.name === name)?.protected === true && !confirmed.has(name))
    return said`"${name}" is protected: it takes its name, typed`;
  const holder = open.find(({ serviceId }) => serviceId === record.serviceId);
  if (holder === undefined) return null;
  return said`rollout ${holder.rolloutId} ${describePurpose(holder, fleet.nodeName)} by ${holder.actor} is ${word(holder.state)}`;
}

/** Where an instance goes, or why nowhere. */
function placeFor(
  view: DrainView,
  from: NodeRecord,
  entry: InstanceEntry,
  given: readonly { serviceName: string; place: Place }[],
): Place | Told {
  const { fleet, services, freeBytes } = view;
  const { record, status } = entry;
  const { spec, limits, port, host } = record;
  if (record.release === null) return said`it has no release`;
  if (gateOf(spec).completes) return said`it is a script, which would be run once more`;
  if (spec.dockerName !== undefined && !spec.dockerName.includes('{id}'))
    return said`it is the container "${spec.dockerName}" of this node's engine`;
  if (status?.state === 'unknown') return said`it is in doubt whether it runs: resolve that first`;
  const all = [...fleet.instances()];
  const own = all.filter((each) => each.record.serviceId === record.serviceId);
  const plan = services.find(({ name }) => name === spec.name)?.ports;
  const refusals: Told[] = [];
  const candidates = fleet
    .upNodeIds()
    .flatMap((nodeId) => fleet.node(nodeId) ?? [])
    .filter(({ nodeId, isCordoned }) => nodeId !== from.nodeId && !isCordoned)
    .map((node) => ({
      node,
      count:
        own.filter((each) => each.record.nodeId === node.nodeId).length +
        given.filter(({ serviceName, place }) => serviceName === spec.name && place.nodeId === node.nodeId)
          .length,
      free: freeBytes(node.nodeId) ?? 0,
    }))
    .sort(
      (one, other) => one.count - other.count || other.free - one.free || one.node.nodeId - other.node.nodeId,
    );
  for (const { node } of candidates) {
    const { nodeId } = node;
    try {
      demandPossible(limits, fleet.nodeName(nodeId), node.info);
    } catch (error) {
      refusals.push(tellError(error));
      continue;
    }
    const isNotGiven = notGivenOut(fleet, services, nodeId, spec.name, view.inUse(nodeId));
    const isTaken = (candidate: number): boolean =>
      given.some(({ place }) => place.port === candidate && haveOneAddress(fleet, place.nodeId, nodeId)) ||
      isNotGiven(candidate);
    const chosen = choosePort({ plan, own: own.map((each) => each.record.port), isTaken, wanted: port });
    if (chosen !== null) {
      // Any other address than its node's was meant as it is: 0.0.0.0, or loopback.
      return { nodeId, host: host === from.innerAddress ? node.innerAddress : host, port: chosen };
    }
    refusals.push(
      plan === undefined
        ? said`no port is free on node ${fleet.nodeName(nodeId)}`
        : said`none of the ports ${describePorts(plan)} is free on node ${fleet.nodeName(nodeId)}`,
    );
  }
  if (refusals.length > 0) return saidAll(withoutRepeats(refusals));
  return said`there is no other node that is connected and not cordoned`;
}

/** Several nodes may refuse for one reason. */
function withoutRepeats(told: readonly Told[]): Told[] {
  return [...new Map(told.map((each) => [english(each), each])).values()];
}
