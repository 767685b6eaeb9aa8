import type { LogReadRequest, LogReadResult } from '../../common/domain/log.ts';
import type { Told } from '../../common/domain/said.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import { lineCut, PIECE_BYTES } from './log-cuts.ts';
import {
  type ForwardRead,
  geometryOf,
  type LogPaneEffect,
  type LogPaneReduction,
  type LogPaneState,
  positionOf,
  topRow,
} from './log-pane-state.ts';
import { hasRowsAbove, hasRowsBelow } from './log-scroll.ts';
import { isPlainView } from './log-view-spec.ts';
import {
  appendBytes,
  appendGap,
  dropBefore,
  dropBehind,
  emptyWindow,
  heldBytes,
  type LogWindow,
  prependBytes,
  windowEnd,
  windowOf,
} from './log-window.ts';

/** One read; also all that is drawn at once of a log that comes faster than that. */
const READ_BYTES = 65_536;
/** Further behind the end than this while following, the rest is jumped over on the screen. */
const CATCH_UP_BYTES = 4 * READ_BYTES;
/** Held at most, besides one read. */
const WINDOW_BYTES = 4 * 1024 * 1024;
/** Held above and below the screen, so that a page turned shows at once what is there. */
const PAGES_AHEAD = 3;
/** Shorter than the link's time-out for a read, so that a quiet log is not taken for a dead link. */
const LONG_POLL_MS = 5_000;
/** Between two reads of a log that is being written, about as often as a screen is drawn. */
const PACE_MS = 50;
const RETRY_MS = 1_000;
const PEEK_MS = 1_000;
/** Reads upwards that a view may make unasked; each looks through a few MiB. */
const ABOVE_READS = 16;

/** Starts the reads that the pane has a need for: at most one forwards and one backwards at a time. */
export function nextReads(state: LogPaneState): LogPaneReduction {
  const effects: LogPaneEffect[] = [];
  let next = state;
  const kind = forwardNeed(state);
  if (kind !== null) {
    const readId = next.nextId;
    const isAsked = state.wanted === kind && kind !== 'catch-up';
    const delayMs = isAsked && state.trouble === null ? 0 : pace(state, kind);
    const { view, origin } = state;
    const request = forwardRequest(state, kind);
    effects.push({ type: 'read', lane: 'forward', readId, view, kind, origin, request, delayMs });
    next = { ...next, nextId: readId + 1, forward: { readId, kind }, wanted: null };
  }
  const { window } = next;
  if (window !== null && needsAbove(next)) {
    const readId = next.nextId;
    const request: LogReadRequest = {
      ...requestOf(next),
      from: positionOf(next, window.above.offset),
      direction: 'backward',
    };
    const delayMs = next.trouble === null ? 0 : RETRY_MS;
    const { view } = next;
    effects.push({
      type: 'read',
      lane: 'backward',
      readId,
      view,
      kind: 'above',
      origin: null,
      request,
      delayMs,
    });
    next = { ...next, nextId: readId + 1, backwardId: readId };
  }
  return { state: next, effects };
}

function forwardNeed(state: LogPaneState): ForwardRead | null {
  if (state.wanted !== null) return state.wanted;
  const isIdle = state.forward === null;
  if (state.window === null) return isIdle ? 'tail' : null;
  const geometry = geometryOf(state);
  const top = topRow(state);
  const isShort = geometry === null || top === null || !hasRowsBelow(geometry, top, PAGES_AHEAD * state.rows);
  if (state.isFollowing || isShort) return isIdle || state.forward.kind === 'peek' ? 'next' : null;
  return isIdle ? 'peek' : null;
}

function pace(state: LogPaneState, kind: ForwardRead): number {
  if (state.trouble !== null) return RETRY_MS;
  if (kind === 'peek') return PEEK_MS;
  // Somebody turns pages through what is there already.
  const isBacklog = state.window !== null && windowEnd(state.window) < state.tailOffset;
  return isBacklog && !state.isFollowing ? 0 : state.paceMs;
}

function requestOf(state: LogPaneState): Omit<LogReadRequest, 'from' | 'direction'> {
  const [source] = state.view.sources;
  return {
    instanceId: source?.instanceId ?? 0,
    file: source?.file ?? 'stdout',
    maxBytes: READ_BYTES,
    waitMs: 0,
  };
}

