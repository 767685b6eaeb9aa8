import type { Logger } from 'pino';
import { Server } from 'socket.io';
import { agentLink } from '../common/protocol/agent-link.ts';
import { tell } from '../common/protocol/bind.ts';
import { cockpitLink } from '../common/protocol/cockpit-link.ts';
import { describeError, SgridError, toWireError } from '../common/protocol/errors.ts';
import { packSamples } from '../common/protocol/packed-samples.ts';
import { firstAddress } from '../common/system/own-address.ts';
import { createAuthority } from './access/authority.ts';
import { createFailureLimit, DEFAULT_FAILURE_LIMIT } from './access/failure-limit.ts';
import type { RenewTokenFile } from './access/first-tokens.ts';
import { toConnectError } from './access/handshake.ts';
import { createBackground } from './background.ts';
import { createConfigRunner } from './config-files/config-runner.ts';
import type { Keyring } from './config-files/keyring.ts';
import { createAdoption } from './control/adoption.ts';
import { createInstanceCommands, type InstanceCommands } from './control/instance-commands.ts';
import { createReleaseRemoval } from './control/release-removal.ts';
import { createRolloutPush } from './control/rollout-push.ts';
import { createRolloutRunner, type RolloutRunner } from './control/rollout-runner.ts';
import { createEventLog } from './event-log.ts';
import { createFleetModel, type FleetModel } from './fleet/fleet-model.ts';
import { createFrameStream } from './fleet/frame-stream.ts';
import { createAgentHandlers } from './handlers/agent-report.ts';
import { createRegistry } from './handlers/registry.ts';
import { createHistory } from './history/history.ts';
import type { Certificate } from './http/certificate.ts';
import { listen } from './http/listen.ts';
import { createHttpListener } from './http/listener.ts';
import { createMasterServer } from './http/open-server.ts';
import type { PackageStore } from './http/package-store.ts';
import { createUploads } from './http/upload.ts';
import { openAgentNamespace } from './links/agent-namespace.ts';
import { openCockpitNamespace } from './links/cockpit-namespace.ts';
import { tokenRoom } from './links/token-room.ts';
import { unreadBytes } from './links/unread-bytes.ts';
import { createMetrics } from './metrics/metrics.ts';
import { createPresence } from './presence.ts';
import { type AgentRooms, createRelay, type Relay } from './relay.ts';
import type { Store } from './store/open-store.ts';
import { createWebhookDispatcher } from './webhooks/dispatcher.ts';
import type { Webhook } from './webhooks/webhook.ts';

export interface MasterLimits {
  maxPackageBytes: number;
  /** An upload without a byte for so long is given up. */
  uploadIdleMs: number;
  uploadTotalMs: number;
  /** A connection whose request has not come to the end of its headers is cut after one to two times this. */
  headersMs: number;
  frameIntervalMs: number;
  /** Between two frames without figures, that only tell what changed. */
  changesIntervalMs: number;
  /** How long a program must be up to count as come up in a rollout that does not say it. */
  minReadyMs: number;
  /** How long a rollout waits for a node that is away. */
  nodeWaitMs: number;
  /** Least time between two pushes of what changed in the registry. */
  registryIntervalMs: number;
  /** How long the registry keeps the instances of a node that was lost. */
  registryGraceMs: number;
  /** The same for nodes that have not come since this master started, as long as no other comes. */
  registryStartGraceMs: number;
  /** The same since the start of the master, while others come. */
  registryMaxStartGraceMs: number;
  /** How often figures are written to the history. */
  historyFlushMs: number;
  /** Least time between two notices of who is connected. */
  presenceIntervalMs: number;
}

export const DEFAULT_MASTER_LIMITS: MasterLimits = {
  maxPackageBytes: 2 * 1024 ** 3,
  uploadIdleMs: 30_000,
  uploadTotalMs: 4 * 3_600_000,
  headersMs: 15_000,
  frameIntervalMs: 1_000,
  changesIntervalMs: 50,
  minReadyMs: 1_000,
  nodeWaitMs: 60_000,
  registryIntervalMs: 250,
  registryGraceMs: 10_000,
  // Twice the longest pause of an agent between two attempts: 10 s, and half as much at random.
  registryStartGraceMs: 30_000,
  registryMaxStartGraceMs: 120_000,
  historyFlushMs: 10_000,
  presenceIntervalMs: 1_000,
};

