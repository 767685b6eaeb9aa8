import { io, type Socket } from 'socket.io-client';
import type { ConfigContent } from '../common/domain/config-file.ts';
import type { NodeSnapshot } from '../common/domain/figures.ts';
import type { InstanceStatus } from '../common/domain/instance.ts';
import type { NodeInfo } from '../common/domain/node.ts';
import { english } from '../common/domain/said.ts';
import type { MasterToAgent } from '../common/protocol/agent-link.ts';
import { agentLink } from '../common/protocol/agent-link.ts';
import {
  bindMessages,
  call,
  type NoticeHandlers,
  type RequestHandlers,
  tell,
} from '../common/protocol/bind.ts';
import { explainConnectFailure } from '../common/protocol/connect-failure.ts';
import { SgridError, toWireError, wireErrorSchema } from '../common/protocol/errors.ts';
import type { AgentHello } from '../common/protocol/handshake.ts';
import { agentFor, parseMasterAddress } from '../common/protocol/master-address.ts';
import type { EventQueue } from './supervisor/event-queue.ts';
import type { Logger } from './supervisor/ports.ts';

export type LinkState = 'connecting' | 'up' | 'down' | 'refused';

/** What goes over the link; each call has the signal that ends when the link does. */
export type AgentHandlers = RequestHandlers<MasterToAgent, { signal: AbortSignal }> &
  NoticeHandlers<MasterToAgent, { signal: AbortSignal }>;

export interface AgentLinkOptions {
  masterUrl: string;
  /** Product, version and node, for a master that asks for something which is not known here. */
  self: string;
  /** Asked at every attempt, since the token may have been replaced. @throws SgridError when there is none. */
  hello: () => AgentHello;
  handlers: AgentHandlers;
  info: () => NodeInfo;
  statuses: () => InstanceStatus[];
  status: (instanceId: number) => InstanceStatus | null;
  /** Of the registry of all nodes as it is kept here. */
  registryDigest: () => string;
  events: EventQueue;
  clock: () => number;
  logger: Logger;
}

