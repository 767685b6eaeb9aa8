import type { Logger } from 'pino';
import { describeError } from '../common/protocol/errors.ts';
import { type Authority, createAuthority } from './access/authority.ts';
import { createFailureLimit, DEFAULT_FAILURE_LIMIT } from './access/failure-limit.ts';
import type { RenewTokenFile } from './access/first-tokens.ts';
import { createTokenExpiry } from './access/token-expiry.ts';
import { createBackground } from './background.ts';
import type { Keyring } from './config-files/keyring.ts';
import { createControl } from './control/create-control.ts';
import { createNodeArrival } from './control/node-arrival.ts';
import { createEventLog } from './event-log.ts';
import { createFrameStream } from './fleet/frame-stream.ts';
import { loadFleet } from './fleet/load-fleet.ts';
import { createAgentHandlers } from './handlers/agent-report.ts';
import { createRegistry } from './handlers/registry.ts';
import { createHistory } from './history/history.ts';
import type { Certificate } from './http/certificate.ts';
import { listen } from './http/listen.ts';
import { createHttpListener } from './http/listener.ts';
import { createOpenRequests } from './http/open-requests.ts';
import { createMasterServer } from './http/open-server.ts';
import { ownUrl } from './http/own-url.ts';
import type { PackageStore } from './http/package-store.ts';
import { createUploads } from './http/upload.ts';
import { DEFAULT_MASTER_LIMITS, type MasterLimits } from './limits.ts';
import { openAgentNamespace } from './links/agent-namespace.ts';
import { createAudience } from './links/audience.ts';
import { openCockpitNamespace } from './links/cockpit-namespace.ts';
import { createSocketServer } from './links/socket-server.ts';
import { createMetrics } from './metrics/metrics.ts';
import { createPresence } from './presence.ts';
import { type AgentRooms, createRelay, type Relay } from './relay.ts';
import type { Store } from './store/open-store.ts';
import { createWebhookDispatcher } from './webhooks/dispatcher.ts';
import type { Webhook } from './webhooks/webhook.ts';

export interface MasterComponents {
  store: Store;
  /** For the secrets in config files. */
  keyring: Keyring;
  packages: PackageStore;
  /** Default: there are none. */
  renewTokenFile?: RenewTokenFile;
  logger: Logger;
  now: () => number;
  newId: () => string;
  version: string;
  /** Whom to tell of events. */
  webhooks?: readonly Webhook[];
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** Without one everything is in plain text. */
  certificate?: Certificate;
  limits?: Partial<MasterLimits>;
}

export interface Master {
  url: string;
  port: number;
  /** Calls to agents that wait for an answer. */
  pendingCalls(): number;
  /** Ends all connections and timers. Rollouts stay as the database has them. The store is the caller's to close. */
  close(): Promise<void>;
}

/**
 * Starts a master out of its components.
 *
 * @throws SgridError `conflict` for a taken port, `permission_denied` for one that this user may not have.
 */
