import { io } from 'socket.io-client';
import type { FleetScope, FleetSnapshot } from '../../common/domain/fleet.ts';
import { because, messageOf, said, type Told } from '../../common/domain/said.ts';
import { bindMessages, call, readReply } from '../../common/protocol/bind.ts';
import { cockpitLink } from '../../common/protocol/cockpit-link.ts';
import { fromWireError, SgridError, toWireError, type WireError } from '../../common/protocol/errors.ts';
import type { CockpitHello } from '../../common/protocol/handshake.ts';
import { agentFor, parseMasterAddress } from '../../common/protocol/master-address.ts';
import { PROTOCOL_VERSION } from '../../common/protocol/version.ts';
import { reconnectDelayMs } from './backoff.ts';
import { explainConnectError, isFinal } from './connect-error.ts';
import type { LinkState, MasterClient, MasterListener } from './master-client.ts';

export interface MasterClientOptions {
  /** The master's address, for example `http://127.0.0.1:15872`. */
  url: string;
  token: string;
  /** Our product version, for the master's log. */
  version: string;
  /** Milliseconds since the epoch. */
  clock: () => number;
  /** In [0, 1). */
  random: () => number;
  timing?: LinkTiming;
}

/** How often the link is tried while it is up, and how long one answer may take before it is overdue, and the link dead. */
export interface LinkTiming {
  helloIntervalMs: number;
  helloLateMs: number;
  helloTimeoutMs: number;
}

const DEFAULT_TIMING: LinkTiming = { helloIntervalMs: 5_000, helloLateMs: 2_000, helloTimeoutMs: 10_000 };
/** A TCP and WebSocket handshake over a bad line still ends in this time. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Connects to a master and keeps connecting: for ever, with growing pauses, unless the master refuses.
 *
 * Reconnecting is done here and not by Socket.IO, which would neither count attempts for us nor tell a refusal from a
 * lost line. Everything that waits for an answer fails with `disconnected` the moment the line is cut.
 */
