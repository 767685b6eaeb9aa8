import type { InstanceFigures } from '../../common/domain/figures.ts';
import type { InstanceView, ObservedState } from '../../common/domain/instance.ts';
import type { NodeView } from '../../common/domain/node.ts';
import { barText } from '../format/bar.ts';
import { exitWords, isBadExit, nodeWords } from '../format/fleet-words.ts';
import { formatBytes, formatCpuPercent, formatPercent } from '../format/quantity.ts';
import { sparkline } from '../format/sparkline.ts';
import { formatSpan } from '../format/time.ts';
import type { FleetState } from '../store/state.ts';
import type { Column } from './columns.ts';
import type { Segment, Tone } from './line.ts';

/** All that a row of the instances table is made of. */
export interface InstanceRow {
  readonly view: InstanceView;
  readonly node: NodeView | undefined;
  readonly figures: InstanceFigures | undefined;
  readonly history: readonly (number | null)[];
  /** Null while no process runs. */
  readonly uptimeMs: number | null;
  /** The clock of its node, which its times are in. */
  readonly nodeNow: number;
}

export function instanceRow(fleet: FleetState, view: InstanceView, now: number): InstanceRow {
  const node = fleet.nodes.get(view.nodeId);
  const startedAt = view.status?.startedAt ?? null;
  const nodeNow = now + fleet.masterOffsetMs - (node?.clockOffsetMs ?? 0);
  const isAlive = view.status !== null && view.status.pid !== null;
  return {
    view,
    node,
    figures: fleet.figures.get(view.instanceId),
    history: fleet.cpuHistory.get(view.instanceId) ?? [],
    uptimeMs: startedAt === null || !isAlive ? null : Math.max(0, nodeNow - startedAt),
    nodeNow,
  };
}

const STATE_TONES: Readonly<Record<ObservedState, Tone>> = {
  running: 'ok',
  preparing: 'busy',
  waiting: 'busy',
  starting: 'busy',
  stopping: 'busy',
  backoff: 'warn',
  'crash-loop': 'bad',
  failed: 'bad',
  exited: 'warn',
  stopped: 'idle',
  unknown: 'bad',
};

/** The state in a word. A question mark means: last known, its node cannot be asked now. */
export function stateCell(view: InstanceView, node: NodeView | undefined): Segment {
  if (view.status === null) return { text: 'unreported', tone: 'idle' };
  const { state } = view.status;
  if (node?.link === 'down') return { text: `${state}?`, tone: 'stale' };
  return { text: state, tone: STATE_TONES[state] };
}

function releaseCell(view: InstanceView): Segment {
  const wanted = view.release;
  const runs = view.status?.release ?? null;
  if (wanted === null) return { text: 'none', tone: 'idle' };
  if (runs !== null && runs.releaseId !== wanted.releaseId) {
    // What it becomes; what still runs is on its page, and both do not fit.
    return { text: `->${wanted.version}`, tone: 'busy' };
  }
  return { text: wanted.version };
}

const MIB = 1024 * 1024;

function memoryCell(row: InstanceRow): Segment {
  const limitMiB = row.view.limits.memoryMiB;
  const limit = limitMiB === undefined ? '' : `/${formatBytes(limitMiB * MIB)}`;
  if (row.figures === undefined) return { text: limit === '' ? '-' : `-${limit}`, tone: 'dim' };
  const used = row.figures.memoryBytes;
  const isNear = limitMiB !== undefined && used > 0.9 * limitMiB * MIB;
  // Killed for memory in this run: the figure that is shown hides it, since the kill has freed some.
  if (row.figures.oomKills > 0) return { text: `${formatBytes(used)}${limit}!`, tone: 'bad' };
  return { text: formatBytes(used) + limit, tone: isNear ? 'warn' : 'plain' };
}

/** Held back in a tenth of its periods, a program is slower than it could be. */
const THROTTLED_PERMILLE = 100;

