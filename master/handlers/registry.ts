import {
  inOrder,
  type RegistryChange,
  type RegistryEntry,
  registryDigest,
} from '../../common/domain/registry.ts';
import type { FleetModel } from '../fleet/fleet-model.ts';
import { nodeRoom } from '../relay.ts';
import { createMergedTable } from './registry-table.ts';

/** The room of the nodes that have the registry, and need only what changes. */
const REGISTRY_ROOM = 'registry';

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
  /**
   * The same for nodes that have not come since this master started, from its start or from when another one last came for
   * the first time: while they arrive, those that are missing may still be waiting for their turn.
   */
  startGraceMs: number;
  /** However long they arrive: since the start. */
  maxStartGraceMs: number;
}

/** A change is seldom alone: what a report changes goes out together. */
const GATHER_MS = 30;

export function createRegistry(options: RegistryOptions): Registry {
  const { fleet, send, join, now, intervalMs, graceMs, startGraceMs, maxStartGraceMs } = options;
  const startedAt = now();
  const arrived = new Set<number>();
  /** When the instances of nodes that have not come leave. */
  let graceEndsAt = startedAt + startGraceMs;
  /** When the instances of a lost node leave. */
  const leaveAt = new Map<number, number>();
  let pushedAt = 0;
  let timer: { handle: NodeJS.Timeout; dueAt: number } | null = null;
  const table = createMergedTable(fleet, (nodeId) =>
    fleet.isUp(nodeId) ? null : (leaveAt.get(nodeId) ?? graceEndsAt),
  );
  table.update(startedAt);
  /** Made when asked for: it costs 20 ms with 20,000 instances, and is asked for by each node that connects. */
  let digest: string | null = null;
  scheduleLeaving();

  const stop = fleet.listen({
    onInstance(instanceId) {
      table.instanceChanged(instanceId);
      gather();
    },
    onNode(nodeId) {
      table.nodeChanged(nodeId);
      if (fleet.isUp(nodeId)) {
        leaveAt.delete(nodeId);
        noteArrival(nodeId);
      } else if (arrived.has(nodeId) && !leaveAt.has(nodeId)) leaveAt.set(nodeId, now() + graceMs);
      gather();
    },
  });

  function noteArrival(nodeId: number): void {
    if (arrived.has(nodeId)) return;
    arrived.add(nodeId);
    const at = now();
    if (at < graceEndsAt) graceEndsAt = Math.min(at + startGraceMs, startedAt + maxStartGraceMs);
  }

  function gather(): void {
    const at = now();
    schedule(Math.max(at + GATHER_MS, pushedAt + intervalMs));
  }

  function scheduleLeaving(): void {
    const nextLeaveAt = table.nextLeaveAt();
    if (nextLeaveAt !== Number.POSITIVE_INFINITY) schedule(nextLeaveAt);
  }

  function schedule(dueAt: number): void {
    if (timer !== null && timer.dueAt <= dueAt) return;
    if (timer !== null) clearTimeout(timer.handle);
    timer = { handle: setTimeout(push, Math.max(0, dueAt - now())), dueAt };
  }

  function push(): void {
    timer = null;
    const change = table.update(now());
    if (change !== null) {
      digest = null;
      pushedAt = now();
      send(REGISTRY_ROOM, change);
    }
    scheduleLeaving();
  }

  return {
    entries: () => inOrder(table.entries()),
    welcome(nodeId, theirs) {
      const room = nodeRoom(nodeId);
      digest ??= registryDigest(table.entries());
      const isSame = theirs === digest;
      send(room, isSame ? { kind: 'unchanged' } : { kind: 'all', entries: inOrder(table.entries()) });
      join(room, REGISTRY_ROOM);
    },
    close() {
      stop();
      if (timer !== null) clearTimeout(timer.handle);
      timer = null;
    },
  };
}
