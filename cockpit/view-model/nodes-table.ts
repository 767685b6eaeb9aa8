import { nodeWords } from '../format/fleet-words.ts';
import { english } from '../language/translate.ts';
import { defineTable, type Table } from './define-table.ts';
import { both, type FilterField } from './filter.ts';
import {
  cpuShare,
  memoryShare,
  NODE_COLUMNS,
  type NodeRow,
  nodeRow,
  nodeWarning,
  tallyInstances,
} from './node-columns.ts';

const FIELDS: readonly FilterField<NodeRow>[] = [
  {
    keys: ['state', 'link'],
    texts: ({ view }, t) => [...both(view.link, t), ...(view.isCordoned ? both('cordoned', t) : [])],
    words: (row, t) =>
      both(row.view.link === 'down' || nodeWarning(row, t) !== '' ? 'unhealthy' : 'healthy', t),
  },
  {
    keys: ['node', 'name', 'id'],
    texts: ({ view }) => [nodeWords(view, view.nodeId)],
    amount: ({ view }) => view.nodeId,
  },
  { keys: ['address', 'ip'], texts: ({ view }) => [view.innerAddress] },
  { keys: ['instances'], amount: ({ tally }) => tally.total },
  {
    keys: ['cpu'],
    isLive: true,
    unit: 'percent',
    amount: (row) => {
      const share = cpuShare(row);
      return share === null ? null : share / 10;
    },
  },
  {
    keys: ['mem', 'memory'],
    isLive: true,
    unit: 'percent',
    amount: (row) => {
      const share = memoryShare(row);
      return share === null ? null : 100 * share;
    },
  },
  { keys: ['load'], isLive: true, amount: ({ sample }) => sample?.figures.load[0] ?? null },
  { keys: ['driver'], texts: ({ view }) => [view.info?.cgroupDriver ?? ''] },
  { keys: ['warning'], texts: (row, t) => [nodeWarning(row, t)] },
];

export const NODES_TABLE: Table = defineTable<NodeRow>({
  columns: NODE_COLUMNS,
  fields: FIELDS,
  defaultSort: { column: 'name', descending: false },
  inputs: ({ fleet }, { table }, need) => [
    fleet.nodes,
    need.live || table.sort.badFirst === true ? fleet.nodeSamples : null,
    table.sort.column === 'instances' || need.filter ? fleet.instances : null,
  ],
  rows: ({ fleet, now }) => {
    const tallies = tallyInstances(fleet);
    return [...fleet.nodes.values()].map((node) => nodeRow(fleet, node, tallies, now));
  },
  rowById: ({ fleet, now }) => {
    const tallies = tallyInstances(fleet);
    return (id) => {
      const node = fleet.nodes.get(id);
      return node === undefined ? undefined : nodeRow(fleet, node, tallies, now);
    };
  },
  idOf: ({ view }) => view.nodeId,
  severityOf: (row) => (row.view.link === 'down' ? 3 : nodeWarning(row, english) === '' ? 0 : 2),
});
