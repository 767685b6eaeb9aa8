import {
  diffRegistry,
  inOrder,
  type RegistryChange,
  type RegistryEntry,
  type RegistryTable,
  registryDigest,
  registryEntryOf,
} from '../../common/domain/registry.ts';
import type { FleetModel, InstanceEntry } from '../fleet/fleet-model.ts';
import { nodeRoom } from '../relay.ts';
import { mergeRegistry, type RegistryCandidate } from './registry-merge.ts';

/** The room of the nodes that have the registry, and need only what changes. */
export const REGISTRY_ROOM = 'registry';

/** Which instance answers where, out of what all agents say, pushed to all agents. */
export interface Registry {
  /** As it was last pushed. */
  entries(): RegistryEntry[];
  /** A node has reported: it gets the whole, unless it has just that, and from then on what changes. */
  welcome(nodeId: number, digest: string | undefined): void;
  close(): void;
}

export interface RegistryOptions {
  fleet: FleetModel;
  /** Sends to all sockets in a room. */
  send: (room: string, change: RegistryChange) => void;
  /** Puts all sockets of one room into another as well. */
  join: (room: string, other: string) => void;
  now: () => number;
  /** Least time between two pushes. */
  intervalMs: number;
  /** How long instances of a node that was lost stay. */
  graceMs: number;
  /** The same for nodes that have not come since this master started. Their agents may be in their longest pause. */
  startGraceMs: number;
}

/** A change is seldom alone: what a report changes goes out together. */
const GATHER_MS = 30;

export function createRegistry(options: RegistryOptions): Registry {
  const { fleet, send, join, now, intervalMs, graceMs, startGraceMs } = options;
  const startedAt = now();
  /** When the instances of a lost node leave. */
  const leaveAt = new Map<number, number>();
  let pushedAt = 0;
  let timer: { handle: NodeJS.Timeout; dueAt: number } | null = null;
  let nextLeaveAt = Number.POSITIVE_INFINITY;
  let published = merge();
  /** Made when asked for: it costs 20 ms with 20,000 instances, and is asked for by each node that connects. */
  let digest: string | null = null;
  scheduleLeaving();

  const stop = fleet.listen({
    onInstance: gather,
    onNode(nodeId) {
      if (fleet.isUp(nodeId)) leaveAt.delete(nodeId);
      else if (!leaveAt.has(nodeId)) leaveAt.set(nodeId, now() + graceMs);
      gather();
    },
  });

  function merge(): RegistryTable {
    const at = now();
    nextLeaveAt = Number.POSITIVE_INFINITY;
    const candidates: RegistryCandidate[] = [];
    for (const instance of fleet.instances()) {
      const { nodeId } = instance.record;
      const entry = entryOf(instance, fleet.node(nodeId)?.innerAddress ?? instance.record.host);
      if (entry === null) continue;
      const leavesAt = fleet.isUp(nodeId) ? null : (leaveAt.get(nodeId) ?? startedAt + startGraceMs);
      const isFresh = leavesAt === null || at < leavesAt;
      if (leavesAt !== null && isFresh) nextLeaveAt = Math.min(nextLeaveAt, leavesAt);
      candidates.push({ entry, isFresh });
    }
    return mergeRegistry(candidates);
  }

  function gather(): void {
    const at = now();
    schedule(Math.max(at + GATHER_MS, pushedAt + intervalMs));
  }

  function scheduleLeaving(): void {
    if (nextLeaveAt !== Number.POSITIVE_INFINITY) schedule(nextLeaveAt);
  }

  function schedule(dueAt: number): void {
    if (timer !== null && timer.dueAt <= dueAt) return;
    if (timer !== null) clearTimeout(timer.handle);
    timer = { handle: setTimeout(push, Math.max(0, dueAt - now())), dueAt };
  }

  function push(): void {
    timer = null;
    const next = merge();
    const change = diffRegistry(published, next);
    if (change !== null) {
      published = next;
      digest = null;
      pushedAt = now();
      send(REGISTRY_ROOM, change);
    }
    scheduleLeaving();
  }

  return {
    entries: () => inOrder(published),
    welcome(nodeId, theirs) {
      const room = nodeRoom(nodeId);
      digest ??= registryDigest(published);
      const isSame = theirs === digest;
      send(room, isSame ? { kind: 'unchanged' } : { kind: 'all', entries: inOrder(published) });
      join(room, REGISTRY_ROOM);
    },
    close() {
      stop();
      if (timer !== null) clearTimeout(timer.handle);
      timer = null;
    },
  };
}

function entryOf({ record, status }: InstanceEntry, nodeAddress: string): RegistryEntry | null {
  return registryEntryOf({ ...record, serviceName: record.spec.name }, status, nodeAddress);
}
