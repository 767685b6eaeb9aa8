import { fullestDisk } from '../../common/domain/figures.ts';
import type { NodeView } from '../../common/domain/node.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes, formatCpuPercent, formatPercent } from '../format/quantity.ts';
import { formatSpan } from '../format/time.ts';
import type { Translate } from '../language/translate.ts';
import type { FleetState, NodeSampleState } from '../store/state.ts';
import type { Column } from './columns.ts';
import type { Segment } from './line.ts';

export interface InstanceTally {
  readonly total: number;
  readonly running: number;
}

/** All that a row of the nodes table is made of. */
export interface NodeRow {
  readonly view: NodeView;
  readonly sample: NodeSampleState | undefined;
  readonly tally: InstanceTally;
  /** How long ago its last sample was taken; null before the first. */
  readonly ageMs: number | null;
}

/** Instances by node, counted once for all rows. */
export function tallyInstances(fleet: FleetState): ReadonlyMap<number, InstanceTally> {
  const tallies = new Map<number, { total: number; running: number }>();
  for (const instance of fleet.instances.values()) {
    let tally = tallies.get(instance.nodeId);
    if (tally === undefined) {
      tally = { total: 0, running: 0 };
      tallies.set(instance.nodeId, tally);
    }
    tally.total += 1;
    if (instance.status?.state === 'running') tally.running += 1;
  }
  return tallies;
}

const NOTHING: InstanceTally = { total: 0, running: 0 };

export function nodeRow(
  fleet: FleetState,
  view: NodeView,
  tallies: ReadonlyMap<number, InstanceTally>,
  now: number,
): NodeRow {
  const sample = fleet.nodeSamples.get(view.nodeId);
  const lastSeenAt = view.lastSeenAt === null ? null : view.lastSeenAt - fleet.masterOffsetMs;
  const seenAt = sample?.sampledAt ?? lastSeenAt;
  return {
    view,
    sample,
    tally: tallies.get(view.nodeId) ?? NOTHING,
    ageMs: seenAt === null ? null : Math.max(0, now - seenAt),
  };
}

/** A sample a second is due; after three there is something wrong with it. */
const OLD_SAMPLE_MS = 3500;

/** Connected, but given no new instances. */
function isHeldBack({ view }: Pick<NodeRow, 'view'>): boolean {
  return view.link === 'up' && view.isCordoned;
}

function linkCell(row: NodeRow, t: Translate): Segment {
  if (isHeldBack(row)) return { text: t('cordoned'), tone: 'warn' };
  if (row.view.link === 'up') return { text: t('up'), tone: 'ok' };
  return row.view.lastSeenAt === null
    ? { text: t('never seen'), tone: 'idle' }
    : { text: t('down'), tone: 'bad' };
}

function ageCell(row: NodeRow): Segment {
  if (row.ageMs === null) return { text: '-', tone: 'dim' };
  return { text: formatSpan(row.ageMs), tone: row.ageMs > OLD_SAMPLE_MS ? 'warn' : 'dim' };
}

/** Thousandths of the whole machine: 1000 is all of its cores. */
export function cpuShare(row: NodeRow): number | null {
  if (row.sample === undefined || row.view.info === null) return null;
  return row.sample.figures.cpuMillicores / row.view.info.cpuCount;
}

/** A live figure of a node: grey when the node is down, yellow above `warnAt`. */
function figure(row: NodeRow, value: number | null, text: string, warnAt: number): Segment {
  if (value === null) return { text: '-', tone: 'dim' };
  if (row.view.link === 'down') return { text, tone: 'stale' };
  return { text, tone: value > warnAt ? 'warn' : 'plain' };
}

/** 0 to 1. */
export function memoryShare(row: NodeRow): number | null {
  const figures = row.sample?.figures;
  return figures === undefined || figures.memoryTotalBytes === 0
    ? null
    : figures.memoryUsedBytes / figures.memoryTotalBytes;
}

