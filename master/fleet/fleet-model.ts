import { FIGURES_STRIDE, type FiguresHistory, type NodeSnapshot } from '../../common/domain/figures.ts';
import type { FleetFrame, FleetScope, FleetSnapshot, NodeSample } from '../../common/domain/fleet.ts';
import type { InstanceStatus } from '../../common/domain/instance.ts';
import { type NodeNames, nodeNameOf } from '../../common/domain/instance-name.ts';
import type { InstanceRecord } from '../store/instance-record.ts';
import type { NodeRecord } from '../store/nodes.ts';
import { createFiguresRing, type FiguresRing } from './figures-ring.ts';
import { toInstanceView, toNodeView } from './views.ts';

const HISTORY_SECONDS = 60;

export interface InstanceEntry {
  record: InstanceRecord;
  status: InstanceStatus | null;
}

interface NodeEntry {
  record: NodeRecord;
  up: boolean;
  instanceIds: Set<number>;
  sample: { snapshot: NodeSnapshot; receivedAt: number; version: number } | null;
}

/** Told of what may move a rollout on. */
export interface FleetListener {
  onInstance?(instanceId: number): void;
  onNode?(nodeId: number): void;
}

/**
 * The fleet in memory: what the database says, and what the agents last said. Every change gets the next version, so
 * that a frame is "all that is newer than the version you have".
 */
export interface FleetModel {
  node(nodeId: number): NodeRecord | null;
  /** What people call a node; its number for one that is not known, or gone. */
  nodeName: NodeNames;
  isUp(nodeId: number): boolean;
  upNodeIds(): number[];
  putNode(record: NodeRecord, up: boolean): void;
  /** Its instances must be gone. */
  removeNode(nodeId: number): void;
  instance(instanceId: number): InstanceEntry | null;
  instancesOf(nodeId: number): InstanceEntry[];
  instances(): Iterable<InstanceEntry>;
  /** Ignores a record that is older than the one it has. */
  putInstance(record: InstanceRecord): void;
  removeInstance(instanceId: number): void;
  /** Takes the statuses of instances that belong to this node; the ids of all others come back. */
  putStatuses(
    nodeId: number,
    statuses: readonly InstanceStatus[],
  ): {
    accepted: InstanceStatus[];
    foreign: InstanceStatus[];
  };
  /** @returns what was taken of it: without the instances of other nodes; null for a node that is not known */
  putSnapshot(nodeId: number, snapshot: NodeSnapshot, at: number): NodeSnapshot | null;
  history(instanceIds: readonly number[], now: number): FiguresHistory[];
  version(): number;
  snapshot(scope: FleetScope, now: number): FleetSnapshot;
  /**
   * What changed behind a version, and the figures that came behind another, or null when there is nothing. Changes reach
   * back to the last `forgetChanges`.
   */
  frameSince(behind: { changes: number; samples: number }, scope: FleetScope, now: number): FleetFrame | null;
  /** Everybody has been told: what changed up to a version is no longer kept as a change. */
  forgetChanges(upTo: number): void;
  listen(listener: FleetListener): () => void;
}

