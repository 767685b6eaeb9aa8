import { english, type Translate } from '../language/translate.ts';
import type { LogPaneAction } from './log-action.ts';
import { showView } from './log-change-view.ts';
import { askFiles, filesLoaded, moveFile, openFile } from './log-files.ts';
import { parseFilter, withFilter } from './log-filter.ts';
import { JSON_STYLES, TIMESTAMP_STYLES } from './log-format.ts';
import { lineAt } from './log-lines.ts';
import { goToMark, toggleMark } from './log-marks.ts';
import { geometryOf, type LogPaneReduction, type LogPaneState, paused, topRow } from './log-pane-state.ts';
import { bounded, nextReads, readDone, readFailed } from './log-reads.ts';
import { askRuns, goToRun } from './log-runs.ts';
import { askPath, save, saveDone, saveExists, saveFailed } from './log-save.ts';
import { bottomTop, compareRows, firstRow, moveRows, type RowRef } from './log-scroll.ts';
import { createMatcher } from './log-search.ts';
import {
  goToMatch,
  nextMatch,
  searchFailed,
  searchFound,
  searchMissed,
  tallied,
  withTally,
} from './log-search-steps.ts';
import { copied, copySelection, moveSelection, startSelection } from './log-select.ts';
import type { LogSourceSpec } from './log-view-spec.ts';
import { emptyWindow, windowEnd } from './log-window.ts';
import { EMPTY_FIELD, editField, fieldOf } from './text-field.ts';

export type { LogPaneAction } from './log-action.ts';
export type { LogPaneEffect, LogPaneReduction, LogPaneState } from './log-pane-state.ts';

/** Columns that one step scrolls to the side. */
export const PAN_COLUMNS = 8;

/** A pane that shows the end of the log and follows it. */
export function openLogPane(opened: {
  sources: readonly LogSourceSpec[];
  columns: number;
  rows: number;
  t?: Translate;
}): LogPaneReduction {
  return nextReads({
    t: opened.t ?? english,
    view: { sources: opened.sources, filters: [] },
    origin: null,
    hiddenLines: 0,
    troubles: [],
    aboveReads: 0,
    isTyping: false,
    typingFor: 'search',
    columns: opened.columns,
    rows: opened.rows,
    window: null,
    lineage: '',
    base: 0,
    headOffset: 0,
    tailOffset: 0,
    floor: null,
    isFollowing: true,
    top: null,
    news: null,
    isWrapped: false,
    timestamps: 'written',
    json: 'raw',
    pan: 0,
    wanted: null,
    paceMs: 0,
    forward: null,
    backwardId: null,
    nextId: 1,
    trouble: null,
    skippedBytes: 0,
    field: EMPTY_FIELD,
    matcher: null,
    hit: null,
    search: null,
    tally: null,
    notice: '',
    marks: [],
    selection: null,
    copying: '',
    files: null,
    saving: null,
    completions: [],
    overwrite: null,
    runStep: null,
    centerOn: null,
  });
}

/** What the pane becomes by an action, and what is to be read. Pure. */
export function reduceLogPane(state: LogPaneState, action: LogPaneAction): LogPaneReduction {
  const { state: changed, effects } = handle(state, action);
  const next = nextReads(bounded(centered(changed)));
  return { state: next.state, effects: [...effects, ...next.effects] };
}

