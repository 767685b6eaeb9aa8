import type { FigureSpan } from '../../common/domain/history.ts';
import { fitText } from '../format/width.ts';
import type { Line, Segment } from './line.ts';

/** Dots of a braille cell from the bottom up (Unicode 24, braille patterns): left column, right column. */
const LEFT = [0x40, 0x04, 0x02, 0x01];
const RIGHT = [0x80, 0x20, 0x10, 0x08];
const BRAILLE = 0x2800;
const DOTS = 4;

/** Columns left of the plot: a label and the axis. */
export const AXIS_WIDTH = 8;

export interface ChartModel {
  /** Oldest first; they are spread over the whole width. */
  readonly points: readonly (FigureSpan | null)[];
  /** The value at the upper edge; the lower edge is zero. */
  readonly top: number;
  readonly limit: number | null;
  readonly columns: number;
  readonly rows: number;
  readonly format: (value: number) => string;
}

/**
 * An area as high as the average, with a dot at the greatest value, so that a short peak is seen in a wide step. Braille,
 * since block elements have no certain width (UAX 11, ambiguous); as ASCII (format/ascii.ts) it stays an area.
 */
export function chartLines(model: ChartModel): Line[] {
  const { top, limit, rows, format } = model;
  const width = Math.max(1, model.columns - AXIS_WIDTH);
  const cells = cellsOf(model, width);
  const limitRow = limit === null || limit > top ? null : rows - 1 - rowOf(limit, top, rows);
  return Array.from({ length: rows }, (_, row): Line => {
    const isLimit = row === limitRow;
    const isEdge = row === 0 || row === rows - 1;
    const value = isLimit ? limit : row === 0 ? top : 0;
    const label = isLimit || isEdge ? format(value ?? 0) : '';
    return {
      segments: [
        { text: fitText(label, AXIS_WIDTH - 2, 'right'), tone: isLimit ? 'warn' : 'dim' },
        { text: ' |', tone: 'dim' },
        ...plotRow(cells[row] ?? [], isLimit),
      ],
    };
  });
}

/** The row, from the lower edge, that a value lies in. */
function rowOf(value: number, top: number, rows: number): number {
  return Math.min(rows - 1, Math.max(0, Math.ceil((value / top) * rows) - 1));
}

/** Dots by row from the upper edge and column. */
function cellsOf({ points, top, rows }: ChartModel, width: number): number[][] {
  const cells = Array.from({ length: rows }, () => new Array<number>(width).fill(0));
  const set = (dotColumn: number, height: number): void => {
    const row = rows - 1 - Math.floor(height / DOTS);
    const bits = (dotColumn % 2 === 0 ? LEFT : RIGHT)[height % DOTS] ?? 0;
    const line = cells[row];
    const column = dotColumn >> 1;
    if (line !== undefined) line[column] = (line[column] ?? 0) | bits;
  };
  const full = rows * DOTS;
  const heightOf = (value: number): number =>
    Math.min(full, Math.max(1, Math.ceil((value / Math.max(1, top)) * full)));
  for (let dotColumn = 0; dotColumn < width * 2; dotColumn++) {
    const span = spanAt(points, dotColumn, width * 2);
    if (span === null) continue;
    const [, average, greatest] = span;
    for (let height = 0; height < heightOf(average); height++) set(dotColumn, height);
    set(dotColumn, heightOf(greatest) - 1);
  }
  return cells;
}

/** What one column of dots shows: a point that is wider than it, or several that are narrower. */
function spanAt(points: readonly (FigureSpan | null)[], at: number, columns: number): FigureSpan | null {
  const first = Math.floor((at * points.length) / columns);
  const last = Math.max(first + 1, Math.floor(((at + 1) * points.length) / columns));
  const spans = points.slice(first, last).flatMap((span) => (span === null ? [] : [span]));
  if (spans.length === 0) return null;
  return [
    Math.min(...spans.map(([least]) => least)),
    spans.reduce((sum, [, average]) => sum + average, 0) / spans.length,
    Math.max(...spans.map(([, , greatest]) => greatest)),
  ];
}

/** The limit is a line behind the area. */
function plotRow(cells: readonly number[], isLimit: boolean): Segment[] {
  const segments: Segment[] = [];
  let text = '';
  let wasDots = false;
  const flush = (): void => {
    if (text !== '') segments.push({ text, tone: wasDots ? 'accent' : isLimit ? 'warn' : 'plain' });
    text = '';
  };
  for (const bits of cells) {
    const isDots = bits !== 0;
    if (isDots !== wasDots) flush();
    wasDots = isDots;
    text += isDots ? String.fromCodePoint(BRAILLE + bits) : isLimit ? '-' : ' ';
  }
  flush();
  return segments;
}

/** A round number that is at least `value`: the upper edge of a chart. `base` is 10, or 2 for bytes. */
function roundTop(value: number, base: 2 | 10): number {
  if (value <= 0) return 1;
  const power = base ** Math.floor(Math.log(value) / Math.log(base));
  const steps = base === 2 ? [1, 1.25, 1.5, 1.75, 2] : [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
  return (steps.find((step) => step * power >= value) ?? base) * power;
}

/** The upper edge, and whether the limit is below it: a limit far above would flatten all that there is to see. */
export function topOf(
  points: readonly (FigureSpan | null)[],
  limit: number | null,
  least: number,
  base: 2 | 10,
): number {
  const greatest = points.reduce((most, span) => Math.max(most, span?.[2] ?? 0), 0);
  const wanted = limit !== null && greatest * 4 >= limit ? Math.max(greatest, limit) : greatest;
  return roundTop(Math.max(least, wanted), base);
}
