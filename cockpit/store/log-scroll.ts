import { type LogFormat, rowCount } from './log-format.ts';
import {
  firstLine,
  type LineRef,
  type LogLine,
  lastLine,
  lineAt,
  lineBefore,
  lineBehind,
  readLine,
} from './log-lines.ts';
import type { LogWindow } from './log-window.ts';

/** A row of text: the line that begins at `offset`, and which of its rows when it is wrapped. */
export interface RowRef {
  readonly offset: number;
  readonly row: number;
}

/** What of a log is looked at, and through what. */
export interface LogGeometry {
  readonly window: LogWindow;
  /** Rows of the text's area. */
  readonly rows: number;
  readonly format: LogFormat;
}

export interface VisibleRow {
  readonly line: LogLine;
  readonly row: number;
}

function rowsOf({ window, format }: LogGeometry, ref: LineRef): number {
  return rowCount(readLine(window, ref), format);
}

/** `rows` further up (negative: down), as far as there is text in the window; null when it is empty. */
export function moveRows(geometry: LogGeometry, from: RowRef, rows: number): RowRef | null {
  const { window } = geometry;
  let ref = lineAt(window, from.offset);
  if (ref === null) return null;
  const isSameLine = readLine(window, ref).start === from.offset;
  let row = isSameLine ? Math.min(from.row, rowsOf(geometry, ref) - 1) : 0;
  let left = rows;
  while (left > row) {
    const before = lineBefore(window, ref);
    if (before === null) return rowRef(window, ref, 0);
    left -= row + 1;
    ref = before;
    row = rowsOf(geometry, ref) - 1;
  }
  row -= left;
  while (row > 0) {
    const count = rowsOf(geometry, ref);
    if (row < count) break;
    const behind = lineBehind(window, ref);
    if (behind === null) return rowRef(window, ref, count - 1);
    row -= count;
    ref = behind;
  }
  return rowRef(window, ref, row);
}

function rowRef(window: LogWindow, ref: LineRef, row: number): RowRef {
  return { offset: readLine(window, ref).start, row };
}

/** The top row when the last row of text is the bottom one. */
export function bottomTop(geometry: LogGeometry): RowRef | null {
  const last = lastLine(geometry.window);
  if (last === null) return null;
  const end = rowRef(geometry.window, last, rowsOf(geometry, last) - 1);
  return moveRows(geometry, end, geometry.rows - 1);
}

export function firstRow(geometry: LogGeometry): RowRef | null {
  const first = firstLine(geometry.window);
  return first === null ? null : rowRef(geometry.window, first, 0);
}

export function compareRows(a: RowRef, b: RowRef): number {
  return a.offset - b.offset || a.row - b.row;
}

/** The rows from `top` on, at most as many as fit. */
export function visibleRows(geometry: LogGeometry, top: RowRef): VisibleRow[] {
  const { window, rows } = geometry;
  const shown: VisibleRow[] = [];
  let row = top.row;
  for (let ref = lineAt(window, top.offset); ref !== null; ref = lineBehind(window, ref)) {
    const line = readLine(window, ref);
    const count = rowsOf(geometry, ref);
    for (; row < count; row++) {
      shown.push({ line, row });
      if (shown.length === rows) return shown;
    }
    row = 0;
  }
  return shown;
}

/** Whether at least `rows` rows of text are held above `top`. */
export function hasRowsAbove(geometry: LogGeometry, top: RowRef, rows: number): boolean {
  const first = firstRow(geometry);
  const moved = moveRows(geometry, top, rows);
  return first !== null && moved !== null && compareRows(moved, first) > 0;
}

/** Whether at least `rows` rows of text are held below the row at the bottom. */
export function hasRowsBelow(geometry: LogGeometry, top: RowRef, rows: number): boolean {
  const end = bottomTop(geometry);
  const moved = moveRows(geometry, top, -rows);
  return end !== null && moved !== null && compareRows(moved, end) < 0;
}
