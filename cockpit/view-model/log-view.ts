import { parseMark } from '../../common/domain/log-mark.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes } from '../format/quantity.ts';
import { highlightSegments, sliceSegments, wrapSegments } from '../format/segments.ts';
import { decodeLine, segmentsText } from '../format/terminal-text.ts';
import { formatClock, formatDate, formatSpan } from '../format/time.ts';
import { displayWidth, truncate } from '../format/width.ts';
import { geometryOf, type LogPaneState, topRow } from '../store/log-pane-state.ts';
import { type VisibleRow, visibleRows } from '../store/log-scroll.ts';
import { countMatches } from '../store/log-search.ts';
import { splitLine } from './columns.ts';
import type { Line, Segment } from './line.ts';
import { fieldSegments } from './status.ts';

/** Rows of the pane that are not text: its title above, its status below. */
export const LOG_PANE_FRAME_ROWS = 2;

/** A search's text is shown up to this width. */
const QUERY_COLUMNS = 20;

/** What the pane itself does not know. */
export interface LogContext {
  /** Whose log it is. */
  readonly name: string;
  /** When the program was started, cockpit's clock; null when it does not run. */
  readonly startedAt: number | null;
  /** Cockpit's clock. */
  readonly now: number;
}

/** The whole pane: a title, `state.rows` rows of text, and a status line. */
export function logLines(state: LogPaneState, context: LogContext): Line[] {
  const geometry = geometryOf(state);
  const top = topRow(state);
  const shown = geometry === null || top === null ? [] : visibleRows(geometry, top);
  const text = shown.map((row) => textRow(state, row));
  const body = text.length > 0 ? text : emptyRows(state, context);
  const blank: Line = { segments: [] };
  return [
    titleLine(state, context, shown),
    ...Array.from({ length: state.rows }, (_, row) => body[row] ?? blank),
    statusLine(state),
  ];
}

function titleLine(state: LogPaneState, { name }: LogContext, shown: readonly VisibleRow[]): Line {
  const left: Segment[] = [
    { text: ' ' },
    { text: plainText(name), tone: 'strong' },
    { text: `  ${plainText(state.file)}`, tone: 'dim' },
  ];
  const right: Segment[] = [];
  if (state.window !== null) {
    const size = state.tailOffset - state.headOffset;
    right.push({ text: `${formatBytes(size)}  ${position(state, shown)}  `, tone: 'dim' });
  }
  if (state.isWrapped) right.push({ text: 'wrapped  ', tone: 'dim' });
  if (state.pan > 0) right.push({ text: `column ${state.pan + 1}  `, tone: 'dim' });
  right.push(state.isFollowing ? { text: 'following ', tone: 'ok' } : { text: 'paused ', tone: 'warn' });
  return splitLine(left, right, state.columns);
}

/** How far down the log the bottom of the screen is. */
function position(state: LogPaneState, shown: readonly VisibleRow[]): string {
  const size = state.tailOffset - state.headOffset;
  const bottom = shown.at(-1)?.line.end ?? state.tailOffset;
  if (size <= 0 || bottom >= state.tailOffset) return 'end';
  const percent = Math.floor((100 * (bottom - state.headOffset)) / size);
  return `${Math.min(99, Math.max(0, percent))}%`;
}

function textRow(state: LogPaneState, { line, row }: VisibleRow): Line {
  const bar = line.start === state.hit ? ({ bar: 'selected' } as const) : {};
  if (line.kind === 'lost') return note(`${formatBytes(line.end - line.start)} lost: kept no longer`, 'warn');
  if (line.kind === 'begun-anew') return note('the log was deleted, and begun anew', 'warn');
  const decoded = decodeLine(line.bytes);
  const text = segmentsText(decoded);
  const mark = parseMark(text);
  if (mark !== null && row === 0) return { ...note(`${formatDate(mark.at)} ${mark.text}`, 'accent'), ...bar };
  const ranges = state.matcher?.ranges(text) ?? [];
  const segments = highlightSegments(decoded, ranges);
  if (state.isWrapped) return { segments: wrapSegments(segments, state.columns)[row] ?? [], ...bar };
  return { segments: panned(state, segments, displayWidth(text), line.isContinued), ...bar };
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

function emptyRows(state: LogPaneState, { startedAt, now }: LogContext): Line[] {
  const say = (text: string): Line[] => [
    { segments: [] },
    { segments: [{ text: `  ${text}`, tone: 'dim' }] },
  ];
  if (state.window === null) return state.trouble === null ? say('Reading the log ...') : [];
  // The window may be empty for a moment after a jump.
  if (state.tailOffset > state.headOffset) return [];
  if (startedAt === null) return say('No output yet: the instance has not been started');
  const since = `${formatClock(startedAt, now)} (${formatSpan(now - startedAt)} ago)`;
  return say(`No output yet since it was started at ${since}`);
}

function statusLine(state: LogPaneState): Line {
  if (state.isTyping) {
    const field = fieldSegments(state.field, Math.max(10, state.columns - 4), true);
    return { segments: [{ text: ' /', tone: 'key' }, ...field] };
  }
  return splitLine([{ text: ' ' }, ...newsSegments(state)], matchSegments(state), state.columns);
}

/** The most urgent thing there is to say. */
function newsSegments(state: LogPaneState): Segment[] {
  if (state.trouble !== null)
    return [
      { text: plainText(state.trouble.message), tone: 'bad' },
      { text: '  goes on by itself', tone: 'dim' },
    ];
  if (state.search !== null) {
    const where = state.search.step > 0 ? 'below' : 'above';
    const scanned = formatBytes(state.search.scannedBytes);
    return [{ text: `searching ${where}, ${scanned} so far  (esc stops)`, tone: 'busy' }];
  }
  if (state.notice !== '') return [{ text: plainText(state.notice), tone: 'warn' }];
  if (state.news !== null) return waitingSegments(state, state.news);
  if (state.skippedBytes > 0) {
    const skipped = formatBytes(state.skippedBytes);
    return [{ text: `${skipped} came too fast to be shown: scroll up to see it`, tone: 'warn' }];
  }
  return [];
}

function waitingSegments(
  state: LogPaneState,
  { lines, countedTo }: NonNullable<LogPaneState['news']>,
): Segment[] {
  const unread = Math.max(0, state.tailOffset - countedTo);
  if (lines === 0 && unread === 0) return [{ text: 'nothing new  (G follows)', tone: 'dim' }];
  const counted = lines === 0 ? '' : `${lines.toLocaleString('en')} new line${lines === 1 ? '' : 's'}`;
  const more = unread === 0 ? '' : `${formatBytes(unread)} ${lines === 0 ? 'new' : 'more'}`;
  return [
    { text: [counted, more].filter((part) => part !== '').join(' and '), tone: 'accent' },
    { text: ' below  (G follows)', tone: 'dim' },
  ];
}

function matchSegments({ matcher, window, search, notice }: LogPaneState): Segment[] {
  if (matcher === null || window === null || search !== null || notice !== '') return [];
  const count = countMatches(window, matcher);
  const lines = `${count.toLocaleString('en')} line${count === 1 ? '' : 's'} here `;
  return [
    { text: `/${truncate(plainText(matcher.query), QUERY_COLUMNS)} `, tone: 'accent' },
    { text: lines, tone: 'dim' },
  ];
}
