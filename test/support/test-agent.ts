import { randomUUID } from 'node:crypto';
import type { Socket } from 'socket.io-client';
import type { AgentEvent } from '../../common/domain/event.ts';
import { type InstanceFigures, packFigures } from '../../common/domain/figures.ts';
import { NO_HEALTH } from '../../common/domain/health.ts';
import type { Assignment, InstanceStatus } from '../../common/domain/instance.ts';
import type { LogFile, LogReadRequest, LogReadResult } from '../../common/domain/log.ts';
import type { LogRun } from '../../common/domain/log-runs.ts';
import type { LogSearchRequest, LogSearchResult } from '../../common/domain/log-search.ts';
import type { RegistryChange } from '../../common/domain/registry.ts';
import type { ReleaseRef } from '../../common/domain/release.ts';
import { agentLink } from '../../common/protocol/agent-link.ts';
import { bindMessages, call, tell } from '../../common/protocol/bind.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { PROTOCOL_VERSION } from '../../common/protocol/version.ts';
import { connect } from './cockpit-peer.ts';
import { nodeFigures } from './figures.ts';
import type { TestMaster } from './master.ts';

/** What an agent does when it is asked. A test replaces what it is about. */
export interface AgentBehaviour {
  ping(): Promise<Record<string, never>>;
  /** What is listened on on its node. */
  ports(): Promise<number[]>;
  prepare(serviceName: string, release: ReleaseRef): Promise<{ alreadyThere: boolean }>;
  /** What becomes of a newer assignment. */
  apply(assignment: Assignment): Promise<InstanceStatus>;
  remove(instanceId: number): Promise<void>;
  resolve(
    instanceId: number,
    how: 'ended' | 'kill',
    actor: string,
    assignment: Assignment,
  ): Promise<InstanceStatus>;
  readLog(request: LogReadRequest): Promise<LogReadResult>;
  searchLog(request: LogSearchRequest): Promise<LogSearchResult>;
  logRuns(instanceId: number): Promise<LogRun[]>;
  logFiles(instanceId: number): Promise<LogFile[]>;
}

/** An agent that speaks the real protocol and keeps the protocol's promises, over programs that exist only in memory. */
export interface TestAgent {
  readonly nodeId: number;
  readonly agentId: string;
  readonly runId: string;
  readonly statuses: Map<number, InstanceStatus>;
  /** Every assignment that was newer than the one before, in order. */
  readonly applied: Assignment[];
  readonly prepared: ReleaseRef[];
  /** What it was told of the registry, in order. */
  readonly registryChanges: RegistryChange[];
  readonly behaviour: AgentBehaviour;
  /** Connects and reports. @throws SgridError that the master refused the connection with. */
  connect(): Promise<Socket>;
  socket(): Socket;
  /** Sends one status that changed by itself. */
  report(status: InstanceStatus): Promise<void>;
  deliver(events: AgentEvent[]): Promise<void>;
  snapshot(figures: readonly InstanceFigures[]): void;
  close(): void;
}

