import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { isGrouped } from '../store/rows.ts';
import type { CockpitState, TableRow, View } from '../store/state.ts';
import { type Column, fitColumns, headerLine, lineOf, type RowNote, rowLine } from './columns.ts';
import { EVENT_COLUMNS, eventRow } from './event-columns.ts';
import {
  GROUPED_INSTANCE_COLUMNS,
  INSTANCE_COLUMNS,
  type InstanceRow,
  instanceRow,
} from './instance-columns.ts';
import { instanceNote } from './instance-note.ts';
import type { Line, Segment } from './line.ts';
import { NODE_COLUMNS, nodeRow, tallyInstances } from './node-columns.ts';

export interface TableLines {
  readonly header: Line;
  readonly rows: readonly Line[];
}

/** The title line and the visible rows of a table; what is scrolled out of sight costs nothing. */
export function tableLines(state: CockpitState, view: View, height: number): TableLines {
  const { fleet, now } = state;
  switch (view.screen.name) {
    case 'nodes': {
      const tallies = tallyInstances(fleet);
      return tableOf(state, view, height, NODE_COLUMNS, (id) => {
        const node = fleet.nodes.get(id);
        return node === undefined ? undefined : nodeRow(fleet, node, tallies, now);
      });
    }
    case 'instances': {
      const isOfOneNode = view.screen.nodeId !== null || isGrouped(view);
      const columns = isOfOneNode ? GROUPED_INSTANCE_COLUMNS : INSTANCE_COLUMNS;
      const rowOf = (id: number): InstanceRow | undefined => {
        const instance = fleet.instances.get(id);
        return instance === undefined ? undefined : instanceRow(fleet, instance, now);
      };
      return tableOf(state, view, height, columns, rowOf, instanceNote);
    }
    default: {
      const bySeq = new Map((state.catalog.events ?? []).map((event) => [event.seq, event]));
      return tableOf(state, view, height, EVENT_COLUMNS, (id) => {
        const event = bySeq.get(id);
        return event === undefined ? undefined : eventRow(fleet, event, now);
      });
    }
  }
}

function tableOf<Row>(
  state: CockpitState,
  { table, screen }: View,
  height: number,
  columns: readonly Column<Row>[],
  rowOf: (id: number) => Row | undefined,
  noteOf: (row: Row, shown: ReadonlySet<string>) => RowNote | null = () => null,
): TableLines {
  const fitted = fitColumns(columns, state.size.columns);
  const shown = new Set(fitted.columns.map(({ column }) => column.key));
  const isStale = state.link.state !== 'up';
  const rows = table.rows.slice(table.top, table.top + height).flatMap((item) => {
    if (item.kind === 'group') return [groupLine(state, item)];
    const row = rowOf(item.id);
    if (row === undefined) return [];
    const isMarked = screen.name === 'instances' && state.marks.has(item.id);
    const marks = { isSelected: item.id === table.selectedId, isMarked, isStale };
    return [rowLine(fitted, row, marks, noteOf(row, shown))];
  });
  return { header: headerLine(fitted, table.sort), rows };
}

/** The line above a node's instances in the table of all. */
function groupLine(state: CockpitState, { nodeId }: TableRow & { kind: 'group' }): Line {
  const node = state.fleet.nodes.get(nodeId);
  const segments: Segment[] = [{ text: ` ${nodeWords(node, nodeId)}`, tone: 'title' }];
  if (node !== undefined) segments.push({ text: `  ${plainText(node.innerAddress)}`, tone: 'dim' });
  if (node?.link === 'down') segments.push({ text: '  node down, as last known', tone: 'bad' });
  return lineOf(segments, state.size.columns);
}
