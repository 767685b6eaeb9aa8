import type { LogReadRequest, LogReadResult } from '../../common/domain/log.ts';
import { toWireError } from '../../common/protocol/errors.ts';
import { cutOf, firstLine, lastLine, readLine } from '../store/log-lines.ts';
import type { LogPaneAction, LogPaneEffect } from '../store/log-pane.ts';
import type { SearchRequest } from '../store/log-pane-state.ts';
import { findMatch } from '../store/log-search.ts';
import { isPlainView } from '../store/log-view-spec.ts';
import {
  appendBytes,
  appendGap,
  emptyWindow,
  type LogWindow,
  prependBytes,
  windowEnd,
  withoutLines,
} from '../store/log-window.ts';
import { createPollQueue } from './log-poll-queue.ts';
import { createLogViews } from './log-views.ts';

/** A search reads in greater steps than a screen needs. */
const SEARCH_READ_BYTES = 1024 * 1024;

export interface LogFeedOptions {
  /** `log.read` of the master. @throws SgridError */
  readonly read: (request: LogReadRequest) => Promise<LogReadResult>;
  readonly dispatch: (action: LogPaneAction) => void;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** Runs what a log pane asks for, and tells it what came. */
export interface LogFeed {
  run(effect: LogPaneEffect): void;
  /** Forgets all that is under way: nothing is dispatched any more. */
  close(): void;
}

type ReadEffect = Extract<LogPaneEffect, { type: 'read' }>;

/**
 * One feed serves one pane after another. An answer that comes after its pane was closed is dropped, since the next pane
 * counts its reads anew.
 *
 * The master has no way to take a long poll back, so there is never more than one: a second one waits for the first,
 * which answers as soon as there is anything new, or at its time-out.
 */
export function createLogFeed({ read, dispatch, clock }: LogFeedOptions): LogFeed {
  const polls = createPollQueue(read);
  const views = createLogViews({ polls, clock });
  const delayed = new Map<ReadEffect['lane'], NodeJS.Timeout>();
  let isPolling = false;
  let nextPoll: (() => void) | null = null;
  /** One a pane: aborted when it is closed. */
  let pane = new AbortController();
  let search: AbortController | null = null;

  const send = async (effect: ReadEffect, { signal }: AbortController): Promise<void> => {
    try {
      const result = await views.read(effect);
      if (!signal.aborted) dispatch({ type: 'read-done', readId: effect.readId, result });
    } catch (error) {
      if (!signal.aborted)
        dispatch({ type: 'read-failed', readId: effect.readId, error: toWireError(error) });
    }
  };

  const poll = (effect: ReadEffect, owner: AbortController): void => {
    nextPoll = () => {
      nextPoll = null;
      if (owner.signal.aborted) return;
      isPolling = true;
      void send(effect, owner).finally(() => {
        isPolling = false;
        nextPoll?.();
      });
    };
    if (!isPolling) nextPoll();
  };

  const start = (effect: ReadEffect, owner: AbortController): void => {
    // A view of several logs sees to its own polls.
    if (effect.request.waitMs > 0 && isPlainView(effect.view)) poll(effect, owner);
    else void send(effect, owner);
  };

  const schedule = (effect: ReadEffect): void => {
    const owner = pane;
    clearTimeout(delayed.get(effect.lane));
    delayed.delete(effect.lane);
    if (effect.delayMs === 0) {
      start(effect, owner);
      return;
    }
    const timer = setTimeout(() => {
      delayed.delete(effect.lane);
      start(effect, owner);
    }, effect.delayMs);
    delayed.set(effect.lane, timer);
  };

  const close = (): void => {
    pane.abort();
    search?.abort();
    for (const timer of delayed.values()) clearTimeout(timer);
    delayed.clear();
    nextPoll = null;
    views.close();
    pane = new AbortController();
    search = null;
  };

  const startSearch = async (request: SearchRequest): Promise<void> => {
    search?.abort();
    search = new AbortController();
    const { signal } = search;
    const tell = (action: LogPaneAction): void => {
      if (!signal.aborted) dispatch(action);
    };
    try {
      const readView = (asked: LogReadRequest): Promise<LogReadResult> =>
        views.read({ view: request.view, kind: 'next', origin: null, request: asked });
      await searchThrough(request, readView, tell, signal);
    } catch (error) {
      tell({ type: 'search-failed', searchId: request.searchId, error: toWireError(error) });
    }
  };

  return {
    run: (effect) => {
      switch (effect.type) {
        case 'read':
          schedule(effect);
          break;
        case 'search':
          void startSearch(effect);
          break;
        case 'stop-search':
          search?.abort();
          break;
        case 'close':
          close();
          break;
      }
    },
    close,
  };
}

/** Reads on from the edge of what a pane holds, holding one read at a time, until a line matches or the log ends. */
async function searchThrough(
  { searchId, view, matcher, step, lineage, cut }: SearchRequest,
  read: LogFeedOptions['read'],
  tell: (action: LogPaneAction) => void,
  signal: AbortSignal,
): Promise<void> {
  let window = emptyWindow(cut);
  let scannedBytes = 0;
  for (;;) {
    const offset = step > 0 ? windowEnd(window) : window.above.offset;
    const result = await read({
      instanceId: view.sources[0]?.instanceId ?? 0,
      file: view.sources[0]?.file ?? 'stdout',
      from: { lineage, offset },
      direction: step > 0 ? 'forward' : 'backward',
      maxBytes: SEARCH_READ_BYTES,
      waitMs: 0,
    });
    if (signal.aborted) return;
    const isBegunAnew = result.start.lineage !== lineage;
    const isNothing = result.data.length === 0 && isPlainView(view);
    const isLast = isBegunAnew || isNothing || isEnd(result, step);
    if (!isBegunAnew) window = withRead(window, result, step, isLast);
    const from = step > 0 ? firstLine(window) : lastLine(window);
    const found = findMatch(window, from, step, matcher);
    if (found !== null) {
      tell({ type: 'search-found', searchId, lineage, cut: cutOf(readLine(window, found)) });
      return;
    }
    if (isLast) {
      tell({ type: 'search-missed', searchId });
      return;
    }
    window = withoutLines(window, step);
    scannedBytes += result.data.length;
    tell({ type: 'search-progress', searchId, scannedBytes });
  }
}

function isEnd(result: LogReadResult, step: 1 | -1): boolean {
  return step > 0 ? result.end.offset >= result.tailOffset : result.start.offset <= result.headOffset;
}

function withRead(
  window: LogWindow,
  { data, start }: LogReadResult,
  step: 1 | -1,
  isLast: boolean,
): LogWindow {
  if (step < 0) return prependBytes(window, data, isLast);
  const whole = start.offset > windowEnd(window) ? appendGap(window, 'lost', start.offset) : window;
  return appendBytes(whole, data);
}