/** A cockpit that has not read so much gets no more frames; they are larger only in a fleet of thousands. */
const MAX_UNREAD_BYTES = 256 * 1024;

/** Larger than any message that is meant to be: a log chunk has 1 MiB, the report of a node with 10,000 instances 5. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

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
  const authority = createAuthority(await store.tokens.list(), now, failures);
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
  const io = new Server(server, {
    transports: ['websocket'],
    serveClient: false,
    perMessageDeflate: false,
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    connectTimeout: 10_000,
    pingInterval: 5_000,
    pingTimeout: 10_000,
  });
  const agents = io.of(agentLink.namespace);
  const cockpits = io.of(cockpitLink.namespace);
  io.use((_socket, next) => next(toConnectError(new SgridError('not_found', 'nothing is served here'))));

  const metrics = createMetrics(version, () => ({
    fleet: fleet.snapshot({ kind: 'all' }, now()),
    pendingCalls: relay.waiting(),
    cockpits: cockpits.sockets.size,
    rollouts: rollouts.underWay(),
  }));
  const relay: Relay = createRelay(agents as AgentRooms, metrics.countRelayed);
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
      tell(cockpits, cockpitLink.toClient, 'event.added', { events: added });
      webhooks.wake();
    },
    now,
    newId,
  });
  const frames = createFrameStream({
    fleet,
    send: (room, { samples, ...frame }) =>
      tell(cockpits.to(room), cockpitLink.toClient, 'fleet.frame', {
        ...frame,
        ...(samples !== undefined && { samples: packSamples(samples) }),
      }),
    isBehind(socketId) {
      const socket = cockpits.sockets.get(socketId);
      return socket !== undefined && unreadBytes(socket) > MAX_UNREAD_BYTES;
    },
    now,
    intervalMs: limits.frameIntervalMs,
    changesIntervalMs: limits.changesIntervalMs,
  });
  const history = createHistory({ store, now, flushIntervalMs: limits.historyFlushMs, logger });
  const presence = createPresence({
    push: (sessions) => tell(cockpits, cockpitLink.toClient, 'presence.changed', { sessions }),
    now,
    intervalMs: limits.presenceIntervalMs,
  });
  const registry = createRegistry({
    fleet,
    send: (room, change) => tell(agents.to(room), agentLink.toClient, 'registry.changed', change),
    join: (room, other) => agents.in(room).socketsJoin(other),
    now,
    intervalMs: limits.registryIntervalMs,
    graceMs: limits.registryGraceMs,
    startGraceMs: limits.registryStartGraceMs,
    maxStartGraceMs: limits.registryMaxStartGraceMs,
  });
  const rolloutPush = createRolloutPush((rollout) =>
    tell(cockpits, cockpitLink.toClient, 'rollout.changed', { rollout }),
  );
  const rollouts: RolloutRunner = createRolloutRunner({
    store,
    fleet,
    relay,
    events,
    background,
    now,
    commands: (): InstanceCommands => commands,
    push: rolloutPush.push,
    onError: ({ rolloutId }, err) => logger.error({ err, rolloutId }, 'a step of a rollout is tried again'),
    nodeWaitMs: limits.nodeWaitMs,
  });
  const adoption = createAdoption({ fleet, relay, events, now });
  const commands = createInstanceCommands({
    store,
    fleet,
    relay,
    events,
    now,
    demandIdle: rollouts.demandIdle,
    takeOver: (record) => adoption.takeOver(record),
    onReconcileError: ({ instanceId, nodeId }, error) =>
      logger.warn(
        { instanceId, nodeId, error: toWireError(error) },
        'an instance could not be brought up to date',
      ),
  });

  const configs = createConfigRunner({
    fleet,
    commands: (): InstanceCommands => commands,
    background,
    now,
    onError: (err, what) => logger.warn({ ...what, error: toWireError(err) }, 'config is delivered again'),
  });

  const releaseRemoval = createReleaseRemoval({ store, fleet, packages, events, background, now });

  const { minReadyMs } = limits;
  const services = {
    store,
    packages,
    fleet,
    frames,
    history,
    presence,
    relay,
    commands,
    rollouts,
    configs,
    keyring: components.keyring,
    events,
    background,
    logger,
  };
  /** A turn later: who rotates the token that it is connected with has to get the answer first. */
  const cutToken = (name: string): void =>
    void setImmediate(() => {
      for (const namespace of [agents, cockpits]) namespace.in(tokenRoom(name)).disconnectSockets(true);
    });
  const deps = {
    ...services,
    registry,
    releaseRemoval,
    adoption,
    authority,
    cutToken,
    renewTokenFile: components.renewTokenFile ?? (() => null),
    now,
    version,
    minReadyMs,
  };
  let closing = false;
  openCockpitNamespace({ ...deps, namespace: cockpits });
  openAgentNamespace({
    namespace: agents,
    authority,
    fleet,
    background,
    logger,
    async bindToken(name, { nodeId, alias }) {
      const tokens = await events.transaction(async (repositories, record) => {
        await repositories.tokens.bind(name, nodeId);
        const message = `node ${nodeId} (${alias}) joined with the token ${name}, which is its own from now on`;
        await record({ kind: 'node.joined', actor: name, nodeId, message });
        return repositories.tokens.list();
      });
      authority.load(tokens);
    },
    handlers: createAgentHandlers(deps),
    onLost({ nodeId, alias }, replaced) {
      relay.nodeLost(nodeId);
      const record = fleet.node(nodeId);
      if (record === null || replaced || closing) return;
      fleet.putNode({ ...record, lastSeenAt: now() }, false);
      background.run(`noting the loss of node ${nodeId}`, async () => {
        await events.transaction(async ({ nodes }, record) => {
          await nodes.saw([nodeId], now());
          await record({
            kind: 'node.lost',
            result: 'failed',
            nodeId,
            message: `node ${nodeId} (${alias}) lost`,
          });
        });
      });
    },
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
    return await store.nodes.list().then(
      () => [],
      (error: unknown) => [`the database cannot be read: ${describeError(error)}`],
    );
  };
  const listener = createHttpListener({ authority, packages, uploads, metrics, unready, version, logger });
  server.on('checkContinue', listener);

  const close = async (): Promise<void> => {
    closing = true;
    rollouts.close();
    rolloutPush.close();
    configs.close();
    frames.close();
    presence.close();
    registry.close();
    relay.close();
    const closed = io.close();
    server.closeAllConnections();
    await closed;
    await background.settle();
    await webhooks.close();
    await history.close();
  };

  let port: number;
  try {
    port = await listen(server, host, components.port);
  } catch (error) {
    await close();
    throw error;
  }
  for (const rollout of await store.rollouts.open()) rollouts.start(rollout);
  configs.resume();

  return {
    url: addressOf(host, port, certificate),
    port,
    pendingCalls: relay.waiting,
    async close() {
      await close();
      await store.nodes.saw(fleet.upNodeIds(), now());
    },
  };
}

async function loadFleet(store: Store): Promise<FleetModel> {
  const fleet = createFleetModel();
  for (const node of await store.nodes.list()) fleet.putNode(node, false);
  for (const record of await store.instances.list()) fleet.putInstance(record);
  for (const status of await store.instances.statuses()) {
    const nodeId = fleet.instance(status.instanceId)?.record.nodeId;
    if (nodeId !== undefined) fleet.putStatuses(nodeId, [status]);
  }
  return fleet;
}

/** As agents and cockpits are told it, with the pin of the certificate. */
function addressOf(host: string, port: number, certificate: Certificate | null): string {
  const reachable = host === '0.0.0.0' || host === '::' ? firstAddress() : host;
  const authority = `${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
  return certificate === null
    ? `http://${authority}`
    : `https://${authority}#sha256:${certificate.fingerprint}`;
}
