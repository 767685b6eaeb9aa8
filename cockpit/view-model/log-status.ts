import { plainText } from '../format/plain-text.ts';
import { formatBytes } from '../format/quantity.ts';
import { displayWidth, truncate } from '../format/width.ts';
import { lineAt, lineBehind, readLine } from '../store/log-lines.ts';
import type { LogPaneState } from '../store/log-pane-state.ts';
import { countMatches } from '../store/log-search.ts';
import { hitNumber } from '../store/log-search-steps.ts';
import { selectedSpan } from '../store/log-select.ts';
import { type LogWindow, windowEnd, windowStart } from '../store/log-window.ts';
import { splitLine } from './columns.ts';
import type { Line, Segment } from './line.ts';
import { fieldSegments } from './status.ts';

/** A search's text is shown up to this width. */
export const QUERY_COLUMNS = 20;

function signOf({ typingFor, t }: LogPaneState): string {
  return { search: ' /', filter: ' &', save: t(' save to: ') }[typingFor];
}

/** What there is to say below the text: the line under edit, a question, news, and what was searched for. */
export function statusLine(state: LogPaneState): Line {
  if (state.isTyping) {
    const sign = signOf(state);
    const field = fieldSegments(state.field, Math.max(10, state.columns - displayWidth(sign) - 2), true);
    return splitLine([{ text: sign, tone: 'key' }, ...field], typingHelp(state), state.columns);
  }
  return splitLine([{ text: ' ' }, ...newsSegments(state)], matchSegments(state), state.columns);
}

function typingHelp({ typingFor, field, completions, t }: LogPaneState): Segment[] {
  if (typingFor === 'save')
    return completions.length < 2 ? [] : [{ text: `${completions.slice(0, 4).join(' ')} `, tone: 'dim' }];
  if (field.text !== '') return [];
  const help =
    typingFor === 'filter'
      ? t('show only lines with a text, or !text: without it; empty: all ')
      : t('a text, or -r and a regular expression ');
  return [{ text: help, tone: 'dim' }];
}

/** The most urgent thing there is to say. */
function newsSegments(state: LogPaneState): Segment[] {
  const { t } = state;
  if (state.overwrite !== null) {
    const text = t('{file} is there already: overwrite it? ', { file: plainText(state.overwrite) });
    return [{ text, tone: 'warn' }];
  }
  if (state.saving !== null) {
    const { writtenBytes, totalBytes } = state.saving;
    const amounts = { done: formatBytes(writtenBytes), total: formatBytes(totalBytes) };
    return [
      { text: t('saving: {done} of {total}', amounts), tone: 'busy' },
      { text: t('  (esc stops)'), tone: 'dim' },
    ];
  }
  // What was just asked for is answered also while there is trouble.
  if (state.selection !== null) return selectionSegments(state, state.selection);
  const answer = answerSegments(state);
  const trouble = troubleSegments(state);
  const gap: Segment[] = answer.length > 0 && trouble.length > 0 ? [{ text: '  ' }] : [];
  if (answer.length > 0 || trouble.length > 0) return [...answer, ...gap, ...trouble];
  if (state.news !== null) return waitingSegments(state, state.news);
  if (state.skippedBytes > 0) {
    const skipped = formatBytes(state.skippedBytes);
    return [
      { text: t('{skipped} came too fast to be shown: scroll up to see it', { skipped }), tone: 'warn' },
    ];
  }
  return [];
}

function answerSegments({ search, notice, t }: LogPaneState): Segment[] {
  if (search !== null) {
    const bytes = formatBytes(search.scannedBytes);
    const text =
      search.step > 0
        ? t('searching below, {bytes} so far  (esc stops)', { bytes })
        : t('searching above, {bytes} so far  (esc stops)', { bytes });
    return [{ text, tone: 'busy' }];
  }
  return notice === '' ? [] : [{ text: plainText(notice), tone: 'warn' }];
}

/** Of a merged log some may be unreadable for good: an instance that was never started has none. */
function troubleSegments({ trouble, troubles, t }: LogPaneState): Segment[] {
  if (trouble !== null)
    return [
      { text: plainText(t.why(trouble)), tone: 'bad' },
      { text: t('  goes on by itself'), tone: 'dim' },
    ];
  const [first, ...others] = troubles;
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : t(' (and {count} more)', { count: others.length });
  return [
    { text: `${plainText(t.told(first))}${more}`, tone: 'bad' },
    { text: t('  the others go on'), tone: 'dim' },
  ];
}

function waitingSegments(
  state: LogPaneState,
  { lines, countedTo }: NonNullable<LogPaneState['news']>,
): Segment[] {
  const { t } = state;
  const unread = Math.max(0, state.tailOffset - countedTo);
  if (lines === 0 && unread === 0) return [{ text: t('nothing new  (G follows)'), tone: 'dim' }];
  const counted = lines === 0 ? '' : t.count(lines, 'new line');
  const bytes = formatBytes(unread);
  const more = unread === 0 ? '' : lines === 0 ? t('{bytes} new', { bytes }) : t('{bytes} more', { bytes });
  return [
    { text: [counted, more].filter((part) => part !== '').join(t(' and ')), tone: 'accent' },
    { text: t(' below  (G follows)'), tone: 'dim' },
  ];
}

function selectionSegments(
  { window, notice, t }: LogPaneState,
  selection: NonNullable<LogPaneState['selection']>,
): Segment[] {
  if (notice !== '') return [{ text: plainText(notice), tone: 'warn' }];
  const [from, to] = selectedSpan(selection);
  const lines = window === null ? 0 : linesBetween(window, from, to);
  return [{ text: t('{lines} selected', { lines: t.count(lines, 'line') }), tone: 'accent' }];
}

function linesBetween(window: LogWindow, from: number, to: number): number {
  let lines = 0;
  for (let ref = lineAt(window, from); ref !== null; ref = lineBehind(window, ref)) {
    const { start, isContinued } = readLine(window, ref);
    if (start > to) break;
    if (!isContinued || lines === 0) lines += 1;
  }
  return lines;
}

function matchSegments(state: LogPaneState): Segment[] {
  const { matcher, window, tally, t } = state;
  if (matcher === null || window === null || state.search !== null || state.saving !== null) return [];
  const query: Segment = {
    text: `/${truncate(plainText(matcher.query), QUERY_COLUMNS)}  `,
    tone: 'accent',
  };
  // What is held is looked at as it is shown: colours inside of a word do not hide it.
  const isAllHeld = windowStart(window) <= state.headOffset && windowEnd(window) >= state.tailOffset;
  if (isAllHeld || tally === null || tally.end === 'failed') {
    if (state.notice !== '') return [];
    const held = countMatches(window, matcher);
    return [query, { text: t('{lines} here ', { lines: t.count(held, 'line') }), tone: 'dim' }];
  }
  const isAll = tally.end === 'done';
  const total = `${tally.matches.toLocaleString('en')}${isAll ? '' : '+'}`;
  const at = hitNumber(state);
  const where =
    at !== null
      ? t('{part} of {total}', { part: at.toLocaleString('en'), total })
      : isAll
        ? t.count(tally.matches, 'line')
        : t('{total} lines', { total });
  const percent = tally.totalBytes === 0 ? 0 : Math.floor((100 * tally.scannedBytes) / tally.totalBytes);
  const progress: Segment[] =
    tally.end === 'running'
      ? [{ text: t('counting {percent}% ', { percent: Math.min(99, percent) }), tone: 'busy' }]
      : [];
  return [query, { text: `${where} `, tone: 'dim' }, ...progress];
}
