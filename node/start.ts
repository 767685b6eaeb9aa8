import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { said } from '../common/domain/said.ts';
import { SgridError } from '../common/protocol/errors.ts';
import { isOpenToOthers, parseMasterAddress } from '../common/protocol/master-address.ts';
import { PROTOCOL_VERSION } from '../common/protocol/version.ts';
import { writeFileAtomic } from '../common/system/atomic-file.ts';
import { type AgentLink, createAgentLink, type LinkState, notConnected } from './agent.ts';
import { detectDriver } from './cgroup/detect.ts';
import { createClosers } from './closers.ts';
import type { AgentConfig } from './config.ts';
import { readHeldText } from './config-files/held-text.ts';
import { createHandlers } from './handlers.ts';
import { createDiscoveryEndpoint, discoveryNotReady } from './http/discovery.ts';
import {
  countStates,
  healthHandler,
  type LocalHandler,
  openLocalServer,
  readinessHandler,
} from './http/local-server.ts';
import { metricsHandler } from './http/metrics.ts';
import { readMachineId } from './machine-id.ts';
import { localEntries } from './registry/local-entries.ts';
import { openRegistry, type Registry } from './registry/registry.ts';
import { sampleRegularly } from './sampling.ts';
import { openStateDirectory } from './state-directory.ts';
import { createDiskWatch } from './stats/disk-watch.ts';
import { openMemoryWatch } from './stats/memory-watch.ts';
import { readNodeInfo } from './stats/node-info.ts';
import { createSampler } from './stats/sampler.ts';
import { openSupervision } from './supervision.ts';
import type { EventQueue } from './supervisor/event-queue.ts';
import type { Supervisor } from './supervisor/supervisor.ts';
import { tokenReader } from './token.ts';

