import { lineAt } from './log-lines.ts';
import { geometryOf, type LogPaneState, paused, topRow } from './log-pane-state.ts';
import { bottomTop, compareRows, firstRow, moveRows } from './log-scroll.ts';
import { emptyWindow, windowEnd } from './log-window.ts';

/** Columns that one step scrolls to the side. */
export const PAN_COLUMNS = 8;

/** To the end of the log, and on with it. */
export function follow(state: LogPaneState): LogPaneState {
  const end = state.window === null ? 0 : windowEnd(state.window);
  const isAtEnd = state.window === null || end >= state.tailOffset;
  return {
    ...state,
    isFollowing: true,
    top: null,
    news: null,
    centerOn: null,
    skippedBytes: state.isFollowing ? state.skippedBytes : 0,
    // What is held may end far from the end of the log: read there instead of all in between.
    wanted: isAtEnd ? state.wanted : 'tail',
  };
}

/** Hides all lines that are held, as clear(1) does; following goes on below. */
export function cleared(state: LogPaneState): LogPaneState {
  const { window } = state;
  if (window === null) return state;
  if (windowEnd(window) < state.tailOffset)
    return { ...state, notice: state.t('G goes to the end, where c clears what is above') };
  const floor = window.rest.cut;
  return follow({ ...state, floor, window: { ...emptyWindow(floor), rest: window.rest }, hit: null });
}

/** To the oldest line; what was cleared is shown again. */
export function goToHead(state: LogPaneState): LogPaneState {
  if (state.floor !== null) return goToHead({ ...state, floor: null });
  if (state.window === null) return state;
  const geometry = geometryOf(state);
  const first = geometry === null ? null : firstRow(geometry);
  const next = paused(state, first);
  const isHeld = state.window.above.offset <= state.headOffset;
  return { ...next, centerOn: null, wanted: isHeld ? state.wanted : 'head' };
}

/** By rows of the screen; up holds the log. */
export function scrolled(state: LogPaneState, rows: number): LogPaneState {
  const geometry = geometryOf(state);
  const top = topRow(state);
  if (geometry === null || top === null || (state.isFollowing && rows >= 0)) return state;
  const end = bottomTop(geometry);
  const moved = moveRows(geometry, top, -rows);
  const isBelowEnd = rows > 0 && end !== null && moved !== null && compareRows(moved, end) > 0;
  // One that stands below the last full screen (text was cut off, or the screen has grown) is not pulled up by moving down.
  const lowest = isBelowEnd && compareRows(top, end) < 0 ? end : isBelowEnd ? top : moved;
  return { ...paused(state, lowest), centerOn: null, aboveReads: 0 };
}

/** Lines are cut into rows, or cut off. */
export function wrapped(state: LogPaneState): LogPaneState {
  return { ...reformatted(state), isWrapped: !state.isWrapped };
}

/** To the side; a wrapped line has nothing there. */
export function panned(state: LogPaneState, columns: number): LogPaneState {
  return state.isWrapped ? state : { ...state, pan: Math.max(0, state.pan + columns) };
}

/** The rows of lines are others now; the line at the top stays there. */
export function reformatted(state: LogPaneState): LogPaneState {
  return { ...state, top: state.top === null ? null : { ...state.top, row: 0 }, pan: 0 };
}

/** Keeps the line that was searched for a third of the screen down. */
export function centered(state: LogPaneState): LogPaneState {
  const geometry = geometryOf(state);
  if (state.centerOn === null || geometry === null || lineAt(geometry.window, state.centerOn) === null)
    return state;
  const row = { offset: state.centerOn, row: 0 };
  return { ...state, top: moveRows(geometry, row, Math.floor(state.rows / 3)) };
}
