import { showView } from './log-change-view.ts';
import { type LogPaneReduction, type LogPaneState, only } from './log-pane-state.ts';

/** Esc ends the nearest thing: the line, a question, a choice, what is under way, then the matches, then the filters. */
export function cancel(state: LogPaneState): LogPaneReduction {
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
