import { exitWords, nodeWords } from '../format/fleet-words.ts';
import { FLASH_MS } from '../store/changes.ts';
import type { FleetState, View } from '../store/state.ts';
import { defineTable, type Table } from './define-table.ts';
import { both, type FilterField } from './filter.ts';
import { instanceSeverity } from './health.ts';

import { INSTANCE_COLUMNS } from './instance-columns.ts';
import { instanceNote } from './instance-note.ts';
import { type InstanceRow, instanceRow } from './instance-row.ts';

const FIELDS: readonly FilterField<InstanceRow>[] = [
  {
    keys: ['state', 'status'],
    // That it is unhealthy is a word: `healthy` is not to find it.
    texts: ({ view: { status } }, t) => both(status?.state ?? 'unreported', t),
    words: ({ view, node }, t) => both(instanceSeverity(view, node) >= 2 ? 'unhealthy' : 'healthy', t),
  },
  {
    keys: ['health'],
    texts: () => [],
    words: ({ view: { status } }, t) => both(status?.health.state ?? 'none', t),
  },
  { keys: ['service', 'svc', 'name'], texts: ({ view }) => [view.serviceName] },
  {
    keys: ['node'],
    texts: ({ node, view }) => [nodeWords(node, view.nodeId)],
    amount: ({ view }) => view.nodeId,
  },
  {
    keys: ['cpu'],
    isLive: true,
    unit: 'percent',
    amount: ({ figures }) => (figures === undefined ? null : figures.cpuMillicores / 10),
  },
  {
    keys: ['mem', 'memory'],
    isLive: true,
    unit: 'bytes',
    amount: ({ figures }) => figures?.memoryBytes ?? null,
  },
  {
    keys: ['release', 'rel', 'version'],
    texts: ({ view }) => [view.release?.version ?? 'none', view.status?.release?.version ?? ''],
  },
  { keys: ['uptime', 'age'], isLive: true, unit: 'span', amount: ({ uptimeMs }) => uptimeMs },
  { keys: ['restarts', 'rst'], amount: ({ view }) => view.status?.restarts ?? 0 },
  {
    keys: ['exit'],
    texts: ({ view: { status } }, t) =>
      status?.lastExit == null ? [] : [exitWords(status.lastExit), exitWords(status.lastExit, t)],
  },
  {
    keys: ['throttled', 'thr'],
    isLive: true,
    unit: 'percent',
    amount: ({ figures }) => (figures === undefined ? null : figures.throttledPermille / 10),
  },
  { keys: ['oom'], isLive: true, amount: ({ figures }) => figures?.oomKills ?? null },
  { keys: ['port'], amount: ({ view }) => view.port },
  { keys: ['pid'], amount: ({ view }) => view.status?.pid ?? null },
  { keys: ['group'], texts: ({ view }) => [view.group] },
  { keys: ['type'], texts: ({ view }) => [view.type] },
];

/** Whether the table shows a line per node with its instances below. */
function isGrouped({ screen, table }: View): boolean {
  return (
    screen.name === 'instances' &&
    screen.nodeId === null &&
    table.sort.column === 'node' &&
    table.sort.badFirst !== true
  );
}

export const INSTANCES_TABLE: Table = defineTable<InstanceRow>({
  columns: INSTANCE_COLUMNS,
  fields: FIELDS,
  defaultSort: { column: 'name', descending: false },
  inputs: ({ fleet }, { screen }, need) => [
    screen.name === 'instances' ? screen.nodeId : null,
    fleet.nodes,
    fleet.instances,
    need.live ? fleet.figures : null,
  ],
  rows: ({ fleet, now }, { screen }) => {
    const nodeId = screen.name === 'instances' ? screen.nodeId : null;
    return [...fleet.instances.values()]
      .filter((instance) => nodeId === null || instance.nodeId === nodeId)
      .map((instance) => instanceRow(fleet, instance, now));
  },
  changes: ([nodeId, nodes, instances, figures], { fleet, now }, { screen }) => {
    const isOfSame = screen.name === 'instances' && screen.nodeId === nodeId;
    if (!isOfSame || nodes !== fleet.nodes || figures !== null || !(instances instanceof Map)) return null;
    const before: FleetState['instances'] = instances;
    if (before.size !== fleet.instances.size) return null;
    const changes: (readonly [InstanceRow, InstanceRow])[] = [];
    for (const [id, view] of fleet.instances) {
      const known = before.get(id);
      if (known === view) continue;
      if (known === undefined || known.nodeId !== view.nodeId) return null;
      if (nodeId === null || view.nodeId === nodeId)
        changes.push([instanceRow(fleet, known, now), instanceRow(fleet, view, now)]);
    }
    return changes;
  },
  rowById:
    ({ fleet, now }) =>
    (id) => {
      const instance = fleet.instances.get(id);
      return instance === undefined ? undefined : instanceRow(fleet, instance, now);
    },
  idOf: ({ view }) => view.instanceId,
  // Below a line that names the node, or where all are of one, its name in every row would say nothing.
  isHidden: ({ key }, view) =>
    key === 'node' && (isGrouped(view) || (view.screen.name === 'instances' && view.screen.nodeId !== null)),
  groupOf: (view) => (isGrouped(view) ? ({ view: { nodeId } }) => nodeId : null),
  noteOf: instanceNote,
  severityOf: ({ view, node }) => instanceSeverity(view, node),
  changedColumns: ({ fleet, now }, id) => {
    const change = fleet.changes.get(id);
    return change === undefined || now - change.at > FLASH_MS ? undefined : change.columns;
  },
  isMarked: ({ marks }, id) => marks.has(id),
});

/** The order in which instances of all nodes stand below a line per node. */
export const GROUPED_SORT = { column: 'node', descending: false } as const;
