import type { Word } from '../language/translate.ts';
import type { Column } from './columns.ts';
import {
  barCell,
  cpuShare,
  memoryMarkBytes,
  memoryShare,
  pressureCell,
  shareValue,
  THROTTLED_PERMILLE,
} from './instance-cells.ts';
import type { InstanceRow } from './instance-row.ts';

/** Only one that somebody set: the default is where the bar turns yellow anyway. */
const markOf = ({ view: { limits } }: InstanceRow): number | undefined =>
  limits.memoryHighMiB === undefined ? undefined : memoryMarkBytes(limits);

const pressure = (key: 'cpu' | 'memory' | 'io', title: Word, priority: number): Column<InstanceRow> => ({
  key: `${key}-pressure`,
  title,
  align: 'right',
  minWidth: 7,
  priority,
  isOnDemand: true,
  isLive: true,
  descendingFirst: true,
  cell: ({ figures }) => pressureCell(figures?.pressure[key]),
  sortValue: ({ figures }) => figures?.pressure[key] ?? -1,
});

/** What an instance uses of its limits, and what they cost it. */
export const LIMIT_COLUMNS: readonly Column<InstanceRow>[] = [
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
    cell: (row) => barCell(...memoryShare(row), markOf(row)),
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
  pressure('cpu', 'PSI CPU', 4.7),
  pressure('memory', 'PSI MEM', 4.8),
  pressure('io', 'PSI IO', 4.9),
];
