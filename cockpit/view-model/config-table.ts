import { plainText } from '../format/plain-text.ts';
import { formatBytes } from '../format/quantity.ts';
import { formatSpan } from '../format/time.ts';
import type { Column } from './columns.ts';
import { type ConfigRow, configRows } from './config-rows.ts';
import { defineTable, type Table } from './define-table.ts';
import { both, type FilterField } from './filter.ts';

const COLUMNS: readonly Column<ConfigRow>[] = [
  {
    key: 'state',
    title: 'STATE',
    minWidth: 10,
    priority: 2,
    cell: ({ state, tone }, t) => ({ text: t(state), tone }),
    sortValue: ({ state }) => state,
  },
  {
    key: 'name',
    title: 'SERVICE',
    minWidth: 10,
    maxWidth: 22,
    priority: 3,
    cell: ({ file }) => ({ text: file.serviceName, tone: 'strong' }),
    sortValue: ({ file }) => file.serviceName,
  },
  {
    key: 'file',
    title: 'FILE',
    minWidth: 14,
    maxWidth: 36,
    priority: 1,
    cell: ({ file }) => ({ text: file.name, tone: 'strong' }),
    sortValue: ({ file }) => file.name,
  },
  {
    key: 'for',
    title: 'TARGET',
    minWidth: 10,
    maxWidth: 22,
    priority: 4,
    cell: ({ target, file }) => ({
      text: plainText(target),
      tone: file.instanceId === null ? 'dim' : 'accent',
    }),
    sortValue: ({ target }) => target,
  },
  {
    key: 'version',
    title: 'VER',
    align: 'right',
    minWidth: 5,
    priority: 5,
    cell: ({ file }) => ({ text: file.isRemoval ? '-' : String(file.version) }),
    sortValue: ({ file }) => file.version,
  },
  {
    key: 'published',
    title: 'PUB',
    align: 'right',
    minWidth: 5,
    priority: 6,
    cell: ({ file }) => ({
      text: file.publishedVersion === null ? '-' : String(file.publishedVersion),
      tone: file.publishedVersion === file.version ? 'plain' : 'warn',
    }),
    sortValue: ({ file }) => file.publishedVersion ?? 0,
  },
  {
    key: 'on',
    title: 'ON',
    align: 'right',
    minWidth: 5,
    priority: 7,
    cell: ({ on, of, file }) =>
      file.publishedVersion === null
        ? { text: '-', tone: 'dim' }
        : { text: `${on}/${of}`, tone: on < of ? 'warn' : 'ok' },
    sortValue: ({ on, of }) => on - of,
  },
  {
    key: 'age',
    title: 'AGE',
    align: 'right',
    minWidth: 6,
    priority: 8,
    isLive: true,
    cell: ({ file, now }) => ({ text: formatSpan(now - file.at) }),
    sortValue: ({ file }) => -file.at,
  },
  {
    key: 'by',
    title: 'BY',
    minWidth: 8,
    maxWidth: 16,
    priority: 9,
    cell: ({ file }) => ({ text: plainText(file.actor) }),
    sortValue: ({ file }) => file.actor,
  },
  {
    key: 'message',
    title: 'MESSAGE',
    minWidth: 12,
    maxWidth: 70,
    priority: 10,
    cell: ({ file }) => ({ text: plainText(file.message), tone: 'dim' }),
  },
  {
    key: 'size',
    title: 'SIZE',
    align: 'right',
    minWidth: 5,
    priority: 11,
    descendingFirst: true,
    cell: ({ file }) => ({ text: file.isRemoval ? '-' : formatBytes(file.sizeBytes) }),
    sortValue: ({ file }) => file.sizeBytes,
  },
];

const FIELDS: readonly FilterField<ConfigRow>[] = [
  { keys: ['service', 'svc', 'name'], texts: ({ file }) => [file.serviceName] },
  { keys: ['file'], texts: ({ file }) => [file.name] },
  { keys: ['for', 'instance'], texts: ({ target }) => [target] },
  { keys: ['state'], texts: ({ state }, t) => both(state, t) },
  { keys: ['by'], texts: ({ file }) => [file.actor] },
  { keys: ['message'], texts: ({ file }) => [file.message] },
  { keys: ['size'], unit: 'bytes', amount: ({ file }) => file.sizeBytes },
];

/** The config files of all services: what is newest, what is published, and who has that. */
export const CONFIG_TABLE: Table = defineTable<ConfigRow>({
  columns: COLUMNS,
  fields: FIELDS,
  defaultSort: { column: 'name', descending: false },
  inputs: ({ config, fleet }) => [config.services, fleet.instances.size],
  rows: (state) => [...configRows(state).values()],
  rowById: (state) => {
    const rows = configRows(state);
    return (id) => rows.get(id);
  },
  idOf: ({ id }) => id,
});