export function createTestAgent(
  master: Pick<TestMaster, 'url' | 'token'>,
  options: {
    nodeId?: number;
    agentId?: string;
    /** Default: none that outlives a boot. */
    machineId?: string;
    /** Default: `test-` and its number. */
    alias?: string;
    /** Default: another process. */
    runId?: string;
    behaviour?: Partial<AgentBehaviour>;
    startedAt?: number;
    /** Assignments of an earlier master. */
    holds?: readonly Assignment[];
    /** Asked at every connection for what it kept of the registry. */
    registryDigest?: () => string;
  } = {},
): TestAgent {
  const { nodeId = 1, agentId = randomUUID(), startedAt = Date.now() } = options;
  const { machineId = '', runId = randomUUID(), alias = `test-${nodeId}` } = options;
  const statuses = new Map<number, InstanceStatus>();
  const applied: Assignment[] = [];
  const held = new Map<number, Assignment>(options.holds?.map((each) => [each.instanceId, each]));
  const prepared: ReleaseRef[] = [];
  const registryChanges: RegistryChange[] = [];
  let nextPid = 1000;
  let link: Socket | null = null;

  const behaviour: AgentBehaviour = {
    ping: async () => ({}),
    ports: async () => [],
    prepare: async (_serviceName, release) => ({
      alreadyThere: prepared.slice(0, -1).some((known) => known.sha256 === release.sha256),
    }),
    apply: async (assignment) =>
      assignment.desired === 'running'
        ? statusOf(assignment, { state: 'running', pid: nextPid++, startedAt: Date.now() })
        : statusOf(assignment, { state: 'stopped' }),
    remove: async () => {},
    resolve: async (unknownId) => {
      throw new SgridError('conflict', `instance ${unknownId} is not unknown`);
    },
    readLog: async () => ({
      data: new Uint8Array(),
      start: { lineage: 'test', offset: 0 },
      end: { lineage: 'test', offset: 0 },
      headOffset: 0,
      tailOffset: 0,
      lostBytes: 0,
    }),
    searchLog: async () => ({
      ...{ matches: [], text: new Uint8Array(), next: { lineage: 'test', offset: 0 }, stoppedBy: 'end' },
      ...{ scannedBytes: 0, scannedLines: 0, headOffset: 0, tailOffset: 0, lostBytes: 0 },
    }),
    logRuns: async () => [],
    logFiles: async () => [],
    ...options.behaviour,
  };

  const socket = (): Socket => {
    if (link === null) throw new Error('not connected');
    return link;
  };

  return {
    nodeId,
    agentId,
    runId,
    statuses,
    applied,
    prepared,
    registryChanges,
    behaviour,
    socket,
    async connect() {
      const auth = {
        token: master.token('agent'),
        protocolVersion: PROTOCOL_VERSION,
        version: 'test',
        nodeId,
        agentId,
        machineId,
        runId,
        alias,
        innerAddress: '127.0.0.1',
      };
      const connected = await connect(master.url, agentLink.namespace, auth);
      link = connected;
      bindMessages<typeof agentLink.toClient, null>(
        connected,
        agentLink.toClient,
        {
          'node.ping': () => behaviour.ping(),
          'node.ports': async () => ({ ports: await behaviour.ports() }),
          'release.prepare': ({ serviceName, release }) => {
            prepared.push(release);
            return behaviour.prepare(serviceName, release);
          },
          'instance.apply': async ({ assignment }) => {
            const known = statuses.get(assignment.instanceId);
            if (known !== undefined && known.revision >= assignment.revision) return { status: known };
            applied.push(assignment);
            held.set(assignment.instanceId, assignment);
            const status = await behaviour.apply(assignment);
            statuses.set(status.instanceId, status);
            return { status };
          },
          'assignment.list': ({ instanceIds }) => ({
            assignments: [...held.values()].filter(
              ({ instanceId }) => instanceIds?.includes(instanceId) ?? true,
            ),
          }),
          'config.read': async ({ name }) => {
            throw new SgridError('not_found', `no file ${name} here`);
          },
          'instance.remove': async ({ instanceId }) => {
            if (!statuses.has(instanceId))
              throw new SgridError('not_found', `no instance ${instanceId} here`);
            await behaviour.remove(instanceId);
            statuses.delete(instanceId);
            held.delete(instanceId);
            return {};
          },
          'instance.resolve': async ({ instanceId, assignment, how, actor }) => {
            const status = await behaviour.resolve(instanceId, how, actor, assignment);
            statuses.set(status.instanceId, status);
            return { status };
          },
          'log.read': (request) => behaviour.readLog(request),
          'log.search': (request) => behaviour.searchLog(request),
          'log.runs': async ({ instanceId }) => ({ runs: await behaviour.logRuns(instanceId) }),
          'log.files': async ({ instanceId }) => ({ files: await behaviour.logFiles(instanceId) }),
          'registry.changed': (change) => void registryChanges.push(change),
        },
        { context: null },
      );
      // What is sent behind a disconnection would wait for a connection that does not come.
      if (!connected.connected) throw new SgridError('disconnected', 'the master cut the link at once');
      await call(connected, agentLink.toMaster, 'node.report', {
        at: Date.now(),
        info: {
          hostname: `test-${nodeId}`,
          os: 'test',
          kernel: 'test',
          arch: 'x64',
          cpuCount: 4,
          memoryBytes: 8 * 1024 ** 3,
          bootedAt: startedAt,
          agentVersion: 'test',
          agentStartedAt: startedAt,
          cgroupDriver: 'none',
          cgroupWarning: 'a test agent',
          runtimes: {},
        },
        instances: [...statuses.values()],
        ...(options.registryDigest && { registryDigest: options.registryDigest() }),
      });
      return connected;
    },
    async report(status) {
      statuses.set(status.instanceId, status);
      await call(socket(), agentLink.toMaster, 'instance.status', { instances: [status] });
    },
    async deliver(events) {
      await call(socket(), agentLink.toMaster, 'event.deliver', { events });
    },
    snapshot(figures) {
      tell(socket(), agentLink.toMaster, 'node.snapshot', {
        at: Date.now(),
        node: nodeFigures({
          cpuMillicores: 100,
          memoryUsedBytes: 1024 ** 3,
          memoryTotalBytes: 8 * 1024 ** 3,
        }),
        instances: packFigures(figures),
      });
    },
    close: () => void link?.disconnect(),
  };
}

/** A plain status that answers to an assignment. */
export function statusOf(assignment: Assignment, change: Partial<InstanceStatus> = {}): InstanceStatus {
  return {
    instanceId: assignment.instanceId,
    revision: assignment.revision,
    state: 'running',
    reason: '',
    stateSince: Date.now(),
    pid: null,
    startedAt: null,
    adopted: false,
    release: assignment.release,
    restarts: 0,
    lastExit: null,
    nextStartAt: null,
    cgroup: '',
    health: NO_HEALTH,
    ...change,
  };
}
