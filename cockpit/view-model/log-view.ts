import { plainText } from '../format/plain-text.ts';
import { formatBytes } from '../format/quantity.ts';
import { formatClock, formatSpan } from '../format/time.ts';
import { truncate } from '../format/width.ts';
import { filterWords } from '../store/log-filter.ts';
import { geometryOf, type LogPaneState, topRow } from '../store/log-pane-state.ts';
import { type VisibleRow, visibleRows } from '../store/log-scroll.ts';
import { splitLine } from './columns.ts';
import type { Line, Segment } from './line.ts';
import { fileRows } from './log-file-rows.ts';
import { textRows } from './log-rows.ts';
import { QUERY_COLUMNS, statusLine } from './log-status.ts';

/** Rows of the pane that are not text: its title above, its status below. */
export const LOG_PANE_FRAME_ROWS = 2;

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
  const text = textRows(state, shown);
  const body =
    state.files === null ? (text.length > 0 ? text : emptyRows(state, context)) : fileRows(state, context);
  const blank: Line = { segments: [] };
  return [
    titleLine(state, context, shown),
    ...Array.from({ length: state.rows }, (_, row) => body[row] ?? blank),
    statusLine(state),
  ];
}

function titleLine(state: LogPaneState, { name }: LogContext, shown: readonly VisibleRow[]): Line {
  const { t } = state;
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
  if (state.timestamps !== 'written')
    right.push({
      text: t(state.timestamps === 'column' ? 'times: column  ' : 'times: hidden  '),
      tone: 'dim',
    });
  if (state.json !== 'raw')
    right.push({ text: t(state.json === 'columns' ? 'JSON: columns  ' : 'JSON: pretty  '), tone: 'dim' });
  if (state.isWrapped) right.push({ text: t('wrapped  '), tone: 'dim' });
  if (state.pan > 0) right.push({ text: t('column {column}  ', { column: state.pan + 1 }), tone: 'dim' });
  right.push(
    state.isFollowing ? { text: t('following '), tone: 'ok' } : { text: t('paused '), tone: 'warn' },
  );
  return splitLine(left, right, state.columns);
}

/** The file of a log, or whose logs are merged. */
function filesOf({ view: { sources } }: LogPaneState): string {
  const [source] = sources;
  return sources.length === 1 ? (source?.file ?? '') : sources.map(({ label }) => label).join(' ');
}

function filterSegments({ view: { filters }, hiddenLines, t }: LogPaneState): Segment[] {
  if (filters.length === 0) return [];
  const words = filters.map((filter) => truncate(plainText(filterWords(filter)), QUERY_COLUMNS)).join(' ');
  return [
    { text: words, tone: 'accent' },
    { text: t('  {lines} hidden  ', { lines: hiddenLines.toLocaleString('en') }), tone: 'dim' },
  ];
}

/** How far down the log the bottom of the screen is. */
function position(state: LogPaneState, shown: readonly VisibleRow[]): string {
  const size = state.tailOffset - state.headOffset;
  const bottom = shown.at(-1)?.line.end ?? state.tailOffset;
  if (size <= 0 || bottom >= state.tailOffset) return state.t('end');
  const percent = Math.floor((100 * (bottom - state.headOffset)) / size);
  return `${Math.min(99, Math.max(0, percent))}%`;
}

function emptyRows(state: LogPaneState, { startedAt, now }: LogContext): Line[] {
  const { t } = state;
  const say = (text: string): Line[] => [
    { segments: [] },
    { segments: [{ text: `  ${text}`, tone: 'dim' }] },
  ];
  if (state.window === null) return state.trouble === null ? say(t('Reading the log ...')) : [];
  const { filters, sources } = state.view;
  if (filters.length > 0)
    return say(t('No line yet that {filters} shows', { filters: filters.map(filterWords).join(' ') }));
  if (sources.length > 1) return say(t('No output yet'));
  if (state.floor !== null) return say(t('Cleared: nothing has come since (g shows all again)'));
  // The window may be empty for a moment after a jump.
  if (state.tailOffset > state.headOffset) return [];
  if (startedAt === null) return say(t('No output yet: the instance has not been started'));
  const times = { at: formatClock(startedAt, now), span: formatSpan(now - startedAt) };
  return say(t('No output yet since it was started at {at} ({span} ago)', times));
}