function forwardRequest(state: LogPaneState, kind: ForwardRead): LogReadRequest {
  const request = requestOf(state);
  if (kind === 'head' || kind === 'origin') return { ...request, from: 'head', direction: 'forward' };
  if (kind === 'next' && state.window !== null) {
    const end = windowEnd(state.window);
    const waitMs = end < state.tailOffset ? 0 : LONG_POLL_MS;
    return { ...request, from: positionOf(state, end), direction: 'forward', waitMs };
  }
  const maxBytes = kind === 'peek' ? 1 : READ_BYTES;
  return { ...request, from: 'tail', direction: 'backward', maxBytes };
}

function needsAbove(state: LogPaneState): boolean {
  const geometry = geometryOf(state);
  if (geometry === null || state.backwardId !== null || isHeadHeld(state, geometry.window)) return false;
  if (!isPlainView(state.view) && state.aboveReads >= ABOVE_READS) return false;
  const top = topRow(state);
  return top === null || !hasRowsAbove(geometry, top, PAGES_AHEAD * state.rows);
}

/** Nothing above what is held can be read: it is the beginning, or of a log that was begun anew since. */
function isHeadHeld(state: LogPaneState, window: LogWindow): boolean {
  return window.above.offset <= Math.max(state.headOffset, state.floor?.offset ?? 0);
}

/** An answer, with what a view of several logs, or of some of their lines, tells besides. */
export interface ViewReadResult extends LogReadResult {
  readonly hiddenLines?: number;
  readonly troubles?: readonly Told[];
}

/** Takes an answer in. One that nobody waits for any more changes nothing. */
export function readDone(state: LogPaneState, readId: number, result: ViewReadResult): LogPaneState {
  const { hiddenLines = 0, troubles = [] } = result;
  const told = { ...state, hiddenLines, troubles, trouble: null };
  if (readId === state.backwardId)
    return takeAbove({ ...told, backwardId: null, aboveReads: state.aboveReads + 1 }, result);
  if (readId !== state.forward?.readId) return state;
  const { kind } = state.forward;
  const idle: LogPaneState = { ...told, forward: null, paceMs: PACE_MS };
  if (state.window === null || state.lineage === '') return takeAnew(idle, kind, result);
  if (result.start.lineage !== state.lineage)
    return kind === 'next' ? takeBegunAnew(idle, result) : takeAnew(idle, kind, result);
  const next = withSizes(idle, result);
  if (kind === 'next') return takeNext(next, result);
  return kind === 'peek' ? next : takeJump(next, kind, result);
}

export function readFailed(state: LogPaneState, readId: number, error: WireError): LogPaneState {
  if (readId === state.backwardId) return { ...state, backwardId: null, trouble: error };
  if (readId !== state.forward?.readId) return state;
  // A jump that somebody asked for is not forgotten over a lost link.
  const { kind } = state.forward;
  const wanted = kind === 'tail' || kind === 'head' || kind === 'origin' ? kind : state.wanted;
  return { ...state, forward: null, trouble: error, wanted };
}

function withSizes(state: LogPaneState, result: LogReadResult): LogPaneState {
  return {
    ...state,
    headOffset: state.base + result.headOffset,
    tailOffset: Math.max(state.base + result.tailOffset, state.base + result.end.offset),
  };
}

function takeNext(state: LogPaneState, result: LogReadResult): LogPaneState {
  if (state.window === null) return state;
  const start = state.base + result.start.offset;
  const end = windowEnd(state.window);
  const window = start > end ? appendGap(state.window, 'lost', start) : state.window;
  const fresh = start < end ? result.data.subarray(end - start) : result.data;
  const next = counted({ ...state, window: appendBytes(window, fresh) }, fresh, Math.max(start, end));
  const isFlooded = next.tailOffset - (state.base + result.end.offset) > CATCH_UP_BYTES;
  return state.isFollowing && isFlooded ? { ...next, wanted: 'catch-up', paceMs: 2 * PACE_MS } : next;
}