/** What is wrong with a node, most urgent first; empty when nothing is. */
export function nodeWarning(row: NodeRow, t: Translate): string {
  if (row.view.link === 'down' && row.view.lastSeenAt !== null) return t('agent not connected');
  const figures = row.sample?.figures;
  const disk = figures === undefined ? null : fullestDisk(figures);
  if (disk !== null && disk.usedBytes > 0.9 * disk.totalBytes)
    return t('disk {percent} full', { percent: formatPercent(disk.usedBytes, disk.totalBytes) });
  return plainText(row.view.info?.cgroupWarning ?? '');
}

export const NODE_COLUMNS: readonly Column<NodeRow>[] = [
  {
    key: 'state',
    title: 'LINK',
    minWidth: 5,
    maxWidth: 10,
    priority: 1,
    cell: linkCell,
    sortValue: (row) => (isHeldBack(row) ? 'cordoned' : row.view.link),
  },
  {
    key: 'name',
    title: 'NODE',
    minWidth: 10,
    maxWidth: 24,
    priority: 2,
    cell: ({ view }) => ({ text: nodeWords(view, view.nodeId), tone: 'strong' }),
    sortValue: ({ view }) => nodeWords(view, view.nodeId),
  },
  {
    key: 'address',
    title: 'ADDRESS',
    minWidth: 13,
    maxWidth: 18,
    priority: 8,
    cell: ({ view }) => ({ text: plainText(view.innerAddress) }),
    sortValue: ({ view }) => view.innerAddress,
  },
  {
    key: 'instances',
    title: 'UP/ALL',
    align: 'right',
    minWidth: 6,
    maxWidth: 7,
    priority: 3,
    descendingFirst: true,
    // What a node that is down still runs is not known.
    cell: ({ tally, view }) =>
      view.link === 'down'
        ? { text: `?/${tally.total}`, tone: 'stale' }
        : { text: `${tally.running}/${tally.total}`, tone: tally.running < tally.total ? 'warn' : 'plain' },
    sortValue: ({ tally }) => tally.total,
  },
  {
    key: 'cpu',
    title: 'CPU%',
    align: 'right',
    minWidth: 5,
    priority: 4,
    isLive: true,
    descendingFirst: true,
    cell: (row) => {
      const share = cpuShare(row);
      return figure(row, share, formatCpuPercent(share ?? 0), 900);
    },
    sortValue: (row) => cpuShare(row) ?? -1,
  },
  {
    key: 'memory',
    title: 'MEM',
    align: 'right',
    minWidth: 9,
    maxWidth: 13,
    priority: 5,
    isLive: true,
    descendingFirst: true,
    cell: (row) => {
      const figures = row.sample?.figures;
      const text =
        figures === undefined
          ? ''
          : `${formatBytes(figures.memoryUsedBytes)}/${formatBytes(figures.memoryTotalBytes)}`;
      return figure(row, memoryShare(row), text, 0.9);
    },
    sortValue: (row) => memoryShare(row) ?? -1,
  },
  {
    key: 'load',
    title: 'LOAD',
    align: 'right',
    minWidth: 5,
    maxWidth: 6,
    priority: 6,
    isLive: true,
    descendingFirst: true,
    cell: (row) => {
      const load = row.sample?.figures.load[0] ?? null;
      return figure(row, load, (load ?? 0).toFixed(2), 2 * (row.view.info?.cpuCount ?? 1));
    },
    sortValue: (row) => row.sample?.figures.load[0] ?? -1,
  },
  {
    key: 'age',
    title: 'AGE',
    align: 'right',
    minWidth: 6,
    priority: 7,
    isLive: true,
    cell: ageCell,
    sortValue: ({ view }) => -(view.lastSeenAt ?? 0),
  },
  {
    key: 'driver',
    title: 'DRIVER',
    minWidth: 11,
    priority: 9,
    cell: ({ view }) => {
      const driver = view.info?.cgroupDriver;
      if (driver === undefined) return { text: '-', tone: 'dim' };
      return { text: driver, tone: driver === 'none' ? 'warn' : 'plain' };
    },
    sortValue: ({ view }) => view.info?.cgroupDriver ?? '',
  },
  {
    key: 'warning',
    title: 'WARNING',
    minWidth: 12,
    maxWidth: 200,
    priority: 10,
    cell: (row, t) => ({ text: nodeWarning(row, t), tone: 'warn' }),
  },
];
