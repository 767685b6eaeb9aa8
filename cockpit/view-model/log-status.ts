import { plainText } from '../format/plain-text.ts';
import { count, formatBytes } from '../format/quantity.ts';
import { truncate } from '../format/width.ts';
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

const SIGNS = { search: ' /', filter: ' &', save: ' save to: ' } as const;

/** What there is to say below the text: the line under edit, a question, news, and what was searched for. */
export function statusLine(state: LogPaneState): Line {
  if (state.isTyping) {
    const field = fieldSegments(
      state.field,
      Math.max(10, state.columns - SIGNS[state.typingFor].length - 2),
      true,
    );
    return splitLine(
      [{ text: SIGNS[state.typingFor], tone: 'key' }, ...field],
      typingHelp(state),
      state.columns,
    );
  }
  return splitLine([{ text: ' ' }, ...newsSegments(state)], matchSegments(state), state.columns);
}

function typingHelp({ typingFor, field, completions }: LogPaneState): Segment[] {
  if (typingFor === 'save')
    return completions.length < 2 ? [] : [{ text: `${completions.slice(0, 4).join(' ')} `, tone: 'dim' }];
  if (field.text !== '') return [];
  const help =
    typingFor === 'filter'
      ? 'show only lines with a text, or !text: without it; empty: all '
      : 'a text, or -r and a regular expression ';
  return [{ text: help, tone: 'dim' }];
}

/** The most urgent thing there is to say. */
function newsSegments(state: LogPaneState): Segment[] {
  if (state.overwrite !== null)
    return [{ text: `${plainText(state.overwrite)} is there already: overwrite it? `, tone: 'warn' }];
  if (state.saving !== null) {
    const { writtenBytes, totalBytes } = state.saving;
    return [
      { text: `saving: ${formatBytes(writtenBytes)} of ${formatBytes(totalBytes)}`, tone: 'busy' },
      { text: '  (esc stops)', tone: 'dim' },
    ];
  }
  // What was just asked for is answered also while there is trouble.
  if (state.selection !== null) return selectionSegments(state, state.selection);
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

function selectionSegments(
  { window, notice }: LogPaneState,
  selection: NonNullable<LogPaneState['selection']>,
): Segment[] {
  if (notice !== '') return [{ text: plainText(notice), tone: 'warn' }];
  const [from, to] = selectedSpan(selection);
  const lines = window === null ? 0 : linesBetween(window, from, to);
  return [{ text: `${count(lines, 'line')} selected`, tone: 'accent' }];
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
  const { matcher, window, tally } = state;
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
    return [query, { text: `${held.toLocaleString('en')} line${held === 1 ? '' : 's'} here `, tone: 'dim' }];
  }
  const total = `${tally.matches.toLocaleString('en')}${tally.end === 'done' ? '' : '+'}`;
  const at = hitNumber(state);
  const where =
    at === null ? `${total} line${tally.matches === 1 ? '' : 's'}` : `${at.toLocaleString('en')} of ${total}`;
  const percent = tally.totalBytes === 0 ? 0 : Math.floor((100 * tally.scannedBytes) / tally.totalBytes);
  const progress: Segment[] =
    tally.end === 'running' ? [{ text: `counting ${Math.min(99, percent)}% `, tone: 'busy' }] : [];
  return [query, { text: `${where} `, tone: 'dim' }, ...progress];
}
