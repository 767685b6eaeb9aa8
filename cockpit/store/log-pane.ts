import type { LogPaneAction } from './log-action.ts';
import { showView } from './log-change-view.ts';
import { askFiles, filesLoaded, moveFile, openFile } from './log-files.ts';
import { JSON_STYLES, TIMESTAMP_STYLES } from './log-format.ts';
import { goToMark, toggleMark } from './log-marks.ts';
import { cancel } from './log-pane-cancel.ts';
import {
  centered,
  cleared,
  follow,
  goToHead,
  panned,
  reformatted,
  scrolled,
  wrapped,
} from './log-pane-move.ts';
import { type LogPaneReduction, type LogPaneState, only, paused } from './log-pane-state.ts';
import { askText, submitText } from './log-pane-text.ts';
import { bounded, nextReads, readDone, readFailed } from './log-reads.ts';
import { askRuns, goToRun } from './log-runs.ts';
import { askPath, save, saveDone, saveExists, saveFailed } from './log-save.ts';
import { nextMatch, searchFailed, searchFound, searchMissed, tallied } from './log-search-steps.ts';
import { copied, copySelection, moveSelection, startSelection } from './log-select.ts';
import { editField, fieldOf } from './text-field.ts';

export type { LogPaneAction } from './log-action.ts';
export type { LogPaneEffect, LogPaneReduction, LogPaneState } from './log-pane-state.ts';

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
      return only(wrapped(state));
    case 'toggle-timestamps':
      return only(reformatted({ ...state, timestamps: nextOf(TIMESTAMP_STYLES, state.timestamps) }));
    case 'toggle-json':
      return only(reformatted({ ...state, json: nextOf(JSON_STYLES, state.json) }));
    case 'pan':
      return only(panned(state, action.columns));
    case 'search':
    case 'filter':
      return only(askText(state, action.type));
    case 'save':
      return only(askPath(state, action.defaultPath ?? ''));
    case 'overwrite':
      return state.overwrite === null ? only(state) : save(state, state.overwrite, true);
    case 'text-edit':
      return only({ ...state, field: editField(state.field, action.edit), completions: [] });
    case 'text-submit':
      return submitText(state);
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
          why: state.t.why(action.error),
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
        notice: state.t('not copied: {why}', { why: state.t.why(action.error) }),
      });
  }
}

function nextOf<T>(styles: readonly T[], style: T): T {
  return styles[(styles.indexOf(style) + 1) % styles.length] ?? style;
}