function cpuCell(row: InstanceRow): Segment {
  if (row.figures === undefined) return { text: '-', tone: 'dim' };
  const limit = row.view.limits.cpuCores;
  const isNear = limit !== undefined && row.figures.cpuMillicores > 900 * limit;
  const text = formatCpuPercent(row.figures.cpuMillicores);
  if (row.figures.throttledPermille >= THROTTLED_PERMILLE) return { text: `${text}!`, tone: 'warn' };
  return { text, tone: isNear ? 'warn' : 'plain' };
}

const BAR_CELLS = 6;

/** A share of a limit as a bar and in per cent: `|||... 52%`. */
function barCell(used: number | undefined, limit: number | undefined): Segment {
  if (used === undefined || limit === undefined) return { text: '-', tone: 'dim' };
  const share = used / limit;
  const text = `${barText(share, BAR_CELLS)} ${formatPercent(used, limit).padStart(4)}`;
  return { text, tone: share > 0.9 ? 'warn' : 'plain' };
}

function memoryShare({ view, figures }: InstanceRow): [number | undefined, number | undefined] {
  const { memoryMiB } = view.limits;
  return [figures?.memoryBytes, memoryMiB === undefined ? undefined : memoryMiB * MIB];
}

function cpuShare({ view, figures }: InstanceRow): [number | undefined, number | undefined] {
  const { cpuCores } = view.limits;
  return [figures?.cpuMillicores, cpuCores === undefined ? undefined : cpuCores * 1000];
}

/** What is used of a limit, 0 to 1; -1 where there is none. */
function shareValue([used, limit]: [number | undefined, number | undefined]): number {
  return used === undefined || limit === undefined ? -1 : used / limit;
}

function exitCell(row: InstanceRow): Segment {
  const exit = row.view.status?.lastExit ?? null;
  if (exit === null) return { text: '-', tone: 'dim' };
  return { text: exitWords(exit), tone: isBadExit(exit) ? 'warn' : 'dim' };
}

const HISTORY_CELLS = 10;

const NODE_COLUMN: Column<InstanceRow> = {
  key: 'node',
  title: 'NODE',
  minWidth: 8,
  maxWidth: 20,
  priority: 3,
  cell: ({ node, view }) => ({ text: nodeWords(node, view.nodeId) }),
  // With the number behind it, so that two nodes of one name do not mix.
  sortValue: ({ node, view }) => `${nodeWords(node, view.nodeId)} ${view.nodeId}`,
};

