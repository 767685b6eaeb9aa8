import { fitText } from '../format/width.ts';
import type { Translate, Word } from '../language/translate.ts';
import type { Line, Segment } from './line.ts';

/** What a dialog asks for. */
export interface DialogColumn {
  readonly title: Word;
  readonly width: number;
  readonly align?: 'left' | 'right';
}

/** As it is drawn. */
export interface FittedDialogColumn {
  readonly title: string;
  readonly width: number;
  readonly align?: 'left' | 'right';
}

/** A small table: only the rows that are visible, every cell of its column's width. */
export interface TableModel {
  readonly columns: readonly FittedDialogColumn[];
  readonly rows: readonly TableModelRow[];
}

export interface TableModelRow {
  readonly id: number;
  readonly cells: readonly Segment[];
  readonly isSelected: boolean;
}

/** A piece of a page that asks or reports something; `blockRows` tells its height. */
export type Block =
  | { readonly kind: 'lines'; readonly lines: readonly Line[] }
  | { readonly kind: 'table'; readonly table: TableModel }
  | { readonly kind: 'progress'; readonly percent: number; readonly text: string }
  | { readonly kind: 'busy'; readonly text: string }
  | {
      readonly kind: 'alert';
      readonly variant: 'info' | 'success' | 'warning' | 'error';
      readonly text: string;
    };

export function blockRows(block: Block): number {
  switch (block.kind) {
    case 'lines':
      return block.lines.length;
    case 'table':
      return block.table.rows.length + 1;
    case 'alert':
      return 3;
    case 'progress':
    case 'busy':
      return 1;
  }
}

export function textLine(text: string, tone: Segment['tone'] = 'plain'): Line {
  return { segments: [{ text: ` ${text}`, tone }] };
}

export const BLANK: Line = { segments: [] };

/** Between two columns: a column of padding on either side, drawn by the table. */
const COLUMN_GAP = 2;

const LEAST_WIDTH = 6;

/** Gives the columns what they ask for; where that is too much the widest give way, and what is left goes to the last. */
export function dialogColumns(
  wanted: readonly DialogColumn[],
  width: number,
  t: Translate,
): FittedDialogColumn[] {
  const room = width - COLUMN_GAP * wanted.length;
  const widths = wanted.map((column) => column.width);
  let over = widths.reduce((sum, columnWidth) => sum + columnWidth, 0) - room;
  while (over > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= LEAST_WIDTH) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    over -= 1;
  }
  const last = widths.length - 1;
  if (over < 0) widths[last] = (widths[last] ?? 0) - over;
  return wanted.map((column, at) => ({
    ...column,
    title: t(column.title),
    width: widths[at] ?? column.width,
  }));
}

/** The rows around the cursor that fit `height`, padded to their columns. */
export function visibleTable<Row>(
  columns: readonly FittedDialogColumn[],
  rows: readonly Row[],
  height: number,
  selected: number,
  cellsOf: (row: Row, isSelected: boolean) => readonly Segment[],
  idOf: (row: Row) => number,
): TableModel {
  const top = Math.max(0, Math.min(rows.length - height, selected - Math.floor(height / 2)));
  return {
    columns,
    rows: rows.slice(top, top + Math.max(0, height)).map((row, at) => {
      const isSelected = top + at === selected;
      const cells = cellsOf(row, isSelected).map((cell, column) => ({
        ...cell,
        text: fitText(cell.text, columns[column]?.width ?? 0, columns[column]?.align),
      }));
      return { id: idOf(row), cells, isSelected };
    }),
  };
}

/** `3 of 40 shown` where not all rows are, so that nobody takes a part for the whole. */
export function moreLine(t: Translate, shown: number, total: number): Line {
  return shown < total
    ? textLine(t('{shown} of {total} shown; up and down scroll', { shown, total }), 'dim')
    : BLANK;
}
