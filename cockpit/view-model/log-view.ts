import { type LogMark, parseMark } from '../../common/domain/log-mark.ts';
import { levelTone } from '../format/log-level.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes } from '../format/quantity.ts';
import { highlightSegments, sliceSegments, wrapSegments } from '../format/segments.ts';
import { decodeLine, segmentsText } from '../format/terminal-text.ts';
import { formatClock, formatDate, formatSpan } from '../format/time.ts';
import { displayWidth, truncate } from '../format/width.ts';
import { filterWords } from '../store/log-filter.ts';
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
    { text: `  ${plainText(filesOf(state))}`, tone: 'dim' },
  ];
  const right: Segment[] = filterSegments(state);
  if (state.window !== null) {
    const size = state.tailOffset - state.headOffset;
    right.push({ text: `${formatBytes(size)}  ${position(state, shown)}  `, tone: 'dim' });
  }
  if (state.isWrapped) right.push({ text: 'wrapped  ', tone: 'dim' });
  if (state.pan > 0) right.push({ text: `column ${state.pan + 1}  `, tone: 'dim' });
  right.push(state.isFollowing ? { text: 'following ', tone: 'ok' } : { text: 'paused ', tone: 'warn' });
  return splitLine(left, right, state.columns);
}

/** The file of a log, or whose logs are merged. */
function filesOf({ view: { sources } }: LogPaneState): string {
  const [source] = sources;
  return sources.length === 1 ? (source?.file ?? '') : sources.map(({ label }) => label).join(' ');
}

function filterSegments({ view: { filters }, hiddenLines }: LogPaneState): Segment[] {
  if (filters.length === 0) return [];
  const words = filters.map((filter) => truncate(plainText(filterWords(filter)), QUERY_COLUMNS)).join(' ');
  return [
    { text: words, tone: 'accent' },
    { text: `  ${hiddenLines.toLocaleString('en')} hidden  `, tone: 'dim' },
  ];
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
  const { label, own, ownText } = withoutLabel(state, decoded, text);
  const mark = parseMark(ownText);
  if (mark !== null && row === 0) return { segments: [...label, ...markNote(mark).segments], ...bar };
  const ranges = state.matcher?.ranges(text) ?? [];
  const segments = highlightSegments([...label, ...levelled(own, ownText)], ranges);
  if (state.isWrapped) return { segments: wrapSegments(segments, state.columns)[row] ?? [], ...bar };
  return { segments: panned(state, segments, displayWidth(text), line.isContinued), ...bar };
}

/** In merged logs, whose a line is stands before it, as a run of a colour of its own. */
function withoutLabel({ view }: LogPaneState, decoded: readonly Segment[], text: string) {
  const [label, ...own] = decoded;
  if (view.sources.length === 1 || label === undefined) return { label: [], own: decoded, ownText: text };
  return {
    label: [label, { text: ' ' }],
    own: withoutBlank(own),
    ownText: text.slice(label.text.length + 1),
  };
}

function withoutBlank([first, ...others]: readonly Segment[]): Segment[] {
  return first === undefined ? [] : [{ ...first, text: first.text.slice(1) }, ...others];
}

/** A line without colours of its own has that of its level. */
function levelled(segments: readonly Segment[], text: string): readonly Segment[] {
  const [only] = segments;
  if (segments.length !== 1 || only === undefined || only.sgr !== undefined) return segments;
  const tone = levelTone(text);
  return tone === undefined ? segments : [{ text: only.text, tone }];
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

function emptyRows(state: LogPaneState, { startedAt, now }: LogContext): Line[] {
  const say = (text: string): Line[] => [
    { segments: [] },
    { segments: [{ text: `  ${text}`, tone: 'dim' }] },
  ];
  if (state.window === null) return state.trouble === null ? say('Reading the log ...') : [];
  const { filters, sources } = state.view;
  if (filters.length > 0) return say(`No line yet that ${filters.map(filterWords).join(' ')} shows`);
  if (sources.length > 1) return say('No output yet');
  if (state.floor !== null) return say('Cleared: nothing has come since (g shows all again)');
  // The window may be empty for a moment after a jump.
  if (state.tailOffset > state.headOffset) return [];
  if (startedAt === null) return say('No output yet: the instance has not been started');
  const since = `${formatClock(startedAt, now)} (${formatSpan(now - startedAt)} ago)`;
  return say(`No output yet since it was started at ${since}`);
}

function statusLine(state: LogPaneState): Line {
  if (state.isTyping) {
    const field = fieldSegments(state.field, Math.max(10, state.columns - 4), true);
    return splitLine(
      [{ text: state.typingFor === 'filter' ? ' &' : ' /', tone: 'key' }, ...field],
      typingHelp(state),
      state.columns,
    );
  }
  return splitLine([{ text: ' ' }, ...newsSegments(state)], matchSegments(state), state.columns);
}

function typingHelp({ typingFor, field }: LogPaneState): Segment[] {
  if (typingFor !== 'filter' || field.text !== '') return [];
  return [{ text: 'show only lines with a text, or !text: without it; empty: all ', tone: 'dim' }];
}

/** The most urgent thing there is to say. */
function newsSegments(state: LogPaneState): Segment[] {
  if (state.trouble !== null)
    return [
      { text: plainText(state.trouble.message), tone: 'bad' },
      { text: '  goes on by itself', tone: 'dim' },
    ];
  const [trouble, ...others] = state.troubles;
  if (trouble !== undefined) {
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
    return [
      { text: `${plainText(trouble)}${more}`, tone: 'bad' },
      { text: '  the others go on', tone: 'dim' },
    ];
  }
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