export function createMasterClient(options: MasterClientOptions): MasterClient {
  const { clock, random, timing = DEFAULT_TIMING } = options;
  const address = parseMasterAddress(options.url);
  const { text: url } = address;
  const pinned = agentFor(address);
  const hello: CockpitHello = {
    token: options.token,
    protocolVersion: PROTOCOL_VERSION,
    version: options.version,
  };
  const socket = io(`${address.origin}${cockpitLink.namespace}`, {
    // The package has it as a text, and hands it to ws as it is.
    ...(pinned && { agent: pinned as unknown as string }),
    transports: ['websocket'],
    autoConnect: false,
    reconnection: false,
    forceNew: true,
    timeout: CONNECT_TIMEOUT_MS,
    auth: hello,
  });

  const listeners = new Set<MasterListener>();
  let link: LinkState = { state: 'connecting', attempt: 1, lastError: null };
  let closed = false;
  /** Raised with every connection made or lost: an answer that belongs to another number is not ours any more. */
  let epoch = 0;
  let failures = 0;
  let retryTimer: NodeJS.Timeout | undefined;
  let helloTimer: NodeJS.Timeout | undefined;
  let scope: FleetScope | null = null;
  /** Why we are cutting the line ourselves. */
  let cutBecause: Told | null = null;
  /** While a snapshot is on its way, frames belong to what it replaces. */
  let watchesUnderWay = 0;

  const tell = (notify: (listener: MasterListener) => void): void => {
    for (const listener of [...listeners]) notify(listener);
  };

  const setLink = (next: LinkState): void => {
    link = next;
    tell((listener) => listener.onLink?.(next));
  };

  const disconnected = (message: Told, hint: Told): SgridError =>
    link.state === 'refused' ? fromWireError(link.error) : new SgridError('disconnected', message, { hint });

  const lose = (error: WireError | null): void => {
    epoch += 1;
    clearTimeout(helloTimer);
    if (closed || link.state === 'refused') return;
    failures += 1;
    const attempt = failures;
    if (link.state === 'connecting') setLink({ state: 'connecting', attempt, lastError: error });
    else setLink({ ...downSince(link), attempt, lastError: error });
    clearTimeout(retryTimer);
    retryTimer = setTimeout(() => socket.connect(), reconnectDelayMs(failures, random()));
  };

  const downSince = (before: LinkState): { state: 'down'; since: number } => ({
    state: 'down',
    since: before.state === 'down' ? before.since : clock(),
  });

  const refuse = (error: WireError): void => {
    clearTimeout(retryTimer);
    setLink({ state: 'refused', error });
  };

  /** Says hello, which measures latency and finds a line that is dead without having been cut. */
  const greet = async (): Promise<void> => {
    const asked = epoch;
    const askedAt = clock();
    const late = setTimeout(() => {
      if (asked === epoch && link.state === 'up') setLink({ ...link, unansweredSince: askedAt });
    }, timing.helloLateMs);
    try {
      const answer = await call(
        socket,
        cockpitLink.toMaster,
        'session.hello',
        {},
        { timeoutMs: timing.helloTimeoutMs },
      );
      if (asked !== epoch || closed) return;
      const wasUp = link.state === 'up';
      failures = 0;
      const { actor, role, masterVersion } = answer;
      setLink({ state: 'up', actor, role, masterVersion, latencyMs: Math.max(0, clock() - askedAt) });
      if (!wasUp && scope !== null) requestSnapshot(scope);
      helloTimer = setTimeout(() => void greet(), timing.helloIntervalMs);
    } catch {
      // Cut meanwhile: seen by the `disconnect` handler already. Otherwise the line is as good as dead.
      if (asked === epoch) cut(said`it has not answered for ${timing.helloTimeoutMs / 1000} s`);
    } finally {
      clearTimeout(late);
    }
  };

  /** Ends a connection that is of no use, to begin anew. */
  const cut = (why: Told): void => {
    cutBecause = why;
    socket.disconnect();
  };

  /**
   * Asks for the snapshot by callback and not by promise: several packets can arrive in one turn of the event loop, and
   * the frames behind the answer must find the snapshot in place.
   */
  const requestSnapshot = (wanted: FleetScope): void => {
    const asked = epoch;
    const definition = cockpitLink.toMaster['fleet.watch'];
    watchesUnderWay += 1;
    socket
      .timeout(definition.timeoutMs)
      .emit('fleet.watch', { scope: wanted }, (failure: Error | null, reply: unknown) => {
        watchesUnderWay -= 1;
        if (asked !== epoch || closed) return;
        try {
          if (failure !== null) throw failure;
          const snapshot = readReply('fleet.watch', definition, reply) as FleetSnapshot;
          if (watchesUnderWay === 0) tell((listener) => listener.onSnapshot?.(snapshot));
        } catch {
          cut(said`it gave no usable picture of the fleet`);
        }
      });
  };

  socket.on('connect', () => {
    epoch += 1;
    void greet();
  });
  socket.on('connect_error', (error: Error) => {
    const explained = explainConnectError(error, url);
    if (isFinal(explained)) refuse(explained);
    else lose(explained);
  });
  socket.on('disconnect', (reason) => {
    const why = said`the link to ${url} was lost: ${cutBecause ?? reason}`;
    lose(toWireError(new SgridError('disconnected', why)));
    cutBecause = null;
  });
  bindMessages(
    socket,
    cockpitLink.toClient,
    {
      'fleet.frame': (frame) => {
        if (watchesUnderWay === 0) tell((listener) => listener.onFrame?.(frame));
      },
      'rollout.changed': ({ rollout }) => tell((listener) => listener.onRollout?.(rollout)),
      'event.added': ({ events }) => tell((listener) => listener.onEvents?.(events)),
      'presence.changed': ({ sessions }) => tell((listener) => listener.onPresence?.(sessions)),
    },
    { context: null },
  );
  socket.connect();

  return {
    url,
    link: () => link,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ready(timeoutMs) {
      return new Promise((resolve, reject) => {
        const settle = (error: SgridError | null): void => {
          clearTimeout(timer);
          stop();
          if (error === null) resolve();
          else reject(error);
        };
        const look = (now: LinkState): void => {
          if (now.state === 'up') settle(null);
          else if (now.state === 'refused') settle(fromWireError(now.error));
        };
        const timer = setTimeout(() => {
          const last = 'lastError' in link ? link.lastError : null;
          const why = last === null ? '' : because(messageOf(last));
          const hint = said`check the address, and that sgridnext runs there`;
          settle(
            new SgridError('timeout', said`no link to ${url} within ${timeoutMs / 1000} s${why}`, { hint }),
          );
        }, timeoutMs);
        const stop = this.listen({ onLink: look });
        look(link);
      });
    },
    watch(wanted) {
      scope = wanted;
      if (link.state === 'up') requestSnapshot(wanted);
    },
    async call(name, payload, callOptions) {
      if (link.state !== 'up') {
        throw disconnected(
          said`${name}: no link to the master at ${url}`,
          said`it comes back by itself; try again then`,
        );
      }
      try {
        return await call(socket, cockpitLink.toMaster, name, payload, callOptions);
      } catch (error) {
        const wire = toWireError(error);
        if (wire.code !== 'disconnected') throw error;
        throw disconnected(messageOf(wire), said`it may have taken effect: look before repeating it`);
      }
    },
    async upload(upload) {
      const { uploadPackage } = await import('./upload.ts');
      return await uploadPackage({ ...upload, url, token: options.token });
    },
    close() {
      if (closed) return;
      closed = true;
      epoch += 1;
      clearTimeout(retryTimer);
      clearTimeout(helloTimer);
      socket.disconnect();
      listeners.clear();
    },
  };
}
