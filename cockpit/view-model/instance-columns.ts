import { exitWords, nodeWords } from '../format/fleet-words.ts';
import { formatSpan } from '../format/time.ts';
import type { Column } from './columns.ts';
import { CPU_LINE_CELLS, cpuLine } from './cpu-line.ts';
import { cpuCell, exitCell, healthCell, memoryCell, releaseCell, stateCell } from './instance-cells.ts';
import { LIMIT_COLUMNS } from './instance-limit-columns.ts';
import type { InstanceRow } from './instance-row.ts';

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
    maxWidth: 17,
    priority: 1,
    cell: ({ view, node }, t, width) => stateCell(view, node, t, width),
    sortValue: ({ view }) => view.status?.state ?? '',
  },
  {
    key: 'health',
    title: 'HEALTH',
    minWidth: 9,
    maxWidth: 10,
    priority: 1.5,
    isOnDemand: true,
    cell: healthCell,
    sortValue: ({ view }) => view.status?.health.state ?? '',
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
    cell: ({ view }, t) => releaseCell(view, t),
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
    sortValue: ({ view }) => (view.status?.lastExit == null ? '' : exitWords(view.status.lastExit)),
  },
  ...LIMIT_COLUMNS,
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
    minWidth: CPU_LINE_CELLS,
    priority: 11,
    isLive: true,
    cell: ({ history, view }) => cpuLine(history, view),
  },
];
