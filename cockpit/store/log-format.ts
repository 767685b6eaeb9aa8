import { parseMark } from '../../common/domain/log-mark.ts';
import { type JsonStyle, jsonRows, parseJsonLine } from '../format/json-line.ts';
import { levelTone } from '../format/log-level.ts';
import { leadingTimeLength } from '../format/log-time.ts';
import { highlightSegments, type TextRange, wrapSegments } from '../format/segments.ts';
import { decodeLine, segmentsText } from '../format/terminal-text.ts';
import type { Segment } from '../view-model/line.ts';
import type { LogLine } from './log-lines.ts';

/** `written`: as the program wrote them · `column`: in a column of their own, all alike · `hidden`. */
export type TimestampStyle = 'written' | 'column' | 'hidden';

export const TIMESTAMP_STYLES = ['written', 'column', 'hidden'] as const;
export const JSON_STYLES = ['raw', 'columns', 'pretty'] as const;

/** What becomes of a line on its way to the screen, besides its width. */
export interface LogFormat {
  readonly timestamps: TimestampStyle;
  readonly json: JsonStyle;
  /** Whose a line is stands before it: several logs are merged. */
  readonly isLabelled: boolean;
  readonly isWrapped: boolean;
  /** Columns of the text's area. */
  readonly columns: number;
}

/** Columns of the time in front of each line: `~12:34:56.789 `. */
const STAMP_WIDTH = 14;

export interface FormattedLine {
  /** Rows before they are wrapped or cut; more than one only of JSON. */
  readonly rows: readonly (readonly Segment[])[];
  /** The agent put it there. */
  readonly isMark: boolean;
}

/** The text of a line without whose it is. */
export function ownText(line: LogLine, isLabelled: boolean): string {
  const decoded = decodeLine(line.bytes);
  const text = segmentsText(decoded);
  return isLabelled ? text.slice((decoded[0]?.text.length ?? 0) + 1) : text;
}

/**
 * A line as it is shown.
 *
 * @param stamp the text of the column of times, as wide as that; only looked at when there is one
 * @param rangesOf where matches are in the text of a row
 */
export function formatLine(
  line: LogLine,
  format: LogFormat,
  stamp = '',
  rangesOf: (text: string) => readonly TextRange[] = () => [],
): FormattedLine {
  const decoded = decodeLine(line.bytes);
  const { label, own } = withoutLabel(decoded, format.isLabelled);
  const text = segmentsText(own);
  const isMark = parseMark(text) !== null;
  const isColumn = format.timestamps === 'column';
  const front: Segment[] = isColumn ? [{ text: stamp.padEnd(STAMP_WIDTH), tone: 'dim' }] : [];
  const json = format.json === 'raw' || isMark ? null : parseJsonLine(text);
  const bodies =
    json === null || format.json === 'raw'
      ? [levelled(isMark ? own : withoutTime(own, text, format), text)]
      : jsonRows(json, format.json, format.timestamps === 'written');
  const indent: Segment[] = isColumn ? [{ text: ' '.repeat(STAMP_WIDTH) }] : [];
  const rows = bodies.map((body, at) => {
    const segments = [...label, ...body];
    return [...(at === 0 ? front : indent), ...highlightSegments(segments, rangesOf(segmentsText(segments)))];
  });
  return { rows, isMark };
}

/** Rows of the screen that a line takes. Only where that is not always one has it to be looked at. */
export function rowCount(line: LogLine, format: LogFormat): number {
  if (line.kind !== 'text' || (!format.isWrapped && format.json !== 'pretty')) return 1;
  const { rows, isMark } = formatLine(line, format);
  if (isMark || !format.isWrapped) return rows.length;
  return rows.reduce((sum, row) => sum + wrapSegments(row, format.columns).length, 0);
}

/** In merged logs, whose a line is stands before it, as a run of a colour of its own. */
function withoutLabel(decoded: readonly Segment[], isLabelled: boolean) {
  const [label, first, ...others] = decoded;
  if (!isLabelled || label === undefined) return { label: [], own: decoded };
  const own = first === undefined ? [] : [{ ...first, text: first.text.slice(1) }, ...others];
  return { label: [label, { text: ' ' }], own };
}

function withoutTime(segments: readonly Segment[], text: string, { timestamps }: LogFormat) {
  if (timestamps === 'written') return segments;
  let left = leadingTimeLength(text);
  if (left === 0) return segments;
  const kept: Segment[] = [];
  for (const segment of segments) {
    if (left < segment.text.length) kept.push({ ...segment, text: segment.text.slice(left) });
    left = Math.max(0, left - segment.text.length);
  }
  return kept;
}

/** A line without colours of its own has that of its level. */
function levelled(segments: readonly Segment[], text: string): readonly Segment[] {
  const [only] = segments;
  if (segments.length !== 1 || only === undefined || only.sgr !== undefined) return segments;
  const tone = levelTone(text);
  return tone === undefined ? segments : [{ text: only.text, tone }];
}
