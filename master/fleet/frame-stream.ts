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
  /** Since its snapshot, until the next interval is over; it is in the scope's room from then on. */
  own: Told | null;
}

/** Changes that come together, as of all instances of a node, go together. */
const GATHER_MS = 5;

/**
 * Sends figures once an interval, and what else changed soon after it did: a person waits for that. One frame is made per
 * scope and broadcast to the scope's room; a socket that has joined since the last interval gets frames of its own, which
 * begin where its snapshot ended. With nobody watching there is no timer.
 */
export function createFrameStream(options: {
  fleet: FleetModel;
  /** Sends to a room; a socket's id is a room of its own. */
  send: (room: string, frame: FleetFrame) => void;
  now: () => number;
  intervalMs: number;
  /** Between two frames without figures. */
  changesIntervalMs: number;
}): FrameStream {
  const { fleet, send, now, intervalMs, changesIntervalMs } = options;
  const watchers = new Map<string, Watcher>();
  let timer: NodeJS.Timeout | null = null;
  let changesTimer: NodeJS.Timeout | null = null;
  let hasChanged = false;
  let stopListening = (): void => {};
  const told: Told = { changes: 0, samples: 0 };

  /** @param isWhole with figures */
  const tell = (isWhole: boolean): void => {
    const at = now();
    const version = fleet.version();
    const frameFor = (scope: FleetScope, { changes, samples }: Told): FleetFrame | null =>
      fleet.frameSince({ changes, samples: isWhole ? samples : version }, scope, at);
    const rooms = new Map<string, FleetScope>();
    for (const { own, scope } of watchers.values()) if (own === null) rooms.set(roomOf(scope), scope);
    for (const [room, scope] of rooms) {
      const frame = frameFor(scope, told);
      if (frame !== null) send(room, frame);
    }
    for (const { own, scope, socket } of watchers.values()) {
      const frame = own && frameFor(scope, own);
      if (frame !== null) send(socket.id, frame);
      if (own !== null) own.changes = version;
    }
    told.changes = version;
    hasChanged = false;
  };

  const tick = (): void => {
    tell(true);
    for (const watcher of watchers.values()) {
      if (watcher.own !== null) watcher.socket.join(roomOf(watcher.scope));
      watcher.own = null;
    }
    told.samples = fleet.version();
    fleet.forgetChanges();
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
    fleet.forgetChanges();
    told.changes = fleet.version();
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
      watchers.set(socket.id, { socket, scope, own: { changes: version, samples: version } });
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
