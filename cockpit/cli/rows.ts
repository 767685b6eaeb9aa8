import type { SgridEvent } from '../../common/domain/event.ts';
import { fullestDisk, type InstanceFigures, unpackFigures } from '../../common/domain/figures.ts';
import type { FleetSnapshot, NodeSample } from '../../common/domain/fleet.ts';
import type { InstanceView } from '../../common/domain/instance.ts';
import type { NodeNames } from '../../common/domain/instance-name.ts';
import type { NodeView } from '../../common/domain/node.ts';
import type { RegistryEntry } from '../../common/domain/registry.ts';
import type { Release } from '../../common/domain/release.ts';
import type { Rollout } from '../../common/domain/rollout.ts';
import { describeLimits, type Service } from '../../common/domain/service.ts';
import type { TokenView } from '../../common/domain/token.ts';
import { exitWords } from '../format/fleet-words.ts';
import { formatBytes, formatCpuPercent, formatPercent } from '../format/quantity.ts';
import { formatDate, formatSpan } from '../format/time.ts';
import { countRunning } from './listing/running.ts';
import type { TextColumn } from './table.ts';

export interface NodeRow {
  node: NodeView;
  sample: NodeSample | null;
  running: number;
  total: number;
}

export interface InstanceRow {
  instance: InstanceView;
  node: NodeView | null;
  figures: InstanceFigures | null;
  /** How long it runs, in milliseconds; null when it does not, and when nobody can know. */
  uptimeMs: number | null;
  /** What is known is only what its node said before it went away. */
  isStale: boolean;
  /** How old that is, in milliseconds; null when it is not stale, or of an age that nobody knows. */
  staleMs: number | null;
}

/** The state word of an instance: what its agent said last, or that it said nothing yet. */
export function stateOf(instance: InstanceView): string {
  return instance.status?.state ?? 'unreported';
}

export function nodeRows(fleet: FleetSnapshot): NodeRow[] {
  const samples = new Map(fleet.samples.map((sample) => [sample.nodeId, sample]));
  // The master tells them in the order in which it came to know them.
  const inOrder = fleet.nodes.toSorted((a, b) => a.nodeId - b.nodeId);
  return inOrder.map((node) => {
    const here = fleet.instances.filter((instance) => instance.nodeId === node.nodeId);
    return {
      node,
      sample: node.link === 'up' ? (samples.get(node.nodeId) ?? null) : null,
      running: countRunning(here, [node]),
      total: here.length,
    };
  });
}

export function instanceRows(fleet: FleetSnapshot): InstanceRow[] {
  const nodes = new Map(fleet.nodes.map((node) => [node.nodeId, node]));
  const figures = new Map(
    fleet.samples.flatMap((sample) => unpackFigures(sample.instances).map((each) => [each.instanceId, each])),
  );
  // The master has one that was adopted, or changed, behind the others.
  const instances = fleet.instances.toSorted(
    (one, other) =>
      one.serviceName.localeCompare(other.serviceName) ||
      one.nodeId - other.nodeId ||
      one.instanceId - other.instanceId,
  );
  return instances.map((instance) => {
    const node = nodes.get(instance.nodeId) ?? null;
    const startedAt = instance.status?.pid == null ? null : instance.status.startedAt;
    // Without a link the figures are as old as the link is down, and what has ended uses nothing: a dash is more honest.
    const isLinked = node?.link === 'up';
    const live = isLinked && instance.status?.pid != null;
    const lastSeenAt = node?.lastSeenAt ?? null;
    return {
      instance,
      node,
      figures: live ? (figures.get(instance.instanceId) ?? null) : null,
      uptimeMs: startedAt === null || !isLinked ? null : fleet.at - (startedAt + node.clockOffsetMs),
      isStale: !isLinked,
      staleMs: isLinked || lastSeenAt === null ? null : Math.max(0, fleet.at - lastSeenAt),
    };
  });
}

export const NODE_COLUMNS: readonly TextColumn<NodeRow>[] = [
  { title: 'ID', align: 'right', text: ({ node }) => String(node.nodeId) },
  { title: 'NODE', text: ({ node }) => node.alias },
  { title: 'STATE', text: ({ node }) => (node.isCordoned ? `${node.link},cordoned` : node.link) },
  { title: 'ADDRESS', text: ({ node }) => node.innerAddress },
  { title: 'CPU%', align: 'right', text: ({ sample }) => cpuText(sample?.node.cpuMillicores) },
  {
    title: 'MEMORY',
    align: 'right',
    text: ({ sample }) =>
      sample === null
        ? ''
        : `${formatBytes(sample.node.memoryUsedBytes)}/${formatBytes(sample.node.memoryTotalBytes)}`,
  },
  { title: 'LOAD', align: 'right', text: ({ sample }) => sample?.node.load[0].toFixed(2) ?? '' },
  { title: 'DRIVER', text: ({ node }) => node.info?.cgroupDriver ?? '' },
  { title: 'RUNNING', align: 'right', text: ({ running, total }) => `${running}/${total}` },
  { title: 'VERSION', text: ({ node }) => node.info?.agentVersion ?? '' },
];