/** The agent's one connection to its master, kept up for ever. */
export interface AgentLink {
  connect(): void;
  state(): LinkState;
  /** This instance's status changed: it is sent soon, together with others. */
  statusChanged(instanceId: number): void;
  /** Dropped when the link is not up. */
  sendSnapshot(snapshot: NodeSnapshot): void;
  sendProgress(sha256: string, receivedBytes: number): void;
  /** @throws SgridError `disconnected` while there is no link; the master's own */
  fetchConfig(instanceId: number, versionId: number): Promise<ConfigContent>;
  /** The queue has something new. */
  eventsChanged(): void;
  close(): void;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 10_000;
/** A master that said no will hardly say yes soon. */
const REFUSED_RETRY_MS = 30_000;
const STATUS_BATCH_MS = 10;
const FAILED_RETRY_MS = 1000;
const EVENTS_PER_MESSAGE = 200;
const PROGRESS_EVERY_MS = 250;

/** What nobody can be asked for now. */
export function notConnected(): SgridError {
  return new SgridError('disconnected', 'there is no link to the master', {
    hint: 'it is tried again when there is one',
  });
}

export function createAgentLink(options: AgentLinkOptions): AgentLink {
  const { events, logger } = options;
  let state: LinkState = 'connecting';
  let retryTimer: NodeJS.Timeout | null = null;
  let statusTimer: NodeJS.Timeout | null = null;
  let eventTimer: NodeJS.Timeout | null = null;
  let delivering = false;
  let lastProgressAt = 0;
  /** Why it could not connect since it was connected last. */
  let lastFailure = '';
  let dropped = new AbortController();
  const dirty = new Set<number>();

  const master = parseMasterAddress(options.masterUrl);
  const pinned = agentFor(master);
  const socket: Socket = io(`${master.origin}${agentLink.namespace}`, {
    // The package has it as a text, and hands it to ws as it is.
    ...(pinned && { agent: pinned as unknown as string }),
    autoConnect: false,
    transports: ['websocket'],
    reconnectionDelay: FIRST_RETRY_MS,
    reconnectionDelayMax: LAST_RETRY_MS,
    randomizationFactor: 0.5,
    auth: (give) => {
      try {
        give(options.hello());
      } catch (error) {
        // Without a hello the master would only say that there is no token; this says why.
        logger.error({ error: toWireError(error) }, 'no token for the master');
        give({});
      }
    },
  });

  function retryIn(delayMs: number): void {
    clearTimeout(retryTimer ?? undefined);
    retryTimer = setTimeout(() => socket.connect(), delayMs);
  }

  async function report(): Promise<void> {
    dirty.clear();
    await call(socket, agentLink.toMaster, 'node.report', {
      at: options.clock(),
      info: options.info(),
      instances: options.statuses(),
      registryDigest: options.registryDigest(),
    });
  }

  socket.on('connect', async () => {
    dropped = new AbortController();
    const { signal } = dropped;
    try {
      await report();
    } catch (error) {
      // Without a report the master knows nothing of us: begin again.
      if (signal.aborted) return;
      logger.warn({ error: toWireError(error) }, 'the master did not take the report');
      socket.disconnect();
      retryIn(FAILED_RETRY_MS);
      return;
    }
    if (signal.aborted) return;
    state = 'up';
    lastFailure = '';
    logger.info({ master: options.masterUrl }, 'connected to the master');
    scheduleStatuses(STATUS_BATCH_MS);
    void deliverEvents();
  });

  socket.on('disconnect', (reason) => {
    dropped.abort();
    if (state === 'up') logger.warn({ reason }, 'connection to the master lost; services go on');
    state = 'down';
    // Socket.IO reconnects by itself except after the server's own disconnect.
    if (reason === 'io server disconnect') retryIn(FAILED_RETRY_MS + Math.random() * FAILED_RETRY_MS);
  });

  socket.on('connect_error', (error) => {
    // `active` says that Socket.IO goes on trying: nobody answered. Else the master did, and said no.
    if (socket.active) {
      const failure = explainConnectFailure(error);
      const [reason, hint] = [english(failure.reason), english(failure.hint ?? '')];
      // Once for each reason: a master that is restarted with another certificate is no longer just away.
      if (reason !== lastFailure)
        logger.warn(
          { master: options.masterUrl, reason, ...(hint !== '' && { hint }) },
          'no link to the master; services go on',
        );
      lastFailure = reason;
      state = 'down';
      return;
    }
    state = 'refused';
    const refusal = wireErrorSchema.safeParse((error as { data?: unknown }).data);
    logger.error(
      { error: refusal.success ? refusal.data : { message: error.message }, retryInMs: REFUSED_RETRY_MS },
      'the master refuses this agent; services go on',
    );
    retryIn(REFUSED_RETRY_MS);
  });

  bindMessages(
    {
      on: (event, listener) => socket.on(event, listener),
      onAny: (listener) => socket.onAny(listener),
    },
    agentLink.toClient,
    withSignal(options.handlers),
    {
      context: null,
      self: options.self,
      onError: (name, error) => logger.warn({ name, error: toWireError(error) }, 'request failed'),
    },
  );

  /** Each request gets the signal of the connection that it came by. */
  function withSignal(
    handlers: AgentHandlers,
  ): RequestHandlers<MasterToAgent, null> & NoticeHandlers<MasterToAgent, null> {
    const wrap =
      <P, R>(handler: (payload: P, context: { signal: AbortSignal }) => R) =>
      (payload: P): R =>
        handler(payload, { signal: dropped.signal });
    return {
      'node.ping': wrap(handlers['node.ping']),
      'node.ports': wrap(handlers['node.ports']),
      'release.prepare': wrap(handlers['release.prepare']),
      'instance.apply': wrap(handlers['instance.apply']),
      'assignment.list': wrap(handlers['assignment.list']),
      'config.read': wrap(handlers['config.read']),
      'instance.remove': wrap(handlers['instance.remove']),
      'instance.resolve': wrap(handlers['instance.resolve']),
      'log.read': wrap(handlers['log.read']),
      'log.search': wrap(handlers['log.search']),
      'log.runs': wrap(handlers['log.runs']),
      'log.files': wrap(handlers['log.files']),
      'registry.changed': wrap(handlers['registry.changed']),
    };
  }

  function scheduleStatuses(delayMs: number): void {
    if (state !== 'up' || dirty.size === 0 || statusTimer !== null) return;
    statusTimer = setTimeout(() => {
      statusTimer = null;
      void sendStatuses();
    }, delayMs);
  }

  async function sendStatuses(): Promise<void> {
    if (state !== 'up') return;
    const ids = [...dirty];
    dirty.clear();
    const instances = ids.map(options.status).filter((status) => status !== null);
    if (instances.length === 0) return;
    try {
      await call(socket, agentLink.toMaster, 'instance.status', { instances });
    } catch (error) {
      logger.warn({ error: toWireError(error) }, 'statuses were not taken');
      for (const id of ids) dirty.add(id);
      scheduleStatuses(FAILED_RETRY_MS);
    }
  }

  /** One message at a time, so that the order is kept. */
  async function deliverEvents(): Promise<void> {
    if (delivering) return;
    delivering = true;
    try {
      while (state === 'up') {
        const batch = events.peek(EVENTS_PER_MESSAGE);
        if (batch.length === 0) break;
        await call(socket, agentLink.toMaster, 'event.deliver', { events: batch });
        events.remove(batch.map(({ eventId }) => eventId));
      }
    } catch (error) {
      logger.warn({ error: toWireError(error) }, 'events were not taken; they are kept');
      // A link that comes back delivers by itself.
      if (state !== 'up') return;
      clearTimeout(eventTimer ?? undefined);
      eventTimer = setTimeout(() => void deliverEvents(), FAILED_RETRY_MS);
    } finally {
      delivering = false;
    }
  }

  return {
    connect: () => void socket.connect(),
    state: () => state,
    statusChanged(instanceId) {
      dirty.add(instanceId);
      scheduleStatuses(STATUS_BATCH_MS);
    },
    sendSnapshot(snapshot) {
      if (state === 'up') tell(socket.volatile, agentLink.toMaster, 'node.snapshot', snapshot);
    },
    sendProgress(sha256, receivedBytes) {
      const now = options.clock();
      if (state !== 'up' || Math.abs(now - lastProgressAt) < PROGRESS_EVERY_MS) return;
      lastProgressAt = now;
      tell(socket.volatile, agentLink.toMaster, 'release.progress', { sha256, receivedBytes });
    },
    async fetchConfig(instanceId, versionId) {
      // Also while the report is under way: what it is answered with may need it.
      if (!socket.connected) throw notConnected();
      return await call(socket, agentLink.toMaster, 'config.fetch', { instanceId, versionId });
    },
    eventsChanged: () => void deliverEvents(),
    close() {
      for (const timer of [retryTimer, statusTimer, eventTimer]) clearTimeout(timer ?? undefined);
      dropped.abort();
      socket.disconnect();
      state = 'down';
    },
  };
}