export interface StartOptions {
  config: AgentConfig;
  logger: Logger;
  version: string;
  env: Readonly<Record<string, string | undefined>>;
  /** The shim's script. */
  shimFile: string;
  /** What the thread of a search in a log runs. */
  searchWorkerFile: string;
  /** What the thread that unpacks a package runs. */
  unpackWorkerFile: string;
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

const PROC_ROOT = '/proc';

/**
 * A whole agent on a state directory. What fails half-way leaves nothing open behind.
 *
 * @throws SgridError with what to do, for everything that a person can mend.
 */
export async function startAgent(options: StartOptions): Promise<Agent> {
  const { config, logger, version } = options;
  const { mainNode, nodeIndex, alias, host } = config;
  const startedAt = Date.now();
  const closers = createClosers();
  try {
    const directory = openStateDirectory(config, PROC_ROOT);
    closers.add(directory.release);
    const { layout, state } = directory;
    const driver = await detectDriver({
      driver: config.cgroupDriver,
      parent: config.cgroupParent,
      ownCgroups: state.ownCgroups,
    });
    if (driver.warning !== '') logger.warn({ driver: driver.name }, driver.warning);
    if (isOpenToOthers(parseMasterAddress(mainNode)))
      logger.warn({ master: mainNode }, 'without TLS, tokens can be read on their way to the master');

    // Made last, and told of changes from the first on.
    let link: AgentLink | null = null;
    let registry: Registry | null = null;
    let supervised: Supervisor | null = null;
    let queue: EventQueue | null = null;
    let discovery: LocalHandler = discoveryNotReady;
    const server = await openLocalServer(config.nodePort, [
      healthHandler(() => ({
        status: 'ok',
        version,
        nodeId: nodeIndex,
        link: link?.state() ?? 'connecting',
        cgroupDriver: driver.name,
        instances: countStates(supervised?.statuses() ?? []),
      })),
      readinessHandler(() =>
        supervised === null ? ['programs that were left running are being identified'] : [],
      ),
      metricsHandler(() => ({
        version,
        nodeId: nodeIndex,
        link: link?.state() ?? 'connecting',
        cgroupDriver: driver.name,
        statuses: supervised?.statuses() ?? [],
        queuedEvents: queue?.size() ?? 0,
      })),
      (...request) => discovery(...request),
    ]);
    closers.add(server.close);

    const nodeInfo = readNodeInfo({
      driver,
      agentVersion: version,
      agentStartedAt: startedAt,
      javaCommand: config.javaBinary,
    });
    // Awaited below; until then a failure of something else must not make this one an unhandled rejection.
    nodeInfo.catch(() => {});
    const token = tokenReader(config, layout.root);
    const { supervisor, releaseStore, logStore, events } = await openSupervision(
      {
        ...options,
        directory,
        driver,
        procRoot: PROC_ROOT,
        token,
        fetchConfig: async (instanceId, versionId) => {
          if (link === null) throw notConnected();
          return await link.fetchConfig(instanceId, versionId);
        },
        onProgress: (sha256, receivedBytes) => link?.sendProgress(sha256, receivedBytes),
        onEvent: () => link?.eventsChanged(),
        onStatus: (instanceId) => {
          link?.statusChanged(instanceId);
          registry?.localChanged();
        },
      },
      closers,
    );
    supervised = supervisor;
    queue = events;
    // Only now, when what runs has been identified: an agent that starts must not take it off the lists.
    const known = openRegistry({
      directory: layout.registry,
      nodeId: nodeIndex,
      local: () => localEntries(supervisor.instances(), nodeIndex, host),
      clock: Date.now,
      logger,
    });
    registry = known;
    closers.add(known.close);
    const endpoint = createDiscoveryEndpoint(known, nodeIndex);
    closers.add(endpoint.close);
    discovery = endpoint.handler;
    try {
      writeFileAtomic(join(layout.registry, 'node.port'), `${server.port}\n`, 0o644);
    } catch (error) {
      logger.error({ err: error }, 'node.port could not be written: services do not find this agent');
    }
    const info = await nodeInfo;
    const heldText = (instanceId: number, name: string): Promise<string> => {
      const held = supervisor.instances().find(({ assignment }) => assignment.instanceId === instanceId);
      const file = held?.assignment.config?.files.find((each) => each.name === name);
      if (file !== undefined) return readHeldText(layout.instance(instanceId).conf, file);
      throw new SgridError('not_found', said`instance ${instanceId} has no config file ${name} here`);
    };
    const identity = { agentId: state.agentId, machineId: readMachineId(), runId: randomUUID() };
    link = createAgentLink({
      masterUrl: mainNode,
      self: `sgridnode ${version} on node ${nodeIndex}`,
      hello: () => ({
        ...{ token: token(), protocolVersion: PROTOCOL_VERSION, version },
        ...{ nodeId: nodeIndex, ...identity, alias, innerAddress: host },
      }),
      handlers: createHandlers(supervisor, releaseStore, logStore, known, heldText),
      info: () => info,
      statuses: supervisor.statuses,
      status: supervisor.status,
      registryDigest: known.digest,
      events,
      clock: Date.now,
      logger,
    });
    const live = link;
    closers.add(live.close);
    const stopSampling = sampleRegularly({
      supervisor,
      sampler: createSampler({
        driver,
        directories: [layout.root, layout.logs, layout.releases, layout.registry],
        clock: Date.now,
      }),
      memoryWatch: openMemoryWatch({
        file: layout.memoryFile,
        workingSet: driver.workingSet,
        append: events.append,
        clock: Date.now,
        onError: (error) => logger.error({ err: error }, 'warnings of memory may be repeated'),
      }),
      diskWatch: createDiskWatch({ append: events.append, clock: Date.now }),
      send: live.sendSnapshot,
      logger,
    });
    closers.add(stopSampling);
    live.connect();
    return {
      nodePort: server.port,
      driver: driver.name,
      warning: driver.warning,
      adopted: supervisor.statuses().filter(({ adopted }) => adopted).length,
      link: live.state,
      close: closers.closeAll,
    };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}
