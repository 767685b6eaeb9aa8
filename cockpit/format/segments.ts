import type { Segment } from '../view-model/line.ts';
import { displayWidth, splitGraphemes } from './width.ts';

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** A piece of text that fits into what is left of a row, and what is behind it. */
function splitAt(text: string, columns: number): [head: string, width: number, rest: string] {
  if (PRINTABLE_ASCII.test(text)) {
    const head = text.slice(0, columns);
    return [head, head.length, text.slice(columns)];
  }
  let units = 0;
  let width = 0;
  for (const character of splitGraphemes(text)) {
    const next = width + displayWidth(character);
    if (next > columns) break;
    width = next;
    units += character.length;
  }
  return [text.slice(0, units), width, text.slice(units)];
}

/** Breaks a line into rows of at most `columns`, anywhere, as a terminal does. An empty line is one empty row. */
export function wrapSegments(segments: readonly Segment[], columns: number): Segment[][] {
  const rows: Segment[][] = [[]];
  let left = columns;
  for (const segment of segments) {
    let rest = segment.text;
    while (rest !== '') {
      const [head, width, tail] = splitAt(rest, left);
      if (head !== '') rows.at(-1)?.push({ ...segment, text: head });
      left -= width;
      // A character wider than a whole row cannot be shown at all.
      const isTooWide = head === '' && left === columns;
      rest = isTooWide ? tail.slice(splitGraphemes(tail)[0]?.length) : tail;
      if (isTooWide) continue;
      if (rest === '') break;
      rows.push([]);
      left = columns;
    }
  }
  return rows;
}

/** The columns `from` to `from + columns` of a line. Half a wide character at either edge is a blank. */
export function sliceSegments(segments: readonly Segment[], from: number, columns: number): Segment[] {
  const shown: Segment[] = [];
  let column = 0;
  const end = from + columns;
  for (const segment of segments) {
    if (column >= end) break;
    if (PRINTABLE_ASCII.test(segment.text)) {
      const text = segment.text.slice(Math.max(0, from - column), end - column);
      if (text !== '') shown.push(text.length === segment.text.length ? segment : { ...segment, text });
      column += segment.text.length;
      continue;
    }
    let text = '';
    for (const character of splitGraphemes(segment.text)) {
      const next = column + displayWidth(character);
      if (column >= from && next <= end) text += next === column && column === from ? '' : character;
      else if (next > from && column < end) text += ' '.repeat(Math.min(next, end) - Math.max(column, from));
      column = next;
      if (column >= end) break;
    }
    if (text !== '') shown.push({ ...segment, text });
  }
  return shown;
}

/** A part of a text: UTF-16 units, `end` exclusive. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** Shows ranges of a line's text as search hits. `ranges` are in order and do not overlap. */
export function highlightSegments(segments: readonly Segment[], ranges: readonly TextRange[]): Segment[] {
  if (ranges.length === 0) return [...segments];
  const shown: Segment[] = [];
  let at = 0;
  for (const segment of segments) {
    let from = 0;
    const put = (to: number, isHit: boolean): void => {
      const text = segment.text.slice(from, to);
      if (text !== '') shown.push(isHit ? { text, tone: 'match' } : { ...segment, text });
      from = Math.max(from, to);
    };
    for (const range of ranges) {
      if (range.end <= at || range.start >= at + segment.text.length) continue;
      put(Math.max(0, range.start - at), false);
      put(Math.min(segment.text.length, range.end - at), true);
    }
    put(segment.text.length, false);
    at += segment.text.length;
  }
  return shown;
}
