import type { LogFile, LogReadRequest, LogReadResult } from '../../common/domain/log.ts';
import type { LogRun } from '../../common/domain/log-runs.ts';
import { toWireError } from '../../common/protocol/errors.ts';
import type { Word } from '../language/translate.ts';
import type { CutPoint } from '../store/log-cuts.ts';
import type { LogPaneAction, LogPaneEffect } from '../store/log-pane.ts';
import type { SaveRequest, SearchRequest, SearchTally } from '../store/log-pane-state.ts';
import { isPlainView, type LogSourceSpec } from '../store/log-view-spec.ts';
import type { CopyNote } from './clipboard.ts';
import { createPollQueue } from './log-poll-queue.ts';
import { saveView } from './log-save.ts';
import { searchThrough } from './log-search-through.ts';
import { type SearchEnd, type SearchLog, searchOnServer, tallyOnServer } from './log-server-search.ts';
import { createLogViews } from './log-views.ts';

export interface LogFeedOptions {
  /** `log.read` of the master. @throws SgridError */
  readonly read: (request: LogReadRequest) => Promise<LogReadResult>;
  /** `log.search`, `log.runs` and `log.files` of the master. @throws SgridError */
  readonly search: SearchLog;
  readonly runs: (source: LogSourceSpec) => Promise<readonly LogRun[]>;
  readonly files: (source: LogSourceSpec) => Promise<readonly LogFile[]>;
  /** Hands a text to the clipboard. @throws SgridError */
  readonly copy: (text: string) => Promise<CopyNote>;
  /** Directory that relative paths start from. */
  readonly cwd: string;
  readonly dispatch: (action: LogPaneAction) => void;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** How often a step of a count is asked for again that a busy node had no time for. */
const TALLY_TRIES = 3;

function patient(search: SearchLog): SearchLog {
  return async (request) => {
    for (let tries = 1; ; tries++) {
      try {
        return await search(request);
      } catch (error) {
        if (tries >= TALLY_TRIES || toWireError(error).code !== 'timeout') throw error;
      }
    }
  };
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
export function createLogFeed(options: LogFeedOptions): LogFeed {
  const { read, dispatch, clock } = options;
  const polls = createPollQueue(read);
  const views = createLogViews({ polls, clock });
  const delayed = new Map<ReadEffect['lane'], NodeJS.Timeout>();
  let isPolling = false;
  let nextPoll: (() => void) | null = null;
  /** One a pane: aborted when it is closed. */
  let pane = new AbortController();
  let search: AbortController | null = null;
  let tally: AbortController | null = null;
  let saving: AbortController | null = null;

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
    tally?.abort();
    saving?.abort();
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
      const isThere = isPlainView(request.view);
      const found = isThere ? await askServer(request, tell, signal) : request.cut;
      if (found !== null) await searchThrough({ ...request, cut: found }, readView, tell, signal);
    } catch (error) {
      tell({ type: 'search-failed', searchId: request.searchId, error: toWireError(error) });
    }
  };

  /** Where the log is, as far as whole lines go: the place to look at piece by piece, or null when all is told. */
  const askServer = async (
    request: SearchRequest,
    tell: (action: LogPaneAction) => void,
    signal: AbortSignal,
  ): Promise<CutPoint | null> => {
    const { searchId, lineage, step } = request;
    let end: SearchEnd | null;
    try {
      end = await searchOnServer(
        request,
        options.search,
        (scannedBytes) => tell({ type: 'search-progress', searchId, scannedBytes }),
        signal,
      );
    } catch (error) {
      // A text is as well looked for here, only slower. A pattern that is too much for the node would be so for the cockpit.
      const { code } = toWireError(error);
      if (signal.aborted || code === 'disconnected' || request.matcher.syntax === 'regex') throw error;
      return request.cut;
    }
    if (end?.type === 'missed') tell({ type: 'search-missed', searchId });
    if (end?.type === 'found') tell({ type: 'search-found', searchId, lineage, cut: end.cut });
    // Upwards the place to begin at is behind the line.
    return end?.type === 'inside' ? (step > 0 ? end.cut : request.cut) : null;
  };

  const startTally = async (effect: Extract<LogPaneEffect, { type: 'tally' }>): Promise<void> => {
    tally?.abort();
    tally = new AbortController();
    const { signal } = tally;
    const tell = (told: SearchTally): void => {
      if (!signal.aborted) dispatch({ type: 'tallied', tally: told });
    };
    try {
      await tallyOnServer(effect, patient(options.search), tell, signal);
    } catch {
      // The search itself says what is the matter; without a count, what is held is counted.
      const { searchId } = effect;
      tell({ searchId, matches: 0, lineStarts: [], scannedBytes: 0, totalBytes: 0, end: 'failed' });
    }
  };

  /** Asks something once; the answer of a pane that was closed is dropped. */
  const load = async (what: Word, ask: () => Promise<LogPaneAction>): Promise<void> => {
    const { signal } = pane;
    const action = await ask().catch(
      (error: unknown): LogPaneAction => ({ type: 'load-failed', what, error: toWireError(error) }),
    );
    if (!signal.aborted) dispatch(action);
  };

  const startSave = async (effect: SaveRequest): Promise<void> => {
    saving?.abort();
    saving = new AbortController();
    const { signal } = saving;
    const { saveId, view } = effect;
    const tell = (action: LogPaneAction): void => {
      if (!signal.aborted) dispatch(action);
    };
    // Its own way through the logs, so that what is on the screen stays where it is.
    const own = createLogViews({ polls, clock, hasColours: false });
    try {
      const end = await saveView(
        effect,
        (request, isFirst) => own.read({ view, kind: isFirst ? 'head' : 'next', origin: null, request }),
        {
          cwd: options.cwd,
          signal,
          onProgress: (writtenBytes, totalBytes) =>
            tell({ type: 'save-progress', saveId, writtenBytes, totalBytes }),
        },
      );
      tell(
        end.type === 'done' ? { ...end, type: 'save-done', saveId } : { ...end, type: 'save-exists', saveId },
      );
    } catch (error) {
      tell({ type: 'save-failed', saveId, error: toWireError(error) });
    } finally {
      own.close();
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
        case 'tally':
          void startTally(effect);
          break;
        case 'stop-tally':
          tally?.abort();
          break;
        case 'load-runs':
          void load('runs', async () => ({ type: 'runs-loaded', runs: await options.runs(effect.source) }));
          break;
        case 'load-files':
          void load('files', async () => ({
            type: 'files-loaded',
            files: await options.files(effect.source),
          }));
          break;
        case 'copy':
          void options.copy(effect.text).then(
            (way) => dispatch({ type: 'copied', way }),
            (error: unknown) => dispatch({ type: 'copy-failed', error: toWireError(error) }),
          );
          break;
        case 'save':
          void startSave(effect);
          break;
        case 'stop-save':
          saving?.abort();
          break;
        case 'close':
          close();
          break;
      }
    },
    close,
  };
}
