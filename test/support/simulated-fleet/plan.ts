import { NO_HEALTH } from '../../../common/domain/health.ts';
import type { Assignment, InstanceStatus, ObservedState } from '../../../common/domain/instance.ts';
import type { ReleaseRef } from '../../../common/domain/release.ts';
import { type Limits, type ServiceSpec, serviceSpecSchema } from '../../../common/domain/service.ts';

/** A fleet as it stands when it is begun: plain data, since it goes from one process to others. */
export interface FleetPlan {
  /** When the programs were started, milliseconds since the epoch. */
  startedAt: number;
  services: PlannedService[];
  nodes: PlannedNode[];
}

export interface PlannedService {
  serviceId: number;
  spec: ServiceSpec;
  release: ReleaseRef;
}

export interface PlannedNode {
  nodeId: number;
  agentId: string;
  alias: string;
  address: string;
  instances: PlannedInstance[];
}

export interface PlannedInstance {
  instanceId: number;
  /** Place in `services`. */
  service: number;
  port: number;
  state: ObservedState;
  isHealthy: boolean;
}

const LIMITS: Limits = { cpuCores: 2, memoryMiB: 512, pids: 200 };
const HTTP = { kind: 'http', path: '/healthz' } as const;

/** A mix as it is found in the field: with and without checks, several groups. */
const SERVICES = [
  { name: 'gateway', group: 'edge', type: 'binary', entry: 'gateway', health: HTTP, protected: true },
  { name: 'web', group: 'edge', type: 'node', entry: 'server.js', health: HTTP },
  { name: 'orders', group: 'shop', type: 'java', health: HTTP },
  { name: 'payments', group: 'shop', type: 'java', health: HTTP, protected: true },
  { name: 'search', group: 'shop', type: 'binary', entry: 'search' },
  { name: 'mailer', group: 'shop', type: 'node', entry: 'mailer.js' },
  { name: 'cache', group: 'data', type: 'binary', entry: 'cache', health: { kind: 'tcp' } },
  { name: 'ingest', group: 'data', type: 'binary', entry: 'ingest' },
  { name: 'reports', group: 'data', type: 'java' },
  { name: 'billing', group: 'finance', type: 'node', entry: 'billing.js', health: HTTP },
] as const;

export function plannedSpecs(): ServiceSpec[] {
  return SERVICES.map((service) => serviceSpecSchema.parse(service));
}

/** Every so many instances one is not well: some stopped, some unhealthy, few in a crash loop. Prime, so that they scatter. */
const STOPPED_EACH = 53;
const UNHEALTHY_EACH = 97;
const CRASHING_EACH = 211;

export function planNodes(nodes: number, instancesPerNode: number, newId: () => string): PlannedNode[] {
  return Array.from({ length: nodes }, (_, index) => {
    const nodeId = index + 1;
    return {
      nodeId,
      agentId: newId(),
      alias: `node-${String(nodeId).padStart(4, '0')}`,
      address: `10.20.${nodeId >> 8}.${nodeId & 255}`,
      instances: Array.from({ length: instancesPerNode }, (_, slot) => {
        const instanceId = index * instancesPerNode + slot + 1;
        const isStopped = instanceId % STOPPED_EACH === 0;
        const isCrashing = instanceId % CRASHING_EACH === 0;
        return {
          instanceId,
          service: (index + slot) % SERVICES.length,
          port: 20_000 + slot,
          state: isStopped ? 'stopped' : isCrashing ? 'crash-loop' : 'running',
          isHealthy: instanceId % UNHEALTHY_EACH !== 0,
        };
      }),
    };
  });
}

export function plannedAssignment(
  plan: Pick<FleetPlan, 'services'>,
  node: PlannedNode,
  { instanceId, service, port, state }: PlannedInstance,
): Assignment {
  const planned = plan.services[service];
  if (planned === undefined) throw new Error(`there is no service ${service} in the plan`);
  const { serviceId, spec, release } = planned;
  return {
    ...{ instanceId, serviceId, spec, release, port, host: node.address, limits: LIMITS },
    desired: state === 'stopped' ? 'stopped' : 'running',
    revision: 1,
    restartGeneration: 0,
  };
}

/** What its agent says of an instance at the beginning. */
export function plannedStatus(
  plan: FleetPlan,
  { state, isHealthy }: PlannedInstance,
  assignment: Assignment,
): InstanceStatus {
  const { instanceId, revision, release, spec } = assignment;
  const { startedAt } = plan;
  const isRunning = state === 'running';
  const isChecked = isRunning && spec.health.kind !== 'none';
  const health = isHealthy
    ? ({ state: 'healthy', reason: '', since: startedAt } as const)
    : ({ state: 'unhealthy', reason: 'status 503', since: startedAt } as const);
  return {
    ...{ instanceId, revision, state, release },
    reason: state === 'crash-loop' ? '8 fast deaths in a row' : '',
    stateSince: startedAt,
    pid: isRunning ? 10_000 + instanceId : null,
    startedAt: isRunning ? startedAt : null,
    adopted: false,
    restarts: state === 'crash-loop' ? 7 : 0,
    lastExit:
      state === 'crash-loop'
        ? {
            ...{ code: 1, signal: null, oomKilled: false, cause: 'exited' },
            ...{ startedAt: startedAt - 400, endedAt: startedAt },
          }
        : null,
    nextStartAt: null,
    cgroup: `/business.slice/${spec.name}-${instanceId}`,
    health: isChecked ? health : NO_HEALTH,
  };
}
