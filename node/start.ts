import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { SgridError } from '../common/protocol/errors.ts';
import { PROTOCOL_VERSION } from '../common/protocol/version.ts';
import { explainFileError, readFileIfThere, writeFileAtomic } from '../common/system/atomic-file.ts';
import { acquireLock } from '../common/system/lock-file.ts';
import { readBootId } from '../common/system/process-identity.ts';
import { type AgentLink, createAgentLink, type LinkState } from './agent.ts';
import { loadAgentState } from './agent-state.ts';
import { detectDriver, readOwnCgroups } from './cgroup/detect.ts';
import type { AgentConfig } from './config.ts';
import { createPackageFetcher } from './fetch-package.ts';
import { createHandlers } from './handlers.ts';
import { createDiscoveryEndpoint } from './http/discovery.ts';
import { healthHandler, type LocalHandler, openLocalServer } from './http/local-server.ts';
import { createLogStore } from './log/create-log-store.ts';
import { createLogEvents } from './log/log-events.ts';
import { createLauncher, probeSignalReset } from './process/launcher.ts';
import { findShims } from './process/shims.ts';
import { localEntries } from './registry/local-entries.ts';
import { openRegistry, type Registry } from './registry/registry.ts';
import { createReleaseStore } from './release/create-release-store.ts';
import { sampleRegularly } from './sampling.ts';
import { readNodeInfo } from './stats/node-info.ts';
import { createSampler } from './stats/sampler.ts';
import { openEventQueue } from './supervisor/event-queue.ts';
import { stateLayout } from './supervisor/layout.ts';
import { openSupervisor, type Supervisor } from './supervisor/supervisor.ts';

export interface StartOptions {
  config: AgentConfig;
  logger: Logger;
  version: string;
  env: Readonly<Record<string, string | undefined>>;
  /** The shim's script. */
  shimFile: string;
  /** What the thread of a search in a log runs. */
  searchWorkerFile: string;
}

export interface Agent {
  readonly nodePort: number;
  readonly driver: string;
  /** Why the driver cannot do all; empty when it can. */
  readonly warning: string;
  /** How many programs were found running. */
  readonly adopted: number;
  link(): LinkState;
  /** Lets go of everything but the services, which go on. */
  close(): Promise<void>;
}

const KEPT_EVENTS = 10_000;
const PROC_ROOT = '/proc';

/**
 * A whole agent on a state directory. What fails half-way leaves nothing open behind.
 *
 * @throws SgridError with what to do, for everything that a person can mend.
 */
