import type { SgridEvent } from '../../common/domain/event.ts';
import { type InstanceFigures, unpackFigures } from '../../common/domain/figures.ts';
import type { FleetSnapshot, NodeSample } from '../../common/domain/fleet.ts';
import type { InstanceView } from '../../common/domain/instance.ts';
import type { NodeView } from '../../common/domain/node.ts';
import type { Release } from '../../common/domain/release.ts';
import type { Rollout } from '../../common/domain/rollout.ts';
import type { Service } from '../../common/domain/service.ts';
import { exitWords } from '../format/fleet-words.ts';
import { formatBytes, formatCpuPercent } from '../format/quantity.ts';
import { formatDate, formatSpan } from '../format/time.ts';
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
  return fleet.nodes.map((node) => {
    const here = fleet.instances.filter((instance) => instance.nodeId === node.nodeId);
    return {
      node,
      sample: node.link === 'up' ? (samples.get(node.nodeId) ?? null) : null,
      running: here.filter((instance) => stateOf(instance) === 'running').length,
      total: here.length,
    };
  });
}

export function instanceRows(fleet: FleetSnapshot): InstanceRow[] {
  const nodes = new Map(fleet.nodes.map((node) => [node.nodeId, node]));
  const figures = new Map(
    fleet.samples.flatMap((sample) => unpackFigures(sample.instances).map((each) => [each.instanceId, each])),
  );
  return fleet.instances.map((instance) => {
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
  { title: 'UPLOADED', text: ({ release }) => formatDate(release.uploadedAt).replace(' ', 'T') },
  { title: 'BY', text: ({ release }) => release.uploadedBy },
  { title: 'RUNS-ON', align: 'right', text: ({ instances }) => String(instances) },
  { title: 'MESSAGE', text: ({ release }) => release.message },
];

export const ROLLOUT_COLUMNS: readonly TextColumn<Rollout>[] = [
  { title: 'ID', align: 'right', text: ({ rolloutId }) => String(rolloutId) },
  { title: 'SERVICE', text: ({ serviceName }) => serviceName },
  { title: 'VERSION', text: ({ version }) => version.replaceAll(', ', ',') },
  { title: 'STATE', text: ({ state }) => state },
  { title: 'DONE', align: 'right', text: ({ steps }) => `${countSteps(steps, 'done')}/${steps.length}` },
  { title: 'BY', text: ({ actor }) => actor },
  { title: 'STARTED', text: ({ startedAt }) => formatDate(startedAt).replace(' ', 'T') },
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

function countSteps(steps: Rollout['steps'], state: Rollout['steps'][number]['state']): number {
  return steps.filter((step) => step.state === state).length;
}

export const EVENT_COLUMNS: readonly TextColumn<SgridEvent>[] = [
  { title: 'SEQ', align: 'right', text: (event) => String(event.seq) },
  { title: 'TIME', text: (event) => formatDate(event.at).replace(' ', 'T') },
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

function cpuText(millicores: number | undefined): string {
  return millicores === undefined ? '' : formatCpuPercent(millicores);
}