function handle(state: LogPaneState, action: LogPaneAction): LogPaneReduction {
  switch (action.type) {
    case 'resize':
      return only({ ...state, columns: Math.max(1, action.columns), rows: Math.max(1, action.rows) });
    case 'read-done':
      return only(readDone(state, action.readId, action.result));
    case 'read-failed':
      return only(readFailed(state, action.readId, action.error));
    case 'scroll':
      return only(scrolled(state, action.rows));
    case 'page':
      return only(scrolled(state, Math.trunc(action.pages * Math.max(1, state.rows - 1))));
    case 'head':
      return only(goToHead(state));
    case 'follow':
      return only(follow(state));
    case 'clear':
      return only(cleared(state));
    case 'range':
      return only(state);
    case 'from-time':
      return showView(state, { ...state.view }, { type: 'time', at: action.at });
    case 'toggle-follow':
      return only(state.isFollowing ? paused(state) : follow(state));
    case 'toggle-wrap':
      return only({ ...state, isWrapped: !state.isWrapped, pan: 0, top: lineTop(state.top) });
    case 'toggle-timestamps':
      return only(reformatted({ ...state, timestamps: nextOf(TIMESTAMP_STYLES, state.timestamps) }));
    case 'toggle-json':
      return only(reformatted({ ...state, json: nextOf(JSON_STYLES, state.json) }));
    case 'pan':
      return only(state.isWrapped ? state : { ...state, pan: Math.max(0, state.pan + action.columns) });
    case 'search':
    case 'filter':
      return only({ ...state, isTyping: true, typingFor: action.type, field: EMPTY_FIELD, notice: '' });
    case 'save':
      return only(askPath(state, action.defaultPath ?? ''));
    case 'overwrite':
      return state.overwrite === null ? only(state) : save(state, state.overwrite, true);
    case 'text-edit':
      return only({ ...state, field: editField(state.field, action.edit), completions: [] });
    case 'text-submit':
      if (state.typingFor === 'save') return save(state, state.field.text, false);
      return state.typingFor === 'filter' ? submitFilter(state) : submitSearch(state);
    case 'run':
      return askRuns(state, action.step);
    case 'mark':
      return only(toggleMark(state));
    case 'next-mark':
      return goToMark(state);
    case 'select':
      return only(startSelection(state));
    case 'select-move':
      return only(moveSelection(state, action.move));
    case 'copy':
      return copySelection(state);
    case 'files':
      return askFiles(state);
    case 'file-move':
      return only(moveFile(state, action.move));
    case 'file-open':
      return openFile(state);
    case 'cancel':
      return cancel(state);
    case 'next-match':
      return nextMatch(state, action.step);
    case 'search-progress':
      return only(
        state.search?.searchId === action.searchId
          ? { ...state, search: { ...state.search, scannedBytes: action.scannedBytes } }
          : state,
      );
    case 'search-found':
      return only(searchFound(state, action.searchId, action.lineage, action.cut));
    case 'search-missed':
      return only(searchMissed(state, action.searchId));
    case 'search-failed':
      return only(searchFailed(state, action.searchId, action.error));
    case 'tallied':
      return only(tallied(state, action.tally));
    case 'runs-loaded':
      return goToRun(state, action.runs);
    case 'files-loaded':
      return only(filesLoaded(state, action.files));
    case 'load-failed':
      return only({
        ...state,
        runStep: null,
        notice: state.t('no {what}: {why}', {
          what: state.t(action.what),
          why: state.t.known(action.error.message),
        }),
      });
    case 'path-completed':
      return only(
        state.typingFor === 'save' && state.field.text === action.asked
          ? { ...state, field: fieldOf(action.path), completions: action.completions }
          : state,
      );
    case 'save-progress':
      return only(
        state.saving?.saveId === action.saveId
          ? {
              ...state,
              saving: { ...state.saving, writtenBytes: action.writtenBytes, totalBytes: action.totalBytes },
            }
          : state,
      );
    case 'save-exists':
      return only(saveExists(state, action.saveId, action.path));
    case 'save-done':
      return only(saveDone(state, action.saveId, action.path, action.writtenBytes));
    case 'save-failed':
      return only(saveFailed(state, action.saveId, action.error));
    case 'copied':
      return only(copied(state, action.way));
    case 'copy-failed':
      return only({
        ...state,
        notice: state.t('not copied: {why}', { why: state.t.known(action.error.message) }),
      });
  }
}

function only(state: LogPaneState): LogPaneReduction {
  return { state, effects: [] };
}