/** `sort` keys of these are bound in the key table. */
export const INSTANCE_COLUMNS: readonly Column<InstanceRow>[] = [
  {
    key: 'state',
    title: 'STATE',
    minWidth: 10,
    maxWidth: 12,
    priority: 1,
    cell: ({ view, node }) => stateCell(view, node),
    sortValue: ({ view }) => view.status?.state ?? '',
  },
  {
    key: 'name',
    title: 'SERVICE',
    minWidth: 12,
    maxWidth: 28,
    priority: 2,
    cell: ({ view }) => ({ text: view.serviceName, tone: 'strong' }),
    sortValue: ({ view }) => view.serviceName,
  },
  NODE_COLUMN,
  {
    key: 'release',
    title: 'RELEASE',
    minWidth: 9,
    maxWidth: 22,
    priority: 4,
    cell: ({ view }) => releaseCell(view),
    sortValue: ({ view }) => view.release?.version ?? '',
  },
  {
    key: 'pid',
    title: 'PID',
    align: 'right',
    minWidth: 7,
    priority: 5,
    cell: ({ view }) => {
      const pid = view.status?.pid ?? null;
      return pid === null ? { text: '-', tone: 'dim' } : { text: String(pid) };
    },
  },
  {
    key: 'port',
    title: 'PORT',
    align: 'right',
    minWidth: 5,
    priority: 9,
    cell: ({ view }) => ({ text: String(view.port) }),
    sortValue: ({ view }) => view.port,
  },
  {
    key: 'cpu',
    title: 'CPU%',
    align: 'right',
    minWidth: 5,
    priority: 6,
    isLive: true,
    descendingFirst: true,
    cell: cpuCell,
    sortValue: ({ figures }) => figures?.cpuMillicores ?? -1,
  },
  {
    key: 'memory',
    title: 'MEM/LIMIT',
    align: 'right',
    minWidth: 10,
    maxWidth: 11,
    priority: 7,
    isLive: true,
    descendingFirst: true,
    cell: memoryCell,
    sortValue: ({ figures }) => figures?.memoryBytes ?? -1,
  },
  {
    key: 'age',
    title: 'UPTIME',
    align: 'right',
    minWidth: 7,
    priority: 8,
    isLive: true,
    cell: ({ uptimeMs }) => (uptimeMs === null ? { text: '-', tone: 'dim' } : { text: formatSpan(uptimeMs) }),
    // The start, not the age, so that the order does not change by itself.
    sortValue: ({ view }) => -(view.status?.startedAt ?? 0),
  },
  {
    key: 'restarts',
    title: 'RST',
    align: 'right',
    minWidth: 4,
    priority: 10,
    descendingFirst: true,
    cell: ({ view }) => {
      const restarts = view.status?.restarts ?? 0;
      return { text: String(restarts), tone: restarts > 0 ? 'warn' : 'dim' };
    },
    sortValue: ({ view }) => view.status?.restarts ?? 0,
  },
  {
    key: 'exit',
    title: 'LAST EXIT',
    minWidth: 12,
    maxWidth: 14,
    priority: 12,
    cell: exitCell,
    sortValue: (row) => exitCell(row).text,
  },
  {
    key: 'cpu-share',
    title: 'CPU OF LIMIT',
    minWidth: 12,
    priority: 14,
    isLive: true,
    descendingFirst: true,
    cell: (row) => barCell(...cpuShare(row)),
    sortValue: (row) => shareValue(cpuShare(row)),
  },
  {
    key: 'memory-share',
    title: 'MEM OF LIMIT',
    minWidth: 12,
    priority: 13,
    isLive: true,
    descendingFirst: true,
    cell: (row) => barCell(...memoryShare(row)),
    sortValue: (row) => shareValue(memoryShare(row)),
  },
  {
    key: 'throttled',
    title: 'THR%',
    align: 'right',
    minWidth: 5,
    priority: 15,
    isLive: true,
    descendingFirst: true,
    cell: ({ figures }) => {
      if (figures === undefined) return { text: '-', tone: 'dim' };
      const permille = figures.throttledPermille;
      return { text: (permille / 10).toFixed(1), tone: permille >= THROTTLED_PERMILLE ? 'warn' : 'dim' };
    },
    sortValue: ({ figures }) => figures?.throttledPermille ?? -1,
  },
  {
    key: 'oom',
    title: 'OOM',
    align: 'right',
    minWidth: 4,
    priority: 16,
    isLive: true,
    descendingFirst: true,
    cell: ({ figures }) => {
      if (figures === undefined) return { text: '-', tone: 'dim' };
      return { text: String(figures.oomKills), tone: figures.oomKills > 0 ? 'bad' : 'dim' };
    },
    sortValue: ({ figures }) => figures?.oomKills ?? -1,
  },
  {
    key: 'pids',
    title: 'PROCS',
    align: 'right',
    minWidth: 6,
    // Who asks for it wants to see it.
    priority: 4.5,
    isOnDemand: true,
    isLive: true,
    descendingFirst: true,
    cell: ({ figures }) =>
      figures === undefined ? { text: '-', tone: 'dim' } : { text: String(figures.pids) },
    sortValue: ({ figures }) => figures?.pids ?? -1,
  },
  {
    key: 'group',
    title: 'GROUP',
    minWidth: 8,
    maxWidth: 16,
    priority: 4.6,
    isOnDemand: true,
    cell: ({ view }) => ({ text: view.group }),
    sortValue: ({ view }) => view.group,
  },
  {
    key: 'history',
    title: 'CPU 20s',
    minWidth: HISTORY_CELLS,
    priority: 11,
    isLive: true,
    cell: ({ history, view }) => {
      const greatest = history.reduce<number>((top, sample) => Math.max(top, sample ?? 0), 50);
      const full = view.limits.cpuCores === undefined ? greatest : view.limits.cpuCores * 1000;
      return { text: sparkline(history, HISTORY_CELLS, full), tone: 'accent' };
    },
  },
];
