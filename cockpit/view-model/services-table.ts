import { formatBytes, formatCpuPercent } from '../format/quantity.ts';
import type { Column } from './columns.ts';
import { defineTable, type Table } from './define-table.ts';
import { both, type FilterField } from './filter.ts';
import type { Tone } from './line.ts';
import { type ServiceRow, serviceRows } from './service-rows.ts';

const TONES: readonly Tone[] = ['ok', 'busy', 'warn', 'bad'];

const COLUMNS: readonly Column<ServiceRow>[] = [
  {
    key: 'state',
    title: 'STATE',
    minWidth: 12,
    maxWidth: 14,
    priority: 1,
    cell: ({ worst, severity, total, running }, t) => ({
      text: t(worst),
      tone: severity > 0 ? (TONES[severity] ?? 'bad') : total > 0 && running === total ? 'ok' : 'idle',
    }),
    sortValue: ({ worst }) => worst,
  },
  {
    key: 'name',
    title: 'SERVICE',
    minWidth: 14,
    maxWidth: 32,
    priority: 2,
    cell: ({ name }) => ({ text: name, tone: 'strong' }),
    sortValue: ({ name }) => name,
  },
  {
    key: 'protected',
    title: 'GUARD',
    minWidth: 9,
    priority: 6.5,
    cell: ({ isProtected }, t) =>
      isProtected ? { text: t('protected'), tone: 'accent' } : { text: '-', tone: 'dim' },
    sortValue: ({ isProtected }) => (isProtected ? 0 : 1),
  },
  {
    key: 'group',
    title: 'GROUP',
    minWidth: 8,
    maxWidth: 16,
    priority: 8,
    cell: ({ group }) => ({ text: group }),
    sortValue: ({ group }) => group,
  },
  {
    key: 'type',
    title: 'TYPE',
    minWidth: 6,
    priority: 7,
    cell: ({ type }) => ({ text: type }),
    sortValue: ({ type }) => type,
  },
  {
    key: 'instances',
    title: 'UP',
    align: 'right',
    minWidth: 6,
    maxWidth: 9,
    priority: 3,
    descendingFirst: true,
    cell: ({ running, total }) => ({
      text: `${running}/${total}`,
      tone: total === 0 ? 'dim' : running < total ? 'warn' : 'plain',
    }),
    sortValue: ({ total }) => total,
  },
  {
    key: 'states',
    title: 'NOT RUNNING',
    minWidth: 14,
    maxWidth: 34,
    priority: 10,
    cell: ({ others }, t) => ({
      text: others.map(([state, amount]) => `${amount} ${t(state)}`).join(t(', ')) || '-',
      tone: others.length === 0 ? 'dim' : 'plain',
    }),
  },
  {
    key: 'health',
    title: 'HEALTH',
    minWidth: 8,
    maxWidth: 18,
    priority: 6,
    cell: ({ healthy, unhealthy, checked }, t) =>
      checked === 0
        ? { text: '-', tone: 'dim' }
        : unhealthy > 0
          ? { text: t('{count} bad', { count: unhealthy }), tone: 'bad' }
          : {
              text: t('{healthy}/{checked} ok', { healthy, checked }),
              tone: healthy === checked ? 'ok' : 'busy',
            },
    sortValue: ({ unhealthy }) => -unhealthy,
  },
  {
    key: 'release',
    title: 'RELEASE',
    minWidth: 10,
    maxWidth: 30,
    priority: 4,
    cell: ({ versions }, t) => ({
      text: versions.join(', ') || t('none'),
      // Two at once: a rollout is under way, or one was left half done.
      tone: versions.length > 1 ? 'warn' : versions.length === 0 ? 'idle' : 'plain',
    }),
    sortValue: ({ versions }) => versions[0] ?? '',
  },
  {
    key: 'cpu',
    title: 'CPU%',
    align: 'right',
    minWidth: 5,
    priority: 5,
    isLive: true,
    descendingFirst: true,
    cell: ({ cpuMillicores }) => ({ text: formatCpuPercent(cpuMillicores) }),
    sortValue: ({ cpuMillicores }) => cpuMillicores,
  },
  {
    key: 'memory',
    title: 'MEM',
    align: 'right',
    minWidth: 6,
    priority: 5.5,
    isLive: true,
    descendingFirst: true,
    cell: ({ memoryBytes }) => ({ text: formatBytes(memoryBytes) }),
    sortValue: ({ memoryBytes }) => memoryBytes,
  },
];

const FIELDS: readonly FilterField<ServiceRow>[] = [
  {
    keys: ['state', 'status'],
    texts: ({ worst }, t) => (worst === 'unhealthy' ? [] : both(worst, t)),
    words: ({ severity }, t) => both(severity >= 2 ? 'unhealthy' : 'healthy', t),
  },
  { keys: ['service', 'name', 'svc'], texts: ({ name }) => [name] },
  { keys: ['group'], texts: ({ group }) => [group] },
  { keys: ['type'], texts: ({ type }) => [type] },
  { keys: ['release', 'version'], texts: ({ versions }) => versions },
  { keys: ['instances'], amount: ({ total }) => total },
  { keys: ['cpu'], isLive: true, unit: 'percent', amount: ({ cpuMillicores }) => cpuMillicores / 10 },
  { keys: ['mem', 'memory'], isLive: true, unit: 'bytes', amount: ({ memoryBytes }) => memoryBytes },
  { keys: ['guard', 'protected'], texts: ({ isProtected }, t) => both(isProtected ? 'protected' : 'no', t) },
];

/** Every service, with the sums of its instances. */
export const SERVICES_TABLE: Table = defineTable<ServiceRow>({
  columns: COLUMNS,
  fields: FIELDS,
  defaultSort: { column: 'name', descending: false },
  inputs: ({ fleet, catalog }, _, need) => [
    fleet.instances,
    fleet.nodes,
    catalog.services,
    need.live ? fleet.figures : null,
  ],
  rows: (state) => [...serviceRows(state).values()],
  rowById: (state) => {
    const rows = serviceRows(state);
    return (id) => rows.get(id);
  },
  idOf: ({ serviceId }) => serviceId,
  severityOf: ({ severity }) => severity,
});