function follow(state: LogPaneState): LogPaneState {
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
function cleared(state: LogPaneState): LogPaneState {
  const { window } = state;
  if (window === null) return state;
  if (windowEnd(window) < state.tailOffset)
    return { ...state, notice: state.t('G goes to the end, where c clears what is above') };
  const floor = window.rest.cut;
  return follow({ ...state, floor, window: { ...emptyWindow(floor), rest: window.rest }, hit: null });
}

function goToHead(state: LogPaneState): LogPaneState {
  if (state.floor !== null) return goToHead({ ...state, floor: null });
  if (state.window === null) return state;
  const geometry = geometryOf(state);
  const first = geometry === null ? null : firstRow(geometry);
  const next = paused(state, first);
  const isHeld = state.window.above.offset <= state.headOffset;
  return { ...next, centerOn: null, wanted: isHeld ? state.wanted : 'head' };
}

function scrolled(state: LogPaneState, rows: number): LogPaneState {
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

function lineTop(top: RowRef | null): RowRef | null {
  return top === null ? null : { offset: top.offset, row: 0 };
}

function submitSearch(state: LogPaneState): LogPaneReduction {
  const { text } = state.field;
  const done = { ...state, isTyping: false };
  // An empty line repeats the last search, as in less(1).
  const created = text === '' ? state.matcher : createMatcher(text, state.t);
  if (typeof created === 'string') return only({ ...done, notice: created });
  const matcher = created;
  if (matcher === null) return only(done);
  const found = goToMatch({ ...done, matcher, hit: null });
  const counted = withTally(found.state, matcher);
  return { state: counted.state, effects: [...found.effects, ...counted.effects] };
}

/** Adds a filter; an empty line takes all of them away, as in less(1). */
function submitFilter(state: LogPaneState): LogPaneReduction {
  const filter = parseFilter(state.field.text);
  const { view } = state;
  return showView(
    { ...state, isTyping: false },
    { ...view, filters: filter === null ? [] : withFilter(view.filters, filter) },
  );
}

/** Esc ends the nearest thing: the line, a question, a choice, what is under way, then the matches, then the filters. */
function cancel(state: LogPaneState): LogPaneReduction {
  if (state.isTyping) return only({ ...state, isTyping: false, notice: '' });
  if (state.overwrite !== null) return only({ ...state, overwrite: null, notice: state.t('not saved') });
  if (state.files !== null) return only({ ...state, files: null });
  if (state.selection !== null) return only({ ...state, selection: null, notice: '' });
  if (state.saving !== null)
    return {
      state: { ...state, saving: null, notice: state.t('saving stopped, nothing was written') },
      effects: [{ type: 'stop-save' }],
    };
  if (state.search !== null || state.tally?.end === 'running')
    return {
      state: { ...state, search: null, tally: null, notice: state.t('search stopped') },
      effects: [{ type: 'stop-search' }, { type: 'stop-tally' }],
    };
  if (state.matcher !== null || state.notice !== '')
    return only({ ...state, matcher: null, hit: null, tally: null, notice: '' });
  return showView(state, { ...state.view, filters: [] });
}

/** Whether esc has something to end here before it leaves the pane. */
export function hasToCancel(state: LogPaneState): boolean {
  const { isTyping, overwrite, files, selection, saving, search, matcher, view } = state;
  const isOpen =
    isTyping || [overwrite, files, selection, saving, search, matcher].some((part) => part !== null);
  return isOpen || view.filters.length > 0;
}

/** The rows of lines are others now; the line at the top stays there. */
function reformatted(state: LogPaneState): LogPaneState {
  return { ...state, top: lineTop(state.top), pan: 0 };
}

function nextOf<T>(styles: readonly T[], style: T): T {
  return styles[(styles.indexOf(style) + 1) % styles.length] ?? style;
}

/** Keeps the line that was searched for a third of the screen down. */
function centered(state: LogPaneState): LogPaneState {
  const geometry = geometryOf(state);
  if (state.centerOn === null || geometry === null || lineAt(geometry.window, state.centerOn) === null)
    return state;
  const row = { offset: state.centerOn, row: 0 };
  return { ...state, top: moveRows(geometry, row, Math.floor(state.rows / 3)) };
}
