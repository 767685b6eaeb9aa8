import type { LogPosition } from '../../common/domain/log.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import type { CutPoint } from './log-cuts.ts';
import { type LineRef, lineAt, lineBefore, lineBehind, readLine } from './log-lines.ts';
import {
  geometryOf,
  type LogPaneReduction,
  type LogPaneState,
  paused,
  type SearchTally,
  topRow,
} from './log-pane-state.ts';
import { visibleRows } from './log-scroll.ts';
import { findMatch, type Matcher } from './log-search.ts';
import { isPlainView } from './log-view-spec.ts';
import { emptyWindow, type LogWindow, windowEnd, windowStart } from './log-window.ts';

/** After a new search: the nearest line from the top of the screen down, else above it, else in what is not held. */
export function goToMatch(state: LogPaneState): LogPaneReduction {
  const { window, matcher } = state;
  const top = topRow(state);
  if (window === null || matcher === null || top === null)
    return stay(state, state.t('nothing to search yet'));
  const ref = lineAt(window, top.offset);
  const before = ref === null ? null : lineBefore(window, ref);
  const found = findMatch(window, ref, 1, matcher) ?? findMatch(window, before, -1, matcher);
  if (found !== null) return show(state, window, found);
  return searchOn(state, windowEnd(window) < state.tailOffset ? 1 : -1);
}

/** `n` and `N`: the next line that matches, downwards or upwards from the one shown last. */
export function nextMatch(state: LogPaneState, step: 1 | -1): LogPaneReduction {
  const { window, matcher } = state;
  if (matcher === null) return stay(state, state.t('type / and a text to search for'));
  if (window === null || state.search !== null) return { state, effects: [] };
  const hit = state.hit === null ? null : heldLine(window, state.hit);
  const top = topRow(state);
  const from = hit ?? (top === null ? null : lineAt(window, top.offset));
  const beside = from === null ? null : step > 0 ? lineBehind(window, from) : lineBefore(window, from);
  const found = findMatch(window, beside, step, matcher);
  return found === null ? searchOn(state, step) : show(state, window, found);
}

function heldLine(window: LogWindow, offset: number): LineRef | null {
  const ref = lineAt(window, offset);
  return ref !== null && readLine(window, ref).start === offset ? ref : null;
}

function stay(state: LogPaneState, notice: string): LogPaneReduction {
  return { state: { ...state, notice }, effects: [] };
}

function show(state: LogPaneState, window: LogWindow, ref: LineRef): LogPaneReduction {
  const { start } = readLine(window, ref);
  const geometry = geometryOf(state);
  const top = topRow(state);
  const isVisible =
    geometry !== null && top !== null && visibleRows(geometry, top).some((row) => row.line.start === start);
  const shown = { ...paused(state), hit: start, notice: '' };
  return { state: { ...shown, centerOn: isVisible ? state.centerOn : start }, effects: [] };
}

/** Goes on in the part of the log that is not held. */
function searchOn(state: LogPaneState, step: 1 | -1): LogPaneReduction {
  const { window, matcher } = state;
  if (window === null || matcher === null) return { state, effects: [] };
  const isAtEdge = step > 0 ? windowEnd(window) >= state.tailOffset : window.above.offset <= state.headOffset;
  if (isAtEdge) return stay(state, missed(state, matcher, step));
  const searchId = state.nextId;
  const edge = step > 0 ? window.rest.cut : { offset: windowStart(window), nextCut: windowStart(window) };
  const { base, lineage, view } = state;
  const cut = { offset: edge.offset - base, nextCut: edge.nextCut - base };
  const search = { searchId, step, scannedBytes: 0 };
  return {
    state: { ...paused(state), nextId: searchId + 1, search, notice: '' },
    effects: [{ type: 'search', searchId, view, matcher, step, lineage, cut }],
  };
}

function missed({ t }: LogPaneState, { query }: Matcher, step: 1 | -1): string {
  return step > 0
    ? t('"{query}" is nowhere below (N looks above)', { query })
    : t('"{query}" is nowhere above (n looks below)', { query });
}

/** Asks for the matches of all the logs to be counted where they are. Of some lines only, what is held is counted. */
export function withTally(state: LogPaneState, matcher: Matcher): LogPaneReduction {
  if (state.view.filters.length > 0) return { state: { ...state, tally: null }, effects: [] };
  const searchId = state.nextId;
  const tally: SearchTally = {
    searchId,
    matches: 0,
    lineStarts: [],
    scannedBytes: 0,
    totalBytes: 0,
    end: 'running',
  };
  return {
    state: { ...state, nextId: searchId + 1, tally },
    effects: [{ type: 'tally', searchId, view: state.view, matcher }],
  };
}

export function tallied(state: LogPaneState, tally: SearchTally): LogPaneState {
  return state.tally?.searchId === tally.searchId ? { ...state, tally } : state;
}

/** Which of the counted matches the search stands on, from 1 on; null when that is not known. */
export function hitNumber({ tally, hit, base, view }: LogPaneState): number | null {
  if (tally === null || hit === null || !isPlainView(view)) return null;
  const { lineStarts } = tally;
  let low = 0;
  let high = lineStarts.length;
  // A later piece of an overlong line belongs to the line that begins before it.
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lineStarts[middle] ?? 0) <= hit - base) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? null : low;
}

export function searchFound(
  state: LogPaneState,
  searchId: number,
  found: LogPosition['lineage'],
  cut: CutPoint,
): LogPaneState {
  if (state.search?.searchId !== searchId || found !== state.lineage)
    return withoutSearch(state, searchId, '');
  const at = { offset: state.base + cut.offset, nextCut: state.base + cut.nextCut };
  return {
    ...state,
    search: null,
    notice: '',
    floor: null,
    window: emptyWindow(at),
    wanted: 'next',
    backwardId: null,
    top: { offset: at.offset, row: 0 },
    hit: at.offset,
    centerOn: at.offset,
  };
}

export function searchMissed(state: LogPaneState, searchId: number): LogPaneState {
  const { search, matcher } = state;
  if (search === null || matcher === null) return state;
  return withoutSearch(state, searchId, missed(state, matcher, search.step));
}

export function searchFailed(state: LogPaneState, searchId: number, error: WireError): LogPaneState {
  const { t } = state;
  return withoutSearch(state, searchId, t('search ended: {why}', { why: t.why(error) }));
}

function withoutSearch(state: LogPaneState, searchId: number, notice: string): LogPaneState {
  return state.search?.searchId === searchId ? { ...state, search: null, notice } : state;
}
