import type { TableRow } from '../store/state.ts';
import { lineOf } from './columns.ts';
import type { Table } from './define-table.ts';
import type { Line } from './line.ts';
import { usageSegments } from './overview.ts';
import { pulseId, pulseSections } from './pulse.ts';

/** The overview: sections of rows that are of several kinds, each of which leads somewhere. */
export const PULSE_TABLE: Table = {
  columns: [],
  fields: [],
  defaultSort: { column: '', descending: false },
  hasSeverity: false,
  problemOf: () => null,
  inputs: ({ fleet, catalog, size }) => [
    size.rows,
    fleet.nodes,
    fleet.instances,
    fleet.nodeSamples,
    fleet.figures,
    catalog.services,
    catalog.events,
    catalog.rollouts,
  ],
  makeRows: (state) =>
    pulseSections(state).flatMap(({ rows }, section): TableRow[] => [
      { kind: 'group', nodeId: section },
      ...rows.map(({ target }): TableRow => ({ kind: 'row', id: pulseId(target) })),
    ]),
  lines: (state, { table }, height) => {
    const width = state.size.columns;
    const isStale = state.link.state !== 'up';
    const sections = pulseSections(state);
    const byId = new Map(
      sections.flatMap(({ rows }) =>
        rows.map(({ target, segments }) => [pulseId(target), segments] as const),
      ),
    );
    const rows = table.rows.slice(table.top, table.top + height).map((row): Line => {
      if (row.kind === 'group') return lineOf(sections[row.nodeId]?.heading ?? [], width);
      const segments = (byId.get(row.id) ?? []).map((segment) =>
        isStale ? ({ ...segment, tone: 'stale' } as const) : segment,
      );
      const isSelected = row.id === table.selectedId;
      const line = lineOf([{ text: isSelected ? '> ' : '  ', tone: 'accent' }, ...segments], width);
      return isSelected ? { ...line, bar: 'selected' } : line;
    });
    return { header: lineOf([{ text: ' ' }, ...usageSegments(state)], width), rows };
  },
};
