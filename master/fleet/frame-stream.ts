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

interface Watcher {
  socket: WatchingSocket;
  scope: FleetScope;
  /** The version of its snapshot until its first frame; it is in the scope's room from then on. */
  joinedAt: number | null;
}

/**
 * Sends at most one frame per interval. One frame is made per scope and broadcast to the scope's room; a socket that
 * has joined since the last frame gets a first one of its own, which begins where its snapshot ended. With nobody
 * watching there is no timer.
 */
export function createFrameStream(options: {
  fleet: FleetModel;
  /** Sends to a room; a socket's id is a room of its own. */
  send: (room: string, frame: FleetFrame) => void;
  now: () => number;
  intervalMs: number;
}): FrameStream {
  const { fleet, send, now, intervalMs } = options;
  const watchers = new Map<string, Watcher>();
  let timer: NodeJS.Timeout | null = null;
  let sentVersion = 0;

  const tick = (): void => {
    const at = now();
    const rooms = new Map<string, FleetScope>();
    for (const watcher of watchers.values()) {
      if (watcher.joinedAt === null) rooms.set(roomOf(watcher.scope), watcher.scope);
    }
    for (const [room, scope] of rooms) {
      const frame = fleet.frameSince(sentVersion, scope, at);
      if (frame !== null) send(room, frame);
    }
    for (const watcher of watchers.values()) {
      if (watcher.joinedAt === null) continue;
      const frame = fleet.frameSince(watcher.joinedAt, watcher.scope, at);
      if (frame !== null) send(watcher.socket.id, frame);
      watcher.joinedAt = null;
      watcher.socket.join(roomOf(watcher.scope));
    }
    sentVersion = fleet.version();
    fleet.forgetChanges();
  };

  const unwatch = (socket: WatchingSocket): void => {
    const watcher = watchers.get(socket.id);
    if (watcher === undefined) return;
    watchers.delete(socket.id);
    socket.leave(roomOf(watcher.scope));
    if (watchers.size === 0 && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  };

  return {
    watch(socket, scope) {
      unwatch(socket);
      if (timer === null) {
        fleet.forgetChanges();
        sentVersion = fleet.version();
        timer = setInterval(tick, intervalMs);
      }
      watchers.set(socket.id, { socket, scope, joinedAt: fleet.version() });
      return fleet.snapshot(scope, now());
    },
    unwatch,
    close() {
      if (timer !== null) clearInterval(timer);
      timer = null;
      watchers.clear();
    },
  };
}

function roomOf(scope: FleetScope): string {
  return scope.kind === 'all' ? 'fleet:all' : `fleet:node:${scope.nodeId}`;
}
