import { type Column, compareValues, rowMatches } from '../view-model/columns.ts';
import { EVENT_COLUMNS, eventRow } from '../view-model/event-columns.ts';
import { INSTANCE_COLUMNS, instanceRow } from '../view-model/instance-columns.ts';
import { NODE_COLUMNS, nodeRow, tallyInstances } from '../view-model/node-columns.ts';
import type { CockpitState, Sort, TableRow, View } from './state.ts';

/** The order in which instances of all nodes stand below a line per node. */
export const GROUPED_SORT: Sort = { column: 'node', descending: false };

const UNFILTERED: readonly TableRow[] = [];

/** Whether the table shows a line per node with its instances below. */
export function isGrouped(view: View): boolean {
  return view.screen.name === 'instances' && view.screen.nodeId === null && view.table.sort.column === 'node';
}

/** What the rows of a view are made of, for comparing by identity: when all is the same, so are the rows. */
export function rowInputs(state: CockpitState, { screen, table }: View): readonly unknown[] {
  const { fleet } = state;
  const own = [table.filter, table.sort];
  switch (screen.name) {
    case 'nodes':
      return [
        ...own,
        fleet.nodes,
        isLive(NODE_COLUMNS, table.sort) ? fleet.nodeSamples : null,
        table.sort.column === 'instances' || table.filter !== '' ? fleet.instances : null,
      ];
    case 'instances':
      return [
        ...own,
        screen.nodeId,
        fleet.nodes,
        fleet.instances,
        isLive(INSTANCE_COLUMNS, table.sort) ? fleet.figures : null,
      ];
    case 'events':
      return [...own, state.catalog.events, table.filter === '' ? null : fleet.instances];
    default:
      return [];
  }
}

function isLive<Row>(columns: readonly Column<Row>[], sort: Sort): boolean {
  return columns.find((column) => column.key === sort.column)?.isLive === true;
}

/** Filtered, sorted, grouped. Costs a pass over everything, so it is done only when `rowInputs` changed. */
export function makeRows(state: CockpitState, view: View): readonly TableRow[] {
  const { fleet, now } = state;
  const { screen, table } = view;
  switch (screen.name) {
    case 'nodes': {
      const tallies = tallyInstances(fleet);
      const rows = [...fleet.nodes.values()].map((node) => nodeRow(fleet, node, tallies, now));
      return ordered(NODE_COLUMNS, rows, table, (row) => row.view.nodeId).map(
        toRow((row) => row.view.nodeId),
      );
    }
    case 'instances': {
      const { nodeId } = screen;
      const rows = [...fleet.instances.values()]
        .filter((instance) => nodeId === null || instance.nodeId === nodeId)
        .map((instance) => instanceRow(fleet, instance, now));
      const sorted = ordered(INSTANCE_COLUMNS, rows, table, (row) => row.view.instanceId);
      if (!isGrouped(view)) return sorted.map(toRow((row) => row.view.instanceId));
      const grouped: TableRow[] = [];
      let group: number | null = null;
      for (const { view: instance } of sorted) {
        if (instance.nodeId !== group) grouped.push({ kind: 'group', nodeId: instance.nodeId });
        group = instance.nodeId;
        grouped.push({ kind: 'row', id: instance.instanceId });
      }
      return grouped;
    }
    case 'events': {
      const needle = table.filter.toLowerCase();
      const events = state.catalog.events ?? [];
      return (
        needle === ''
          ? events
          : events.filter((event) => rowMatches(EVENT_COLUMNS, eventRow(fleet, event, now), needle))
      ).map((event) => ({ kind: 'row', id: event.seq }));
    }
    default:
      return UNFILTERED;
  }
}

function toRow<Row>(idOf: (row: Row) => number): (row: Row) => TableRow {
  return (row) => ({ kind: 'row', id: idOf(row) });
}

/** Filtered and sorted; what is equal in the sorted column stands by name and then by id, so that rows keep their place. */
function ordered<Row>(
  columns: readonly Column<Row>[],
  rows: Row[],
  { filter, sort }: { filter: string; sort: Sort },
  idOf: (row: Row) => number,
): Row[] {
  const needle = filter.toLowerCase();
  const kept = needle === '' ? rows : rows.filter((row) => rowMatches(columns, row, needle));
  const valueBy = (key: string) => columns.find((column) => column.key === key)?.sortValue;
  const main = valueBy(sort.column);
  const byName = valueBy('name');
  const keyed = kept.map((row) => ({
    row,
    main: main?.(row) ?? 0,
    name: byName?.(row) ?? '',
    id: idOf(row),
  }));
  const direction = sort.descending ? -1 : 1;
  keyed.sort(
    (a, b) => direction * compareValues(a.main, b.main) || compareValues(a.name, b.name) || a.id - b.id,
  );
  return keyed.map(({ row }) => row);
}
