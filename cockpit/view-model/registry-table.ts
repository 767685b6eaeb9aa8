import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatSpan } from '../format/time.ts';
import { english, type Translate, type Word } from '../language/translate.ts';
import type { Column } from './columns.ts';
import { defineTable, type Table } from './define-table.ts';
import { both, type FilterField } from './filter.ts';
import { instanceSeverity } from './health.ts';
import { type InstanceRow, instanceRow } from './instance-row.ts';
import type { Segment } from './line.ts';

/** Whether callers are sent to an instance, and why not; the same rule that its agent goes by. */
function answerCell({ view: { status }, node }: InstanceRow, t: Translate): Segment {
  const no = (why: Word): string => t('no: {why}', { why: t(why) });
  if (node?.link === 'down') return { text: t('as last known'), tone: 'stale' };
  if (status === null) return { text: no('unreported'), tone: 'dim' };
  if (status.state !== 'running')
    return { text: no(status.state), tone: status.state === 'stopped' ? 'dim' : 'warn' };
  if (status.health.state === 'unhealthy') return { text: no('unhealthy'), tone: 'bad' };
  if (status.health.state === 'starting') return { text: t('not yet: starting'), tone: 'busy' };
  return { text: t('yes'), tone: 'ok' };
}

const addressOf = ({ view }: InstanceRow): string => `${plainText(view.host)}:${view.port}`;

const COLUMNS: readonly Column<InstanceRow>[] = [
  {
    key: 'name',
    title: 'SERVICE',
    minWidth: 12,
    maxWidth: 28,
    priority: 1,
    cell: ({ view }) => ({ text: view.serviceName, tone: 'strong' }),
    sortValue: ({ view }) => view.serviceName,
  },
  {
    key: 'address',
    title: 'ADDRESS',
    minWidth: 21,
    maxWidth: 40,
    priority: 2,
    cell: (row) => ({ text: addressOf(row) }),
    sortValue: addressOf,
  },
  {
    key: 'state',
    title: 'ANSWERS',
    minWidth: 15,
    maxWidth: 20,
    priority: 3,
    cell: answerCell,
    sortValue: (row) => answerCell(row, english).text,
  },
  {
    key: 'node',
    title: 'NODE',
    minWidth: 8,
    maxWidth: 20,
    priority: 4,
    cell: ({ node, view }) => ({ text: nodeWords(node, view.nodeId) }),
    sortValue: ({ node, view }) => nodeWords(node, view.nodeId),
  },
  {
    key: 'pid',
    title: 'PID',
    align: 'right',
    minWidth: 7,
    priority: 5,
    cell: ({ view }) => ({ text: view.status?.pid == null ? '-' : String(view.status.pid) }),
  },
  {
    key: 'ids',
    title: 'SERVER/NODE/MACHINE ID',
    minWidth: 22,
    priority: 8,
    cell: ({ view }) => ({ text: `${view.serviceId}/${view.instanceId}/${view.nodeId}`, tone: 'dim' }),
  },
  {
    key: 'uptime',
    title: 'UP FOR',
    align: 'right',
    minWidth: 7,
    priority: 6,
    isLive: true,
    cell: ({ uptimeMs }) => (uptimeMs === null ? { text: '-', tone: 'dim' } : { text: formatSpan(uptimeMs) }),
  },
  {
    key: 'outer',
    title: 'FROM OUTSIDE',
    minWidth: 12,
    maxWidth: 40,
    priority: 9,
    cell: ({ node, view }) =>
      node === undefined || node.outerAddress === ''
        ? { text: '-', tone: 'dim' }
        : { text: `${plainText(node.outerAddress)}:${view.port}` },
  },
];

const FIELDS: readonly FilterField<InstanceRow>[] = [
  { keys: ['service', 'svc', 'name'], texts: ({ view }) => [view.serviceName] },
  { keys: ['address', 'host'], texts: (row) => [addressOf(row)] },
  {
    keys: ['answers', 'state'],
    texts: (row, t) => [answerCell(row, english).text, answerCell(row, t).text],
    words: (row, t) => both(answerCell(row, t).tone === 'ok' ? 'healthy' : 'unhealthy', t),
  },
  {
    keys: ['node'],
    texts: ({ node, view }) => [nodeWords(node, view.nodeId)],
    amount: ({ view }) => view.nodeId,
  },
  { keys: ['port'], amount: ({ view }) => view.port },
  { keys: ['group'], texts: ({ view }) => [view.group] },
];

/** Which instance answers where: what discovery tells callers. */
export const REGISTRY_TABLE: Table = defineTable<InstanceRow>({
  columns: COLUMNS,
  fields: FIELDS,
  defaultSort: { column: 'name', descending: false },
  inputs: ({ fleet }) => [fleet.instances, fleet.nodes],
  rows: ({ fleet, now }) => [...fleet.instances.values()].map((view) => instanceRow(fleet, view, now)),
  rowById:
    ({ fleet, now }) =>
    (id) => {
      const view = fleet.instances.get(id);
      return view === undefined ? undefined : instanceRow(fleet, view, now);
    },
  idOf: ({ view }) => view.instanceId,
  severityOf: ({ view, node }) => instanceSeverity(view, node),
});
