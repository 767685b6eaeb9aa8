import type { InstanceView, ObservedState } from '../../common/domain/instance.ts';
import type { Service } from '../../common/domain/service.ts';
import type { CockpitState, FleetState } from '../store/state.ts';
import { instanceSeverity, type Severity } from './health.ts';

type StateWord = ObservedState | 'unreported' | 'out of reach';

/** A service with the sums of its instances. */
export interface ServiceRow {
  readonly serviceId: number;
  readonly name: string;
  readonly group: string;
  readonly type: Service['type'];
  readonly total: number;
  readonly running: number;
  /** How many are in each other state, the most first. */
  readonly others: readonly (readonly [StateWord, number])[];
  /** Of those that run and are checked. */
  readonly checked: number;
  readonly healthy: number;
  readonly unhealthy: number;
  readonly isProtected: boolean;
  /** Versions in use, the one of most instances first. */
  readonly versions: readonly string[];
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
  /** The worst state among its instances, in a word, and how bad that is. */
  readonly worst: StateWord | 'no instances' | 'unhealthy';
  readonly severity: Severity;
}

/** Every service, also one without instances, made in one pass over the fleet. */
export function serviceRows({
  fleet,
  catalog,
}: Pick<CockpitState, 'fleet' | 'catalog'>): Map<number, ServiceRow> {
  const members = new Map<number, InstanceView[]>();
  for (const instance of fleet.instances.values()) {
    const known = members.get(instance.serviceId);
    if (known === undefined) members.set(instance.serviceId, [instance]);
    else known.push(instance);
  }
  const rows = new Map<number, ServiceRow>();
  for (const { serviceId, name, group, type, protected: isProtected } of catalog.services ?? []) {
    const service = { serviceId, name, group, type, isProtected };
    rows.set(serviceId, rowOf(fleet, service, members.get(serviceId) ?? []));
  }
  // The list of services is asked for, the fleet is streamed: it may know one that the list does not yet.
  for (const [serviceId, instances] of members) {
    const [first] = instances;
    if (rows.has(serviceId) || first === undefined) continue;
    const { serviceName: name, group, type } = first;
    rows.set(serviceId, rowOf(fleet, { serviceId, name, group, type, isProtected: false }, instances));
  }
  return rows;
}

function rowOf(
  fleet: FleetState,
  service: Pick<ServiceRow, 'serviceId' | 'name' | 'group' | 'type' | 'isProtected'>,
  instances: readonly InstanceView[],
): ServiceRow {
  const versions = new Map<string, number>();
  const others = new Map<StateWord, number>();
  const health = { none: 0, starting: 0, healthy: 0, unhealthy: 0 };
  let running = 0;
  let cpuMillicores = 0;
  let memoryBytes = 0;
  let worst: ServiceRow['worst'] = instances.length === 0 ? 'no instances' : 'running';
  let severity: Severity = 0;
  for (const instance of instances) {
    const node = fleet.nodes.get(instance.nodeId);
    const state = instance.status?.state ?? 'unreported';
    const isReached = node?.link !== 'down';
    if (state === 'running' && isReached) {
      running += 1;
      health[instance.status?.health.state ?? 'none'] += 1;
    } else {
      const other = isReached ? state : 'out of reach';
      others.set(other, (others.get(other) ?? 0) + 1);
    }
    const own = instanceSeverity(instance, node);
    const isUnhealthy = state === 'running' && instance.status?.health.state === 'unhealthy';
    const word = isUnhealthy ? 'unhealthy' : state;
    if (own > severity || (severity === 0 && word !== 'running')) worst = isReached ? word : 'out of reach';
    if (own > severity) severity = own;
    const figures = fleet.figures.get(instance.instanceId);
    cpuMillicores += figures?.cpuMillicores ?? 0;
    memoryBytes += figures?.memoryBytes ?? 0;
    const version = instance.status?.release?.version ?? instance.release?.version;
    if (version !== undefined) versions.set(version, (versions.get(version) ?? 0) + 1);
  }
  const byUse = [...versions].sort((a, b) => b[1] - a[1]).map(([version]) => version);
  return {
    ...service,
    total: instances.length,
    running,
    others: [...others].sort((a, b) => b[1] - a[1]),
    checked: health.starting + health.healthy + health.unhealthy,
    healthy: health.healthy,
    unhealthy: health.unhealthy,
    versions: byUse,
    cpuMillicores,
    memoryBytes,
    worst,
    severity,
  };
}
