import type { FleetFrame, FleetScope, FleetSnapshot } from '../../common/domain/fleet.ts';
import type { FleetModel } from './fleet-model.ts';

/** What is needed of a cockpit's socket. */
export interface WatchingSocket {
  readonly id: string;
  join(room: string): void;
  leave(room: string): void;
}

export interface FrameStream {
  /**
   * The whole fleet now; from here on this socket gets what changes behind it, each change once. Synchronous, so that
   * nothing can change between the snapshot and the place in the stream.
   */
  watch(socket: WatchingSocket, scope: FleetScope): FleetSnapshot;
  unwatch(socket: WatchingSocket): void;
  close(): void;
}

/** Versions up to which somebody has been told. */
interface Told {
  changes: number;
  samples: number;
}

interface Watcher {
  socket: WatchingSocket;
  scope: FleetScope;
  /**
   * Since its snapshot, or since it did not read any more, until the next interval is over; it is in the scope's room from
   * then on.
   */
  own: Told | null;
  /** It has not read what it was sent before. */
  isBehind: boolean;
}

/** Changes that come together, as of all instances of a node, go together. */
const GATHER_MS = 5;

/**
 * Sends figures once an interval, and what else changed soon after it did: a person waits for that. One frame is made per
 * scope and broadcast to the scope's room; a socket that has joined since the last interval gets frames of its own, which
 * begin where its snapshot ended. One that does not read gets none, so that they do not pile up here, and then one with all that
 * changed meanwhile, and the last figures. With nobody watching there is no timer.
 */
export function createFrameStream(options: {
  fleet: FleetModel;
  /** Sends to a room; a socket's id is a room of its own. */
  send: (room: string, frame: FleetFrame) => void;
  /** Whether much of what was sent to a socket was not read yet. */
  isBehind: (socketId: string) => boolean;
  now: () => number;
  intervalMs: number;
  /** Between two frames without figures. */
  changesIntervalMs: number;
}): FrameStream {
  const { fleet, send, isBehind, now, intervalMs, changesIntervalMs } = options;
  const watchers = new Map<string, Watcher>();
  let timer: NodeJS.Timeout | null = null;
  let changesTimer: NodeJS.Timeout | null = null;
  let hasChanged = false;
  let stopListening = (): void => {};
  const told: Told = { changes: 0, samples: 0 };

  const look = (): void => {
    for (const watcher of watchers.values()) {
      const { socket, scope } = watcher;
      watcher.isBehind = isBehind(socket.id);
      if (!watcher.isBehind || watcher.own !== null) continue;
      watcher.own = { ...told };
      socket.leave(roomOf(scope));
    }
  };

  /** @param isWhole with figures */
  const tell = (isWhole: boolean): void => {
    const at = now();
    const version = fleet.version();
    look();
    const frameFor = (scope: FleetScope, { changes, samples }: Told): FleetFrame | null =>
      fleet.frameSince({ changes, samples: isWhole ? samples : version }, scope, at);
    const rooms = new Map<string, FleetScope>();
    for (const { own, scope } of watchers.values()) if (own === null) rooms.set(roomOf(scope), scope);
    for (const [room, scope] of rooms) {
      const frame = frameFor(scope, told);
      if (frame !== null) send(room, frame);
    }
    for (const { own, scope, socket, isBehind } of watchers.values()) {
      if (own === null || isBehind) continue;
      const frame = frameFor(scope, own);
      if (frame !== null) send(socket.id, frame);
      own.changes = version;
    }
    told.changes = version;
    hasChanged = false;
  };

  const tick = (): void => {
    tell(true);
    let oldest = told.changes;
    for (const watcher of watchers.values()) {
      if (watcher.own === null) continue;
      if (watcher.isBehind) {
        oldest = Math.min(oldest, watcher.own.changes);
        continue;
      }
      watcher.socket.join(roomOf(watcher.scope));
      watcher.own = null;
    }
    told.samples = fleet.version();
    fleet.forgetChanges(oldest);
  };

  const tellChanges = (): void => {
    changesTimer = null;
    if (!hasChanged) return;
    tell(false);
    changesTimer = setTimeout(tellChanges, changesIntervalMs);
  };

  const noteChange = (): void => {
    hasChanged = true;
    changesTimer ??= setTimeout(tellChanges, GATHER_MS);
  };

  const begin = (): void => {
    told.changes = fleet.version();
    fleet.forgetChanges(told.changes);
    told.samples = fleet.version();
    timer = setInterval(tick, intervalMs);
    stopListening = fleet.listen({ onInstance: noteChange, onNode: noteChange });
  };

  const end = (): void => {
    stopListening();
    clearInterval(timer ?? undefined);
    clearTimeout(changesTimer ?? undefined);
    timer = null;
    changesTimer = null;
    hasChanged = false;
  };

  const unwatch = (socket: WatchingSocket): void => {
    const watcher = watchers.get(socket.id);
    if (watcher === undefined) return;
    watchers.delete(socket.id);
    socket.leave(roomOf(watcher.scope));
    if (watchers.size === 0) end();
  };

  return {
    watch(socket, scope) {
      unwatch(socket);
      if (timer === null) begin();
      const version = fleet.version();
      watchers.set(socket.id, {
        socket,
        scope,
        own: { changes: version, samples: version },
        isBehind: false,
      });
      return fleet.snapshot(scope, now());
    },
    unwatch,
    close() {
      end();
      watchers.clear();
    },
  };
}

function roomOf(scope: FleetScope): string {
  return scope.kind === 'all' ? 'fleet:all' : `fleet:node:${scope.nodeId}`;
}