export async function startAgent(options: StartOptions): Promise<Agent> {
  const { config, logger, version } = options;
  const startedAt = Date.now();
  const stateDir = resolve(config.stateDir);
  const layout = stateLayout(
    stateDir,
    config.registryDir === undefined ? stateDir : resolve(config.registryDir),
  );
  const opened: (() => void | Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    makeDirectory(layout.root);
    makeDirectory(layout.registry);
    opened.push(acquireLock(layout.lockFile, 'this state directory').release);
    const bootId = readBootId(PROC_ROOT);
    const state = loadAgentState(layout.agentFile, bootId, readOwnCgroups(PROC_ROOT));
    const driver = await detectDriver({
      driver: config.cgroupDriver,
      parent: config.cgroupParent,
      ownCgroups: state.ownCgroups,
    });
    if (driver.warning !== '') logger.warn({ driver: driver.name }, driver.warning);

    // The link and the registry are made last, and told of changes from the first on.
    let link: AgentLink | null = null;
    let registry: Registry | null = null;
    let discovery: LocalHandler = notReady;
    const server = await openLocalServer(config.nodePort, [
      healthHandler(() => ({
        status: 'ok',
        version,
        nodeId: config.nodeIndex,
        link: link?.state() ?? 'connecting',
        cgroupDriver: driver.name,
        instances: countStates(supervisor),
      })),
      (...request) => discovery(...request),
    ]);
    opened.push(server.close);

    const token = tokenReader(config, layout.root);
    const releaseStore = createReleaseStore({
      root: layout.releases,
      clock: Date.now,
      fetchPackage: createPackageFetcher({
        masterUrl: config.mainNode,
        token,
        onProgress: (sha256, receivedBytes) => link?.sendProgress(sha256, receivedBytes),
      }),
    });
    opened.push(releaseStore.close);
    mkdirSync(join(layout.root, 'events'), { recursive: true });
    const events = openEventQueue({
      file: layout.eventsFile,
      capacity: KEPT_EVENTS,
      onAppend: () => link?.eventsChanged(),
      onError: (error) => logger.error({ err: error }, 'events are kept in memory only'),
    });
    opened.push(events.close);
    const logStore = createLogStore({
      root: layout.logs,
      clock: Date.now,
      onEvent: createLogEvents({ clock: Date.now, newId: randomUUID, append: events.append }),
      searchWorkerFile: options.searchWorkerFile,
    });
    opened.push(logStore.close);

    let supervisor: Supervisor | null = null;
    const nodeInfo = readNodeInfo({
      driver,
      agentVersion: version,
      agentStartedAt: startedAt,
      javaCommand: config.javaBinary,
    });
    supervisor = await openSupervisor(
      {
        driver,
        launcher: createLauncher({
          shell: findShell(),
          shimFile: options.shimFile,
          resetSignals: await probeSignalReset(),
        }),
        logStore,
        releaseStore,
        events,
        layout,
        runtimes: { node: config.nodeBinary, java: config.javaBinary },
        env: options.env,
        nodeId: config.nodeIndex,
        agentId: state.agentId,
        bootId,
        procRoot: PROC_ROOT,
        findShims: () => findShims(PROC_ROOT),
        clock: Date.now,
        random: Math.random,
        logger,
      },
      (instanceId) => {
        link?.statusChanged(instanceId);
        registry?.localChanged();
      },
    );
    opened.push(supervisor.close);
    const running = supervisor;
    // Only now, when what runs has been identified: an agent that starts must not take it off the lists.
    const known = openRegistry({
      directory: layout.registry,
      nodeId: config.nodeIndex,
      local: () => localEntries(running.instances(), config.nodeIndex, config.host),
      clock: Date.now,
      logger,
    });
    registry = known;
    opened.push(known.close);
    const endpoint = createDiscoveryEndpoint(known, config.nodeIndex);
    opened.push(endpoint.close);
    discovery = endpoint.handler;
    writeFileAtomic(join(layout.registry, 'node.port'), `${server.port}\n`, 0o644);
    const info = await nodeInfo;
    link = createAgentLink({
      masterUrl: config.mainNode,
      hello: () => ({
        token: token(),
        protocolVersion: PROTOCOL_VERSION,
        version,
        nodeId: config.nodeIndex,
        agentId: state.agentId,
        alias: config.alias,
        innerAddress: config.host,
      }),
      handlers: createHandlers(running, releaseStore, logStore, known),
      info: () => info,
      statuses: running.statuses,
      status: running.status,
      registryDigest: known.digest,
      events,
      clock: Date.now,
      logger,
    });
    const live = link;
    opened.push(live.close);
    const sampler = createSampler({
      driver,
      directories: [layout.root, layout.logs, layout.releases, layout.registry],
      clock: Date.now,
    });
    opened.push(sampleRegularly({ supervisor: running, sampler, send: live.sendSnapshot, logger }));
    live.connect();
    return {
      nodePort: server.port,
      driver: driver.name,
      warning: driver.warning,
      adopted: running.statuses().filter(({ adopted }) => adopted).length,
      link: live.state,
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw explainFileError(error, directory);
  }
}

/** Read at each use: a token may be replaced while the agent runs, and comes after it on a machine's first start. */
function tokenReader({ tokenFile }: AgentConfig, stateDir: string): () => string {
  const file = resolve(tokenFile ?? join(stateDir, 'agent.token'));
  return () => {
    const token = readFileIfThere(file)?.trim() ?? '';
    if (token !== '') return token;
    throw new SgridError('unauthenticated', `there is no token in ${file}`, {
      hint: "put the master's token of role agent there, or name its file with --token-file",
    });
  };
}

/** dash where there is one: it takes the least memory, one of them per running instance. */
function findShell(): string {
  return ['/bin/dash', '/usr/bin/dash'].find(existsSync) ?? '/bin/sh';
}

const notReady: LocalHandler = ({ pathname }) => {
  if (!pathname.startsWith('/v1/services')) return false;
  throw new SgridError('busy', 'the agent is starting', { hint: 'try again in a second' });
};

function countStates(supervisor: Supervisor | null): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state } of supervisor?.statuses() ?? []) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