export function createFleetModel(): FleetModel {
  const nodes = new Map<number, NodeEntry>();
  const instances = new Map<number, InstanceEntry>();
  const rings = new Map<number, FiguresRing>();
  const listeners = new Set<FleetListener>();
  const changed = {
    nodes: new Map<number, number>(),
    instances: new Map<number, number>(),
    removedInstances: new Map<number, number>(),
    removedNodes: new Map<number, number>(),
  };
  let version = 0;

  const markNode = (nodeId: number): void => {
    changed.nodes.set(nodeId, ++version);
    for (const listener of listeners) listener.onNode?.(nodeId);
  };
  const markInstance = (instanceId: number): void => {
    changed.instances.set(instanceId, ++version);
    for (const listener of listeners) listener.onInstance?.(instanceId);
  };

  /** A node may speak only for its own instances. */
  const owns = (nodeId: number, instanceId: number): boolean =>
    instances.get(instanceId)?.record.nodeId === nodeId;

  const samples = (scope: FleetScope, behind: number, now: number): NodeSample[] => {
    const wanted = scope.kind === 'all' ? nodes.keys() : [scope.nodeId];
    const found: NodeSample[] = [];
    for (const nodeId of wanted) {
      const sample = nodes.get(nodeId)?.sample;
      if (sample === null || sample === undefined || sample.version <= behind) continue;
      const { node, instances: figures } = sample.snapshot;
      found.push({ nodeId, ageMs: Math.max(0, now - sample.receivedAt), node, instances: figures });
    }
    return found;
  };

  return {
    node: (nodeId) => nodes.get(nodeId)?.record ?? null,
    nodeName: (nodeId) => nodeNameOf(nodes.get(nodeId)?.record, nodeId),
    isUp: (nodeId) => nodes.get(nodeId)?.up ?? false,
    upNodeIds: () => [...nodes].filter(([, node]) => node.up).map(([nodeId]) => nodeId),
    putNode(record, up) {
      const known = nodes.get(record.nodeId);
      if (known === undefined) {
        changed.removedNodes.delete(record.nodeId);
        nodes.set(record.nodeId, { record, up, instanceIds: new Set(), sample: null });
      } else {
        known.record = record;
        known.up = up;
      }
      markNode(record.nodeId);
    },
    removeNode(nodeId) {
      if (!nodes.delete(nodeId)) return;
      changed.nodes.delete(nodeId);
      changed.removedNodes.set(nodeId, ++version);
      for (const listener of listeners) listener.onNode?.(nodeId);
    },
    instance: (instanceId) => instances.get(instanceId) ?? null,
    instances: () => instances.values(),
    instancesOf(nodeId) {
      const found: InstanceEntry[] = [];
      for (const instanceId of nodes.get(nodeId)?.instanceIds ?? []) {
        const entry = instances.get(instanceId);
        if (entry !== undefined) found.push(entry);
      }
      return found;
    },
    putInstance(record) {
      const known = instances.get(record.instanceId);
      if (known === undefined) instances.set(record.instanceId, { record, status: null });
      else if (record.revision < known.record.revision) return;
      else known.record = record;
      nodes.get(record.nodeId)?.instanceIds.add(record.instanceId);
      markInstance(record.instanceId);
    },
    removeInstance(instanceId) {
      const known = instances.get(instanceId);
      if (known === undefined) return;
      instances.delete(instanceId);
      rings.delete(instanceId);
      nodes.get(known.record.nodeId)?.instanceIds.delete(instanceId);
      changed.instances.delete(instanceId);
      changed.removedInstances.set(instanceId, ++version);
      for (const listener of listeners) listener.onInstance?.(instanceId);
    },
    putStatuses(nodeId, statuses) {
      const accepted: InstanceStatus[] = [];
      const foreign: InstanceStatus[] = [];
      for (const status of statuses) {
        const entry = instances.get(status.instanceId);
        if (entry === undefined || entry.record.nodeId !== nodeId) {
          foreign.push(status);
          continue;
        }
        entry.status = status;
        accepted.push(status);
        markInstance(status.instanceId);
      }
      return { accepted, foreign };
    },
    putSnapshot(nodeId, snapshot, at) {
      const node = nodes.get(nodeId);
      if (node === undefined) return null;
      const own = ownFigures(snapshot.instances, (instanceId) => owns(nodeId, instanceId));
      for (let index = 0; index < own.length; index += FIGURES_STRIDE) {
        const instanceId = own[index] ?? 0;
        let ring = rings.get(instanceId);
        if (ring === undefined) {
          ring = createFiguresRing(HISTORY_SECONDS);
          rings.set(instanceId, ring);
        }
        ring.push(at, own[index + 1] ?? 0, own[index + 2] ?? 0);
      }
      node.record.lastSeenAt = at;
      const taken = { ...snapshot, instances: own };
      node.sample = { snapshot: taken, receivedAt: at, version: ++version };
      return taken;
    },
    history: (instanceIds, now) =>
      instanceIds.map((instanceId) => ({
        instanceId,
        ...(rings.get(instanceId)?.read(now) ?? { cpuMillicores: [], memoryBytes: [] }),
      })),
    version: () => version,
    snapshot: (scope, now) => ({
      at: now,
      nodes: [...nodes.values()].map((node) => toNodeView(node.record, node.up ? 'up' : 'down')),
      instances: [...instances.values()].map(({ record, status }) => toInstanceView(record, status)),
      samples: samples(scope, -1, now),
    }),
    frameSince(behind, scope, now) {
      const frame: FleetFrame = { at: now };
      const newer = (marks: Map<number, number>): number[] =>
        [...marks].filter(([, markedAt]) => markedAt > behind.changes).map(([id]) => id);
      const nodeViews = newer(changed.nodes).flatMap((id) => {
        const node = nodes.get(id);
        return node === undefined ? [] : [toNodeView(node.record, node.up ? 'up' : 'down')];
      });
      const instanceViews = newer(changed.instances).flatMap((id) => {
        const entry = instances.get(id);
        return entry === undefined ? [] : [toInstanceView(entry.record, entry.status)];
      });
      const removed = newer(changed.removedInstances);
      const removedNodes = newer(changed.removedNodes);
      const fresh = samples(scope, behind.samples, now);
      if (nodeViews.length > 0) frame.nodes = nodeViews;
      if (instanceViews.length > 0) frame.instances = instanceViews;
      if (removed.length > 0) frame.removedInstanceIds = removed;
      if (removedNodes.length > 0) frame.removedNodeIds = removedNodes;
      if (fresh.length > 0) frame.samples = fresh;
      return Object.keys(frame).length === 1 ? null : frame;
    },
    forgetChanges(upTo) {
      for (const marks of Object.values(changed))
        for (const [id, markedAt] of marks) if (markedAt <= upTo) marks.delete(id);
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** The figures without those of other nodes' instances; the same array when there are none, as nearly always. */
function ownFigures(packed: number[], owned: (instanceId: number) => boolean): number[] {
  let foreign = false;
  for (let at = 0; at < packed.length && !foreign; at += FIGURES_STRIDE) foreign = !owned(packed[at] ?? 0);
  if (!foreign) return packed;
  const own: number[] = [];
  for (let at = 0; at < packed.length; at += FIGURES_STRIDE) {
    if (owned(packed[at] ?? 0)) own.push(...packed.slice(at, at + FIGURES_STRIDE));
  }
  return own;
}
