import { type CellRow, cellsOf } from './cells.ts';
import { findScroll, type Scroll } from './find-scroll.ts';
import { rowUpdate } from './row-update.ts';

/** Rows of styled text as they are on a terminal. */
export interface ShownScreen {
  readonly columns: number;
  readonly rows: readonly string[];
  /** The same as cells, where they were needed. */
  readonly cells: readonly (CellRow | null)[];
}

/** A blank one. */
export function blankScreen(columns: number, rows: number): ShownScreen {
  return {
    columns,
    rows: Array.from({ length: rows }, () => ''),
    cells: Array.from({ length: rows }, () => null),
  };
}

/**
 * The least that turns one screen into another: what has moved is moved by the terminal itself (DECSTBM and SU or SD, VT510),
 * and of the rows that differ, the cells that do are sent.
 *
 * @param rows as many as the screen has
 * @returns no bytes when nothing differs
 */
export function screenUpdate(
  before: ShownScreen,
  rows: readonly string[],
): { readonly bytes: string; readonly shown: ShownScreen } {
  const { columns } = before;
  const scroll = findScroll(before.rows, rows);
  const moved = scroll === null ? before : scrolled(before, scroll);
  let bytes = scroll === null ? '' : scrollBytes(scroll);
  const cells = [...moved.cells];
  rows.forEach((row, at) => {
    const known = moved.rows[at] ?? '';
    if (row === known) return;
    const next = cellsOf(row, columns);
    bytes += rowUpdate(cells[at] ?? cellsOf(known, columns), next, at);
    cells[at] = next;
  });
  return { bytes, shown: { columns, rows, cells } };
}

function scrollBytes({ top, bottom, by }: Scroll): string {
  const move = by > 0 ? `\x1b[${by}S` : `\x1b[${-by}T`;
  return `\x1b[${top + 1};${bottom + 1}r${move}\x1b[r`;
}

/** What comes in at the edge is blank. */
function scrolled(screen: ShownScreen, { top, bottom, by }: Scroll): ShownScreen {
  const move = <T>(list: readonly T[], blank: T): T[] =>
    list.map((item, at) => {
      if (at < top || at > bottom) return item;
      const from = at + by;
      return from < top || from > bottom ? blank : (list[from] as T);
    });
  return { ...screen, rows: move(screen.rows, ''), cells: move(screen.cells, null) };
}