export const WIDE_NODE_COLUMNS: readonly TextColumn<NodeRow>[] = [
  { title: 'OUTER-ADDRESS', text: ({ node }) => node.outerAddress },
  { title: 'CORES', align: 'right', text: ({ node }) => text(node.info?.cpuCount) },
  { title: 'DISK', align: 'right', text: ({ sample }) => diskText(sample) },
  {
    title: 'LAST-SEEN',
    text: ({ node }) => (node.lastSeenAt === null ? '' : dateText(node.lastSeenAt)),
  },
  { title: 'KERNEL', text: ({ node }) => node.info?.kernel ?? '' },
  { title: 'OS', text: ({ node }) => node.info?.os ?? '' },
];

export const INSTANCE_COLUMNS: readonly TextColumn<InstanceRow>[] = [
  { title: 'ID', align: 'right', text: ({ instance }) => String(instance.instanceId) },
  { title: 'SERVICE', text: ({ instance }) => instance.serviceName },
  { title: 'NODE', text: ({ instance, node }) => node?.alias || String(instance.nodeId) },
  { title: 'STATE', text: stateText },
  { title: 'RELEASE', text: ({ instance }) => (instance.status?.release ?? instance.release)?.version ?? '' },
  { title: 'PID', align: 'right', text: ({ instance }) => text(instance.status?.pid) },
  { title: 'PORT', align: 'right', text: ({ instance }) => String(instance.port) },
  { title: 'CPU%', align: 'right', text: ({ figures }) => cpuText(figures?.cpuMillicores) },
  {
    title: 'MEMORY',
    align: 'right',
    text: ({ figures }) => (figures === null ? '' : formatBytes(figures.memoryBytes)),
  },
  {
    title: 'UPTIME',
    align: 'right',
    text: ({ uptimeMs }) => (uptimeMs === null ? '' : formatSpan(uptimeMs)),
  },
  { title: 'RESTARTS', align: 'right', text: ({ instance }) => text(instance.status?.restarts) },
  {
    title: 'LAST-EXIT',
    text: ({ instance: { status } }) =>
      status?.lastExit ? exitWords(status.lastExit).replaceAll(' ', '-') : '',
  },
  { title: 'STALE', align: 'right', text: staleText },
];

export const WIDE_INSTANCE_COLUMNS: readonly TextColumn<InstanceRow>[] = [
  { title: 'HEALTH', text: ({ instance }) => instance.status?.health.state ?? '' },
  { title: 'DESIRED', text: ({ instance }) => instance.desired },
  { title: 'HOST', text: ({ instance }) => instance.host },
  { title: 'LIMITS', text: ({ instance }) => describeLimits(instance.limits).replaceAll(', ', ',') },
  { title: 'REVISION', align: 'right', text: ({ instance }) => String(instance.revision) },
  { title: 'REASON', text: ({ instance }) => instance.status?.reason ?? '' },
];

export interface ServiceRow {
  service: Service;
  instances: number;
  running: number;
}

export const SERVICE_COLUMNS: readonly TextColumn<ServiceRow>[] = [
  { title: 'ID', align: 'right', text: ({ service }) => String(service.serviceId) },
  { title: 'SERVICE', text: ({ service }) => service.name },
  { title: 'GROUP', text: ({ service }) => service.group },
  { title: 'TYPE', text: ({ service }) => service.type },
  { title: 'RUNNING', align: 'right', text: ({ running, instances }) => `${running}/${instances}` },
  { title: 'RESTART', text: ({ service }) => service.restart.mode },
  { title: 'DESCRIPTION', text: ({ service }) => service.description },
];

export const WIDE_SERVICE_COLUMNS: readonly TextColumn<ServiceRow>[] = [
  { title: 'ENTRY', text: ({ service }) => service.entry ?? '' },
  { title: 'RUN-AS', text: ({ service }) => service.runAs ?? '' },
  { title: 'HEALTH-CHECK', text: ({ service }) => service.health.kind },
  { title: 'GRACE', align: 'right', text: ({ service }) => formatSpan(service.graceMs) },
  { title: 'DEPENDS-ON', text: ({ service }) => service.dependsOn.join(',') },
];

export interface ReleaseRow {
  release: Release;
  /** How many instances run it. */
  instances: number;
}

export const RELEASE_COLUMNS: readonly TextColumn<ReleaseRow>[] = [
  { title: 'ID', align: 'right', text: ({ release }) => String(release.releaseId) },
  { title: 'SERVICE', text: ({ release }) => release.serviceName },
  { title: 'VERSION', text: ({ release }) => release.version },
  { title: 'SIZE', align: 'right', text: ({ release }) => formatBytes(release.sizeBytes) },
  { title: 'SHA256', text: ({ release }) => release.sha256.slice(0, 12) },
  { title: 'UPLOADED', text: ({ release }) => dateText(release.uploadedAt) },
  { title: 'BY', text: ({ release }) => release.uploadedBy },
  { title: 'RUNS-ON', align: 'right', text: ({ instances }) => String(instances) },
  { title: 'MESSAGE', text: ({ release }) => release.message },
];

