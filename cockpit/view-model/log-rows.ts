import { type LogMark, parseMark } from '../../common/domain/log-mark.ts';
import { textTime } from '../format/log-time.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes } from '../format/quantity.ts';
import { sliceSegments, wrapSegments } from '../format/segments.ts';
import { segmentsText } from '../format/terminal-text.ts';
import { formatClockMs, formatDate } from '../format/time.ts';
import { displayWidth } from '../format/width.ts';
import type { Translate } from '../language/translate.ts';
import { formatLine, ownText } from '../store/log-format.ts';
import { type LogLine, lineAt, lineBefore, readLine } from '../store/log-lines.ts';
import { formatOf, type LogPaneState } from '../store/log-pane-state.ts';
import type { VisibleRow } from '../store/log-scroll.ts';
import { selectedSpan } from '../store/log-select.ts';
import type { LogWindow } from '../store/log-window.ts';
import type { Line, Segment } from './line.ts';

/** How far up a line without a time is looked for one that has. */
const LOOKED_UP_LINES = 200;

/** The visible rows of text as they are painted. */
export function textRows(state: LogPaneState, shown: readonly VisibleRow[]): Line[] {
  const [first] = shown;
  const isStamped = state.timestamps === 'column' && state.window !== null && first !== undefined;
  let lastTime = isStamped ? timeAbove(state, state.window, first.line) : null;
  let known: { line: LogLine; rows: readonly (readonly Segment[])[]; isMark: boolean } | null = null;
  return shown.map(({ line, row }) => {
    const gap = gapNote(state.t, line);
    if (gap !== null) return gap;
    if (known?.line !== line) {
      const own = isStamped ? timeOf(state, line) : null;
      lastTime = own ?? lastTime;
      const stamp = lastTime === null ? '' : `${own === null ? '~' : ' '}${formatClockMs(lastTime)}`;
      known = {
        line,
        ...formatLine(line, formatOf(state), stamp, (text) => state.matcher?.ranges(text) ?? []),
      };
    }
    return withBar(state, line, textRow(state, line, known, row));
  });
}

function textRow(
  state: LogPaneState,
  line: LogLine,
  { rows, isMark }: { rows: readonly (readonly Segment[])[]; isMark: boolean },
  row: number,
): readonly Segment[] {
  if (isMark) return markRow(state, line, rows[0] ?? []);
  if (state.isWrapped) return rows.flatMap((each) => wrapSegments(each, state.columns))[row] ?? [];
  const segments = rows[row] ?? [];
  return panned(state, segments, displayWidth(segmentsText(segments)), line.isContinued && row === 0);
}

/** A mark of the agent, behind whose it is and when. */
function markRow(state: LogPaneState, line: LogLine, segments: readonly Segment[]): readonly Segment[] {
  const text = ownText(line, state.view.sources.length > 1);
  const mark = parseMark(text);
  if (mark === null) return segments;
  const own = text.length;
  const all = segmentsText(segments);
  return [...sliceSegments(segments, 0, Math.max(0, displayWidth(all) - own)), ...markNote(mark).segments];
}

/** What is chosen, marked or found is a bar. */
function withBar(state: LogPaneState, { start }: LogLine, segments: readonly Segment[]): Line {
  if (state.selection !== null) {
    const [from, to] = selectedSpan(state.selection);
    if (start === state.selection.cursor) return { segments, bar: 'selected' };
    if (start >= from && start <= to) return { segments, bar: 'chosen' };
  }
  if (start === state.hit) return { segments, bar: 'selected' };
  return state.marks.includes(start) ? { segments, bar: 'marked' } : { segments };
}

function timeOf({ view }: LogPaneState, line: LogLine): number | null {
  const text = ownText(line, view.sources.length > 1);
  return parseMark(text)?.at ?? textTime(text);
}

/** The time of the nearest line above that has one: its own, or that of a mark of the agent. */
function timeAbove(state: LogPaneState, window: LogWindow, { start }: LogLine): number | null {
  let ref = lineAt(window, start);
  for (let left = LOOKED_UP_LINES; left > 0 && ref !== null; left--) {
    ref = lineBefore(window, ref);
    const line = ref === null ? null : readLine(window, ref);
    const time = line?.kind === 'text' ? timeOf(state, line) : null;
    if (time !== null) return time;
  }
  return null;
}

function gapNote(t: Translate, line: LogLine): Line | null {
  if (line.kind === 'lost')
    return note(t('{bytes} lost: kept no longer', { bytes: formatBytes(line.end - line.start) }), 'warn');
  return line.kind === 'begun-anew' ? note(t('the log was deleted, and begun anew'), 'warn') : null;
}

function markNote({ at, text }: LogMark): Line {
  return note(`${formatDate(at)} ${text}`, 'accent');
}

/** The columns in sight, with signs where there is more to either side, as less(1) -S shows it. */
function panned(
  { pan, columns }: LogPaneState,
  segments: readonly Segment[],
  width: number,
  isContinued: boolean,
): Segment[] {
  const isCutLeft = isContinued || (pan > 0 && width > 0);
  const isCutRight = width > pan + columns;
  const before: Segment[] = isCutLeft ? [{ text: '<', tone: 'dim' }] : [];
  const behind: Segment[] = isCutRight ? [{ text: '>', tone: 'dim' }] : [];
  const from = pan + (pan > 0 ? before.length : 0);
  const room = columns - before.length - behind.length;
  return [...before, ...sliceSegments(segments, from, room), ...behind];
}

/** A line of ours between those of the log. */
function note(text: string, tone: 'accent' | 'warn'): Line {
  return { segments: [{ text: `--- ${plainText(text)} ---`, tone }] };
}