export async function createMaster(components: MasterComponents): Promise<Master> {
  const { store, packages, logger, now, newId, version, host } = components;
  const limits = { ...DEFAULT_MASTER_LIMITS, ...components.limits };
  await packages.sweep((sha256) => store.releases.hasPackage(sha256), now());
  const fleet = await loadFleet(store);
  const failures = createFailureLimit({ ...DEFAULT_FAILURE_LIMIT, clock: () => performance.now() });
  const tokens = await store.tokens.list();
  const known = createAuthority(tokens, now, failures);
  const background = createBackground(logger);

  const timeouts = {
    // An upload may take hours: receiveBody has its own limits.
    requestTimeout: 0,
    // Node.js would take it from the one above.
    headersTimeout: limits.headersMs,
    connectionsCheckingInterval: limits.headersMs,
  };
  // Ours goes in ahead of Socket.IO's, which wraps it.
  const certificate = components.certificate ?? null;
  const server = createMasterServer(certificate, timeouts, (request, response) =>
    listener(request, response),
  );
  const sockets = createSocketServer(server);
  const { agents, cockpits } = sockets;
  const audience = createAudience(sockets);
  const openRequests = createOpenRequests();
  const cutToken = (name: string): void => {
    audience.cutToken(name);
    openRequests.cut(name);
  };
  const expiry = createTokenExpiry({ now, end: cutToken });
  const authority: Authority = {
    ...known,
    load(all) {
      known.load(all);
      expiry.watch(all);
    },
  };
  expiry.watch(tokens);

  const metrics = createMetrics(version, () => ({
    fleet: fleet.snapshot({ kind: 'all' }, now()),
    pendingCalls: relay.waiting(),
    cockpits: cockpits.sockets.size,
    rollouts: rollouts.underWay(),
  }));
  const relay: Relay = createRelay(agents as AgentRooms, fleet.nodeName, metrics.countRelayed);
  const webhooks = createWebhookDispatcher({
    webhooks: components.webhooks ?? [],
    store: store.webhooks,
    logger,
    now,
    random: Math.random,
    fetch,
  });
  const events = createEventLog({
    store,
    push: (added) => {
      metrics.countEvents(added);
      audience.tellEvents(added);
      webhooks.wake();
    },
    now,
    newId,
  });
  const frames = createFrameStream({
    fleet,
    send: audience.sendFrame,
    isBehind: audience.isBehind,
    now,
    intervalMs: limits.frameIntervalMs,
    changesIntervalMs: limits.changesIntervalMs,
  });
  const history = createHistory({ store, now, flushIntervalMs: limits.historyFlushMs, logger });
  const presence = createPresence({
    push: audience.tellSessions,
    now,
    intervalMs: limits.presenceIntervalMs,
  });
  const registry = createRegistry({
    fleet,
    send: audience.sendRegistry,
    join: audience.joinAgents,
    now,
    intervalMs: limits.registryIntervalMs,
    graceMs: limits.registryGraceMs,
    startGraceMs: limits.registryStartGraceMs,
    maxStartGraceMs: limits.registryMaxStartGraceMs,
  });
  const control = createControl({
    store,
    packages,
    fleet,
    relay,
    events,
    background,
    logger,
    now,
    tellRollout: audience.tellRollout,
    nodeWaitMs: limits.nodeWaitMs,
  });
  const { rollouts, releaseRemoval } = control;

  const deps = {
    ...control,
    store,
    packages,
    fleet,
    frames,
    history,
    presence,
    relay,
    keyring: components.keyring,
    events,
    background,
    logger,
    registry,
    authority,
    cutToken,
    renewTokenFile: components.renewTokenFile ?? (() => null),
    now,
    version,
    minReadyMs: limits.minReadyMs,
  };
  let closing = false;
  openCockpitNamespace({ ...deps, namespace: cockpits });
  const arrival = createNodeArrival({
    authority,
    fleet,
    relay,
    events,
    background,
    now,
    isClosing: () => closing,
  });
  openAgentNamespace({
    ...arrival,
    namespace: agents,
    authority,
    fleet,
    background,
    logger,
    handlers: createAgentHandlers(deps),
  });

  const uploads = createUploads({
    store,
    packages,
    events,
    now,
    background,
    prune: releaseRemoval.prune,
    limits: {
      maxBytes: limits.maxPackageBytes,
      idleMs: limits.uploadIdleMs,
      totalMs: limits.uploadTotalMs,
    },
  });
  const unready = async (): Promise<string[]> => {
    if (closing) return ['it is ending'];
    const reasons: string[] = [];
    await store.nodes.list().catch((error: unknown) => {
      reasons.push(`the database cannot be read: ${describeError(error)}`);
    });
    await store.demandSpace().catch((error: unknown) => {
      reasons.push(`nothing can be changed: ${describeError(error)}`);
    });
    return reasons;
  };
  const listener = createHttpListener({
    authority,
    packages,
    uploads,
    metrics,
    openRequests,
    unready,
    version,
    logger,
  });
  server.on('checkContinue', listener);

  const close = async (): Promise<void> => {
    closing = true;
    expiry.close();
    control.close();
    frames.close();
    presence.close();
    registry.close();
    relay.close();
    const closed = sockets.close();
    server.closeAllConnections();
    await closed;
    await background.settle();
    await webhooks.close();
    await history.close();
  };

  let port: number;
  try {
    port = await listen(server, host, components.port);
    // Without a listener one connection that cannot be accepted (accept(2), EMFILE) would end the master.
    server.on('error', (error) => logger.error({ error: describeError(error) }, 'connection not accepted'));
    await control.resume();
  } catch (error) {
    await close();
    throw error;
  }

  return {
    url: ownUrl(host, port, certificate),
    port,
    pendingCalls: relay.waiting,
    async close() {
      await close();
      await store.nodes.saw(fleet.upNodeIds(), now());
    },
  };
}