/** Counts lines that came while paused, each once, also when it was dropped and read again. */
function counted(state: LogPaneState, bytes: Uint8Array, offset: number): LogPaneState {
  if (state.news === null) return state;
  let { lines, countedTo } = state.news;
  for (
    let at = bytes.indexOf(0x0a, Math.max(0, countedTo - offset));
    at !== -1;
    at = bytes.indexOf(0x0a, at + 1)
  )
    lines += 1;
  countedTo = Math.max(countedTo, offset + bytes.length);
  return { ...state, news: { lines, countedTo } };
}

/** The tail or the head in place of what was held, or right behind it where they meet. */
function takeJump(state: LogPaneState, kind: ForwardRead, result: LogReadResult): LogPaneState {
  const start = state.base + result.start.offset;
  const end = state.window === null ? 0 : windowEnd(state.window);
  if (kind === 'head' || kind === 'origin') {
    const window = appendBytes(emptyWindow(lineCut(start)), result.data);
    return { ...state, window, backwardId: null, top: { offset: start, row: 0 } };
  }
  const isAhead = start + result.data.length >= end;
  if (state.window !== null && start <= end && isAhead)
    return { ...state, window: appendBytes(state.window, result.data.subarray(end - start)) };
  const skipped = kind === 'catch-up' ? Math.max(0, start - end) : 0;
  const { floor } = state;
  if (floor !== null && start < floor.offset) {
    const window = appendBytes(emptyWindow(floor), result.data.subarray(floor.offset - start));
    return { ...state, window, backwardId: null };
  }
  return {
    ...state,
    window: windowOf(result.data, start, start <= state.headOffset),
    backwardId: null,
    skippedBytes: state.skippedBytes + skipped,
  };
}

/** The first answer of all, or a jump into a log that was begun anew. */
function takeAnew(state: LogPaneState, kind: ForwardRead, result: LogReadResult): LogPaneState {
  if (kind === 'peek') return { ...state, tailOffset: state.tailOffset + 1 };
  const base = state.window === null ? 0 : alignedUp(windowEnd(state.window));
  const next = withSizes(
    { ...state, base, lineage: result.start.lineage, hit: null, centerOn: null },
    result,
  );
  const news = next.isFollowing ? null : { lines: 0, countedTo: next.tailOffset };
  const isJump = kind === 'head' || kind === 'origin';
  return takeJump({ ...next, window: null, news }, isJump ? kind : 'tail', result);
}

/** The log was begun anew while it was being read: what was held stays above. */
function takeBegunAnew(state: LogPaneState, result: LogReadResult): LogPaneState {
  if (state.window === null) return state;
  const base = alignedUp(windowEnd(state.window));
  const window = appendGap(state.window, 'begun-anew', base + result.start.offset);
  return takeNext(withSizes({ ...state, base, lineage: result.start.lineage, window }, result), result);
}

/** A base at which the cuts of overlong lines are the same as in the log itself. */
function alignedUp(offset: number): number {
  return (Math.floor(offset / PIECE_BYTES) + 1) * PIECE_BYTES;
}

function takeAbove(state: LogPaneState, result: LogReadResult): LogPaneState {
  if (state.window === null) return state;
  // The log was begun anew: nothing above what is held can be had any more.
  if (result.start.lineage !== state.lineage) return { ...state, headOffset: state.window.above.offset };
  const next = withSizes(state, result);
  // A view that shows little may find nothing in a part of a log, with more above it.
  const isEmpty = result.data.length === 0 && isPlainView(state.view);
  const isHead = state.base + result.start.offset <= next.headOffset || isEmpty;
  const window = prependBytes(state.window, result.data, isHead);
  return { ...next, window, headOffset: isHead ? window.above.offset : next.headOffset };
}

/** Lets go of what is far from the screen once more is held than is good; it can be read again. */
export function bounded(state: LogPaneState): LogPaneState {
  const { window } = state;
  if (window === null || heldBytes(window) <= WINDOW_BYTES) return state;
  const at = topRow(state)?.offset ?? windowEnd(window);
  const kept = dropBehind(dropBefore(window, at - WINDOW_BYTES / 2), at + WINDOW_BYTES / 2);
  return { ...state, window: kept };
}
