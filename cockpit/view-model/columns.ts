import { displayWidth, fitText, truncate } from '../format/width.ts';
import type { Translate, Word } from '../language/translate.ts';
import type { Line, Segment } from './line.ts';

/** One column of a table of rows of type `Row`. */
export interface Column<Row> {
  readonly key: string;
  readonly title: Word;
  readonly align?: 'left' | 'right';
  readonly minWidth: number;
  /** It grows up to here where there is room; without it, it keeps `minWidth`. */
  readonly maxWidth?: number;
  /** Free text, which grows by so many columns where the others grow by one. */
  readonly growth?: number;
  /** Widened up to here, the most important column first, before what is left is shared. */
  readonly ampleWidth?: number;
  /** Left out of a table that is narrower, where another column needs the place more. */
  readonly fromTableWidth?: number;
  /** 1 is the last to be left out on a narrow terminal. */
  readonly priority: number;
  /** @param width that it has; all there is where a filter asks */
  cell(row: Row, t: Translate, width?: number): Segment;
  /** What rows are sorted by; without it, they cannot be sorted by this column. */
  sortValue?(row: Row): number | string;
  /** The first press sorts from the greatest down. */
  readonly descendingFirst?: boolean;
  /** Its values change all the time, so a filter does not look at it: rows would come and go. */
  readonly isLive?: boolean;
  /** Shown only where the user chose it. */
  readonly isOnDemand?: boolean;
}

export interface FittedColumn<Row> {
  readonly column: Column<Row>;
  readonly width: number;
}

export interface FittedColumns<Row> {
  readonly columns: readonly FittedColumn<Row>[];
  readonly gap: number;
}

/** Place in front of each row for the cursor and the mark. */
export const LEAD_WIDTH = 2;

const WIDE_COLUMNS = 110;

/** Chooses the columns that fit into `width`, most important first, and shares what is left among those that can grow. */
export function fitColumns<Row>(all: readonly Column<Row>[], width: number): FittedColumns<Row> {
  const gap = width >= WIDE_COLUMNS ? 2 : 1;
  let room = width - LEAD_WIDTH;
  const chosen = new Set<Column<Row>>();
  const byPriority = [...all].sort((a, b) => a.priority - b.priority);
  for (const column of byPriority) {
    if (width < (column.fromTableWidth ?? 0)) continue;
    const needed = column.minWidth + (chosen.size === 0 ? 0 : gap);
    if (needed > room) break;
    chosen.add(column);
    room -= needed;
  }
  const columns = all.filter((column) => chosen.has(column));
  const widths = columns.map((column) => column.minWidth);
  for (const column of byPriority.filter((each) => chosen.has(each))) {
    const { minWidth, ampleWidth = minWidth } = column;
    const step = Math.min(room, ampleWidth - minWidth);
    widths[columns.indexOf(column)] = minWidth + step;
    room -= step;
  }
  const canGrow = (at: number): boolean => (widths[at] ?? 0) < (columns[at]?.maxWidth ?? 0);
  while (room > 0 && columns.some((_, at) => canGrow(at))) {
    for (let at = 0; at < columns.length && room > 0; at++) {
      const { maxWidth = 0, growth = 1 } = columns[at] ?? {};
      const step = Math.max(0, Math.min(growth, maxWidth - (widths[at] ?? 0), room));
      widths[at] = (widths[at] ?? 0) + step;
      room -= step;
    }
  }
  return { columns: columns.map((column, at) => ({ column, width: widths[at] ?? 0 })), gap };
}

/** The line of titles; the sorted column is marked `^` (ascending) or `v`. */
export function headerLine<Row>(
  { columns, gap }: FittedColumns<Row>,
  sort: { column: string; descending: boolean },
  t: Translate,
): Line {
  let text = ' '.repeat(LEAD_WIDTH);
  columns.forEach(({ column, width }, at) => {
    const mark = column.key === sort.column ? (sort.descending ? 'v' : '^') : '';
    const title = truncate(t(column.title), width - mark.length) + mark;
    text += (at === 0 ? '' : ' '.repeat(gap)) + fitText(title, width, column.align);
  });
  return { segments: [{ text, tone: 'label' }], bar: 'header' };
}

export interface RowMarks {
  readonly isSelected: boolean;
  readonly isMarked: boolean;
  /** Figures are old: everything in the row is painted as such. */
  readonly isStale: boolean;
  /** Keys of columns that have just changed. */
  readonly changed?: readonly string[] | undefined;
}

/** Words that run over the cells from column `from` to the end of the row. */
export interface RowNote {
  readonly from: string;
  readonly segment: Segment;
}

export function rowLine<Row>(
  { columns, gap }: FittedColumns<Row>,
  row: Row,
  marks: RowMarks,
  t: Translate,
  note: RowNote | null | undefined = null,
): Line {
  const lead = (marks.isSelected ? '>' : ' ') + (marks.isMarked ? '*' : ' ');
  const segments: Segment[] = [{ text: lead, tone: 'accent' }];
  const noteAt = note == null ? -1 : columns.findIndex(({ column }) => column.key === note.from);
  const put = (at: number, { text, tone = 'plain' }: Segment): void => {
    const space = at === 0 ? '' : ' '.repeat(gap);
    segments.push({ text: space + text, tone: marks.isStale ? 'stale' : tone });
  };
  const hasChanged = (key: string): boolean => marks.changed?.includes(key) === true;
  columns.slice(0, noteAt < 0 ? columns.length : noteAt).forEach(({ column, width }, at) => {
    const cell = column.cell(row, t, width);
    const text = fitText(cell.text, width, column.align);
    put(at, hasChanged(column.key) ? { text, tone: 'flash' } : { ...cell, text });
  });
  if (note != null && noteAt >= 0) {
    const room = columns.slice(noteAt).reduce((sum, { width }) => sum + width + gap, -gap);
    put(noteAt, { ...note.segment, text: fitText(note.segment.text, room) });
  }
  return marks.isSelected ? { segments, bar: 'selected' } : { segments };
}

const collator = new Intl.Collator('en', { numeric: true });

export function compareValues(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return collator.compare(String(a), String(b));
}

/** One line of several pieces, cut at `width`. */
export function lineOf(segments: readonly Segment[], width: number): Line {
  const kept: Segment[] = [];
  let room = width;
  for (const segment of segments) {
    if (room <= 0) break;
    const text = truncate(segment.text, room);
    kept.push({ ...segment, text });
    room -= displayWidth(text);
  }
  return { segments: kept };
}

/** Left and right pieces on one line; where they do not fitText, the left is cut, since the right holds the state. */
export function splitLine(left: readonly Segment[], right: readonly Segment[], width: number): Line {
  const rightLine = lineOf(right, width);
  const rightWidth = rightLine.segments.reduce((sum, segment) => sum + displayWidth(segment.text), 0);
  const leftLine = lineOf(left, Math.max(0, width - rightWidth - 1));
  const leftWidth = leftLine.segments.reduce((sum, segment) => sum + displayWidth(segment.text), 0);
  const space = { text: ' '.repeat(Math.max(0, width - leftWidth - rightWidth)) };
  return { segments: [...leftLine.segments, space, ...rightLine.segments] };
}
