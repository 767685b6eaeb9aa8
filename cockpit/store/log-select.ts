import type { CopyNote } from '../client/clipboard.ts';
import { formatBytes } from '../format/quantity.ts';
import type { CursorMove } from './action.ts';
import { ownText } from './log-format.ts';
import { type LineRef, lineAt, lineBefore, lineBehind, readLine } from './log-lines.ts';
import { geometryOf, type LogPaneReduction, type LogPaneState, paused, topRow } from './log-pane-state.ts';
import { moveRows, visibleRows } from './log-scroll.ts';
import { type LogWindow, windowEnd, windowStart } from './log-window.ts';

/**
 * Longest text that is sent to a clipboard. Terminals bound what they take by OSC 52: xterm and hterm at 100,000 characters of
 * base64, which is 75,000 bytes. What is cut off there would be lost without a word.
 */
export const MAX_COPY_BYTES = 74_994;

/** `v`: lines are chosen from here on, by moving; nothing moves under them. */
export function startSelection(state: LogPaneState): LogPaneState {
  const start = pointedLine(state);
  if (start === null) return { ...state, notice: state.t('there is no line to select yet') };
  return { ...paused(state), selection: { anchor: start, cursor: start }, notice: '' };
}

/** The line that a mark or a selection begins at: what the search stands on, else the newest while following, else the top. */
export function pointedLine(state: LogPaneState): number | null {
  const geometry = geometryOf(state);
  const top = topRow(state);
  if (geometry === null || top === null) return null;
  const shown = visibleRows(geometry, top).map(({ line }) => line.start);
  if (state.hit !== null && shown.includes(state.hit)) return state.hit;
  return (state.isFollowing ? shown.at(-1) : shown[0]) ?? null;
}

export function moveSelection(state: LogPaneState, move: CursorMove): LogPaneState {
  const { selection, window } = state;
  if (selection === null || window === null) return state;
  const from = lineAt(window, selection.cursor);
  if (from === null) return state;
  const page = Math.max(1, state.rows - 1);
  const steps: Record<CursorMove, number> = {
    up: -1,
    down: 1,
    'page-up': -page,
    'page-down': page,
    home: Number.NEGATIVE_INFINITY,
    end: Number.POSITIVE_INFINITY,
  };
  const cursor = readLine(window, walked(window, from, steps[move])).start;
  const isCut =
    (move === 'end' && windowEnd(window) < state.tailOffset) ||
    (move === 'home' && windowStart(window) > Math.max(state.headOffset, state.floor?.offset ?? 0));
  const notice = isCut ? state.t('selected as far as is held here: S saves all of it') : '';
  return inSight({ ...state, selection: { ...selection, cursor }, notice });
}

function walked(window: LogWindow, from: LineRef, steps: number): LineRef {
  let ref = from;
  for (let left = Math.abs(steps); left > 0; left--) {
    const next = steps > 0 ? lineBehind(window, ref) : lineBefore(window, ref);
    if (next === null) break;
    ref = next;
  }
  return ref;
}

/** Scrolls as little as is needed to show the line under the cursor. */
function inSight(state: LogPaneState): LogPaneState {
  const geometry = geometryOf(state);
  const top = topRow(state);
  if (geometry === null || top === null || state.selection === null) return state;
  const row = { offset: state.selection.cursor, row: 0 };
  const next = { ...state, centerOn: null, aboveReads: 0 };
  if (row.offset < top.offset) return { ...next, top: row };
  const isShown = visibleRows(geometry, top).some(({ line }) => line.start === row.offset);
  return isShown ? next : { ...next, top: moveRows(geometry, row, state.rows - 1) };
}

/** The first and the last chosen line. */
export function selectedSpan({ anchor, cursor }: { anchor: number; cursor: number }): [number, number] {
  return [Math.min(anchor, cursor), Math.max(anchor, cursor)];
}

/** `y`: the chosen lines, as text without colours, to the clipboard. */
export function copySelection(state: LogPaneState): LogPaneReduction {
  const { selection, window, t } = state;
  if (selection === null || window === null) return { state, effects: [] };
  const [from, to] = selectedSpan(selection);
  const lines: string[] = [];
  let bytes = 0;
  for (let ref = lineAt(window, from); ref !== null; ref = lineBehind(window, ref)) {
    const line = readLine(window, ref);
    if (line.start > to) break;
    // Pieces of an overlong line are one line again.
    const text = ownText(line, false);
    if (line.isContinued && lines.length > 0) lines.push(`${lines.pop()}${text}`);
    else lines.push(text);
    bytes += Buffer.byteLength(text) + 1;
  }
  if (bytes > MAX_COPY_BYTES) {
    const notice = t('{bytes} are too much to copy: a terminal takes {most}; select less, or save with S', {
      bytes: formatBytes(bytes),
      most: formatBytes(MAX_COPY_BYTES),
    });
    return { state: { ...state, notice }, effects: [] };
  }
  const copying = `${t.count(lines.length, 'line')}, ${formatBytes(bytes)}`;
  const notice = t('copying {what} ...', { what: copying });
  return {
    state: { ...state, selection: null, copying, notice },
    effects: [{ type: 'copy', text: `${lines.join('\n')}\n` }],
  };
}

/** What was handed to the terminal, unless there is other news by now. */
export function copied(state: LogPaneState, note: CopyNote): LogPaneState {
  const { t, copying: what } = state;
  if (state.notice !== t('copying {what} ...', { what })) return state;
  return { ...state, notice: t('copied {what}', { what }) + (note === '' ? '' : t(note)) };
}