export const WIDE_RELEASE_COLUMNS: readonly TextColumn<ReleaseRow>[] = [
  { title: 'CONTENT', text: ({ release }) => release.sha256 },
];

export const REGISTRY_COLUMNS: readonly TextColumn<RegistryEntry>[] = [
  { title: 'SERVICE', text: ({ serviceName }) => serviceName },
  { title: 'ADDRESS', text: ({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}` },
  { title: 'INSTANCE', align: 'right', text: ({ instanceId }) => String(instanceId) },
  { title: 'NODE', align: 'right', text: ({ nodeId }) => String(nodeId) },
  { title: 'PID', align: 'right', text: ({ pid }) => String(pid) },
  { title: 'CONTAINER', text: ({ dockerName }) => dockerName ?? '' },
];

/** @param now by the master's clock, which says what has expired. */
export function tokenColumns(now: number): readonly TextColumn<TokenView>[] {
  return [
    { title: 'NAME', text: ({ name }) => name },
    { title: 'ROLE', text: ({ role }) => role },
    { title: 'NODE', align: 'right', text: ({ nodeId }) => text(nodeId) },
    { title: 'STATE', text: (token) => tokenState(token, now) },
    { title: 'EXPIRES', text: ({ expiresAt }) => (expiresAt === null ? '' : dateText(expiresAt)) },
    { title: 'CREATED', text: ({ createdAt }) => dateText(createdAt) },
    { title: 'BY', text: ({ createdBy }) => createdBy },
  ];
}

function tokenState({ isUnused, expiresAt }: TokenView, now: number): string {
  if (expiresAt !== null && expiresAt <= now) return 'expired';
  return isUnused ? 'for-joining' : 'valid';
}

export function rolloutColumns(nodeName: NodeNames): readonly TextColumn<Rollout>[] {
  return [
    { title: 'ID', align: 'right', text: ({ rolloutId }) => String(rolloutId) },
    { title: 'SERVICE', text: ({ serviceName }) => serviceName },
    { title: 'VERSION', text: ({ version }) => version.replaceAll(', ', ',') },
    { title: 'KIND', text: ({ kind, nodeId }) => (nodeId === null ? kind : `${kind} ${nodeName(nodeId)}`) },
    { title: 'STATE', text: ({ state }) => state },
    { title: 'DONE', align: 'right', text: ({ steps }) => `${countSteps(steps, 'done')}/${steps.length}` },
    { title: 'BY', text: ({ actor }) => actor },
    { title: 'STARTED', text: ({ startedAt }) => dateText(startedAt) },
    {
      title: 'TOOK',
      align: 'right',
      text: ({ startedAt, endedAt }) => (endedAt === null ? '' : formatSpan(endedAt - startedAt)),
    },
    {
      title: 'MESSAGE',
      text: ({ message, reason }) => [message, reason].filter((each) => each !== '').join('; '),
    },
  ];
}

function countSteps(steps: Rollout['steps'], state: Rollout['steps'][number]['state']): number {
  return steps.filter((step) => step.state === state).length;
}

export const EVENT_COLUMNS: readonly TextColumn<SgridEvent>[] = [
  { title: 'SEQ', align: 'right', text: (event) => String(event.seq) },
  { title: 'TIME', text: (event) => dateText(event.at) },
  { title: 'KIND', text: (event) => event.kind },
  { title: 'ACTOR', text: (event) => event.actor },
  { title: 'RESULT', text: (event) => event.result },
  { title: 'INSTANCE', align: 'right', text: (event) => text(event.instanceId) },
  { title: 'MESSAGE', text: (event) => event.message },
];

/** The state in a word. A question mark means: last known, its node cannot be asked now. */
function stateText({ instance, isStale }: InstanceRow): string {
  return isStale && instance.status !== null ? `${stateOf(instance)}?` : stateOf(instance);
}

/** How old the news of an instance is whose node is away. */
function staleText({ isStale, staleMs }: InstanceRow): string {
  if (!isStale) return '';
  return staleMs === null ? 'unknown' : formatSpan(staleMs);
}

function text(value: number | null | undefined): string {
  return value == null ? '' : String(value);
}

function dateText(at: number): string {
  return formatDate(at).replace(' ', 'T');
}

function diskText(sample: NodeSample | null): string {
  const disk = sample === null ? null : fullestDisk(sample.node);
  return disk === null ? '' : formatPercent(disk.usedBytes, disk.totalBytes);
}

function cpuText(millicores: number | undefined): string {
  return millicores === undefined ? '' : formatCpuPercent(millicores);
}
