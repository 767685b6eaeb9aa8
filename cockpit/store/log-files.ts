import type { LogFile } from '../../common/domain/log.ts';
import type { CursorMove } from './action.ts';
import { showView } from './log-change-view.ts';
import type { LogPaneReduction, LogPaneState } from './log-pane-state.ts';

/** `f`: asks which log files the instance has. */
export function askFiles(state: LogPaneState): LogPaneReduction {
  const { t } = state;
  const [source] = state.view.sources;
  if (source === undefined || state.view.sources.length > 1)
    return { state: { ...state, notice: t('files are of one instance: open the log of one') }, effects: [] };
  return {
    state: { ...state, notice: t('asking for the files ...') },
    effects: [{ type: 'load-files', source }],
  };
}

export function filesLoaded(state: LogPaneState, list: readonly LogFile[]): LogPaneState {
  const shown = state.view.sources[0]?.file;
  const cursor = Math.max(
    0,
    list.findIndex(({ name }) => name === shown),
  );
  return list.length === 0
    ? { ...state, notice: state.t('the instance has no log files yet') }
    : { ...state, files: { list, cursor }, notice: '' };
}

export function moveFile(state: LogPaneState, move: CursorMove): LogPaneState {
  const { files } = state;
  if (files === null) return state;
  const last = files.list.length - 1;
  const steps: Record<CursorMove, number> = {
    up: files.cursor - 1,
    down: files.cursor + 1,
    'page-up': files.cursor - state.rows,
    'page-down': files.cursor + state.rows,
    home: 0,
    end: last,
  };
  return { ...state, files: { ...files, cursor: Math.max(0, Math.min(last, steps[move])) } };
}

/** Shows the file under the cursor, from its end on. */
export function openFile(state: LogPaneState): LogPaneReduction {
  const { files, view } = state;
  const [source] = view.sources;
  const file = files?.list[files.cursor];
  if (source === undefined || file === undefined) return { state: { ...state, files: null }, effects: [] };
  const closed = { ...state, files: null };
  if (file.name === source.file) return { state: closed, effects: [] };
  return showView(
    { ...closed, isFollowing: true, marks: [], top: null },
    { ...view, sources: [{ ...source, file: file.name }] },
    null,
  );
}
