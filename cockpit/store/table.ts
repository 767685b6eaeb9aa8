import type { CursorMove } from './action.ts';
import type { Sort, TableRow, TableState } from './state.ts';

export function newTable(sort: Sort, filter = ''): TableState {
  return { selectedId: null, top: 0, filter, sort, rows: [], madeFrom: [] };
}

export function isSelectable(row: TableRow | undefined): row is TableRow & { kind: 'row' } {
  return row?.kind === 'row';
}

export function indexOfId(rows: readonly TableRow[], id: number | null): number {
  return id === null ? -1 : rows.findIndex((row) => row.kind === 'row' && row.id === id);
}

/** The nearest row at or after `index`, else before it, that can be selected. */
function nearestRow(rows: readonly TableRow[], index: number): number {
  for (let at = Math.max(0, index); at < rows.length; at++) if (isSelectable(rows[at])) return at;
  for (let at = Math.min(index, rows.length) - 1; at >= 0; at--) if (isSelectable(rows[at])) return at;
  return -1;
}

/**
 * New rows under an old cursor: the selection stays on its id; when that is gone it goes to what took its place.
 * `before` is where it stood in the old rows.
 */
export function withRows(
  table: TableState,
  rows: readonly TableRow[],
  madeFrom: readonly unknown[],
): TableState {
  if (indexOfId(rows, table.selectedId) >= 0) return { ...table, rows, madeFrom };
  const before = Math.max(0, indexOfId(table.rows, table.selectedId));
  const row = rows[nearestRow(rows, Math.min(before, rows.length - 1))];
  return { ...table, rows, madeFrom, selectedId: row?.kind === 'row' ? row.id : null };
}

export function moveCursor(table: TableState, move: CursorMove, height: number): TableState {
  const { rows } = table;
  const at = indexOfId(rows, table.selectedId);
  const page = Math.max(1, height - 1);
  const target = (): number => {
    switch (move) {
      case 'up':
        return at - 1;
      case 'down':
        return at + 1;
      case 'page-up':
        return at - page;
      case 'page-down':
        return at + page;
      case 'home':
        return 0;
      case 'end':
        return rows.length - 1;
    }
  };
  const goesUp = move === 'up' || move === 'page-up';
  const index = Math.min(rows.length - 1, Math.max(0, target()));
  const landed = goesUp ? nearestAbove(rows, index) : nearestRow(rows, index);
  const row = rows[landed];
  return row?.kind === 'row' ? { ...table, selectedId: row.id } : table;
}

/** Going up, a group's line is stepped over upwards; at the very top there is nothing above it. */
function nearestAbove(rows: readonly TableRow[], index: number): number {
  for (let at = index; at >= 0; at--) if (isSelectable(rows[at])) return at;
  return nearestRow(rows, 0);
}

/** Scrolls as little as needed to show the selected row, and the line of its group when it is the first below it. */
export function scrolled(table: TableState, height: number): TableState {
  const at = indexOfId(table.rows, table.selectedId);
  const first = at > 0 && table.rows[at - 1]?.kind === 'group' ? at - 1 : at;
  const greatest = Math.max(0, table.rows.length - height);
  let top = Math.min(table.top, greatest);
  if (at >= 0 && height > 0) {
    if (at >= top + height) top = at - height + 1;
    if (first < top) top = height > 1 ? first : at;
  }
  return top === table.top ? table : { ...table, top };
}
