import { setTimeout as delay } from 'node:timers/promises';
import type { AgentEvent } from '../../../common/domain/event.ts';
import type { NodeSnapshot, PackedFigures } from '../../../common/domain/figures.ts';
import type { NodeInfo } from '../../../common/domain/node.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { PROTOCOL_VERSION } from '../../../common/protocol/version.ts';
import { type AgentHandlers, type AgentLink, createAgentLink } from '../../../node/agent.ts';
import type { EventQueue } from '../../../node/supervisor/event-queue.ts';
import type { Logger } from '../../../node/supervisor/ports.ts';
import { nodeFiguresOf } from './load.ts';
import { type FleetPlan, type PlannedNode, plannedAssignment, plannedStatus } from './plan.ts';
import { createPrograms, type Programs } from './programs.ts';
import type { RegistryView } from './registry-view.ts';

const SAMPLE_MS = 1_000;

/** An agent with the real link and the real protocol, over programs that exist only in memory. */
export interface SimulatedAgent {
  start(): void;
  isUp(): boolean;
  /** No figures until it is resumed. */
  pause(): void;
  resume(): void;
  /** One of its programs crashes. */
  crash(): Promise<void>;
  close(): void;
}

export function createSimulatedAgent(options: {
  plan: FleetPlan;
  node: PlannedNode;
  masterUrl: string;
  token: string;
  registry: RegistryView;
  clock: () => number;
  random: () => number;
  newId: () => string;
  logger: Logger;
}): SimulatedAgent {
  const { plan, node, masterUrl, token, registry, clock, random, newId, logger } = options;
  const { nodeId, agentId, alias, address } = node;
  const runId = newId();
  const info = simulatedNodeInfo(nodeId, plan.startedAt);
  const closing = new AbortController();
  const events = createEventList();
  let timer: NodeJS.Timeout | null = null;
  let isPaused = false;

  const programs = createPrograms({
    ...{ clock, random, newId, signal: closing.signal },
    onStatus: (instanceId) => link.statusChanged(instanceId),
    onEvent(event) {
      events.append(event);
      link.eventsChanged();
    },
  });
  for (const instance of node.instances) {
    const assignment = plannedAssignment(plan, node, instance);
    programs.put(assignment, plannedStatus(plan, instance, assignment));
  }
  const link: AgentLink = createAgentLink({
    ...{ masterUrl, events, clock, logger, self: `simulated agent on node ${nodeId}` },
    hello: () => ({
      ...{ token, nodeId, agentId, machineId: '', runId, alias, innerAddress: address },
      ...{ protocolVersion: PROTOCOL_VERSION, version: 'simulated' },
    }),
    handlers: handlersOf(programs, registry, nodeId, closing.signal),
    info: () => info,
    statuses: () => [...programs.all()].map(({ status }) => status),
    status: (instanceId) => programs.find(instanceId)?.status ?? null,
    registryDigest: registry.digest,
  });

  const sample = (): NodeSnapshot => {
    const instances: PackedFigures = [];
    const sum = { cpuMillicores: 0, memoryBytes: 0 };
    for (const { status, load } of programs.all()) {
      if (status.state !== 'running') continue;
      const { cpuMillicores, memoryBytes } = load.sample(status.instanceId, instances);
      sum.cpuMillicores += cpuMillicores;
      sum.memoryBytes += memoryBytes;
    }
    return { at: clock(), node: nodeFiguresOf(sum, random), instances };
  };

  return {
    start() {
      link.connect();
      // Agents of many machines do not tick together.
      timer = setTimeout(() => {
        timer = setInterval(() => {
          if (!isPaused) link.sendSnapshot(sample());
        }, SAMPLE_MS);
      }, random() * SAMPLE_MS);
    },
    isUp: () => link.state() === 'up',
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
    },
    crash: programs.crash,
    close() {
      clearTimeout(timer ?? undefined);
      closing.abort();
      link.close();
    },
  };
}

export function simulatedNodeInfo(nodeId: number, startedAt: number): NodeInfo {
  return {
    hostname: `host-${nodeId}`,
    os: 'Debian GNU/Linux 12 (bookworm)',
    kernel: '6.1.0-28-amd64',
    arch: 'x64',
    cpuCount: 8,
    memoryBytes: 32 * 1024 ** 3,
    bootedAt: startedAt - 86_400_000,
    agentVersion: 'simulated',
    agentStartedAt: startedAt,
    cgroupDriver: 'systemd',
    cgroupWarning: '',
    runtimes: { node: '24.21.0', java: '17.0.15' },
  };
}

function handlersOf(
  programs: Programs,
  registry: RegistryView,
  nodeId: number,
  closing: AbortSignal,
): AgentHandlers {
  const fetched = new Set<string>();
  return {
    'node.ports': () => ({ ports: [] }),
    'node.ping': () => ({}),
    'release.prepare': ({ release }) => {
      const alreadyThere = fetched.has(release.sha256);
      fetched.add(release.sha256);
      return { alreadyThere };
    },
    'instance.apply': async ({ assignment }) => ({ status: await programs.apply(assignment) }),
    'config.read': ({ name }) => {
      throw new SgridError('not_found', `no file ${name} here`);
    },
    'assignment.list': ({ instanceIds }) => ({
      assignments: [...programs.all()]
        .map(({ assignment }) => assignment)
        .filter(({ instanceId }) => instanceIds?.includes(instanceId) ?? true),
    }),
    'instance.remove': async ({ instanceId }) => {
      await programs.remove(instanceId);
      return {};
    },
    'instance.resolve': ({ instanceId }) => {
      throw new SgridError('conflict', `instance ${instanceId} is not unknown`);
    },
    'log.read': async (request, { signal }) => {
      const { log } = programs.get(request.instanceId);
      const answer = log.read(request);
      if (answer.data.length > 0 || request.waitMs === 0 || request.direction === 'backward') return answer;
      const waitMs = Math.min(request.waitMs, Math.max(0, log.readableAt(answer.end.offset) - Date.now()));
      await delay(waitMs, undefined, { signal: AbortSignal.any([signal, closing]) });
      return log.read({ ...request, from: answer.end });
    },
    'log.search': (request) => programs.get(request.instanceId).log.search(request),
    'log.runs': ({ instanceId }) => {
      const { log, status } = programs.get(instanceId);
      if (status.startedAt === null) return { runs: [] };
      const { start } = log.read({
        ...{ instanceId, file: 'stdout', from: 'head', direction: 'forward', maxBytes: 1, waitMs: 0 },
      });
      return {
        runs: [{ runId: `run-${status.pid}`, startedAt: status.startedAt, endedAt: null, start, end: null }],
      };
    },
    'log.files': ({ instanceId }) => {
      const sizeBytes = programs.get(instanceId).log.tailOffset();
      return { files: [{ name: 'stdout', sizeBytes, modifiedAt: Date.now() }] };
    },
    'registry.changed': (change) => registry.receive(nodeId, change),
  };
}

/** The queue of a real agent without its file: what is simulated needs not to outlive the process. */
function createEventList(): EventQueue {
  let waiting: AgentEvent[] = [];
  return {
    append: (...added) => void waiting.push(...added),
    peek: (max) => waiting.slice(0, max),
    remove(eventIds) {
      waiting = waiting.filter(({ eventId }) => !eventIds.includes(eventId));
    },
    size: () => waiting.length,
    close: () => {},
  };
}
