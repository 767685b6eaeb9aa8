import { showView } from './log-change-view.ts';
import { parseFilter, withFilter } from './log-filter.ts';
import { type LogPaneReduction, type LogPaneState, only } from './log-pane-state.ts';
import { save } from './log-save.ts';
import { createMatcher } from './log-search.ts';
import { goToMatch, withTally } from './log-search-steps.ts';
import { EMPTY_FIELD } from './text-field.ts';

/** A line to type a search or a filter into. */
export function askText(state: LogPaneState, typingFor: 'search' | 'filter'): LogPaneState {
  return { ...state, isTyping: true, typingFor, field: EMPTY_FIELD, notice: '' };
}

/** What was typed is taken. */
export function submitText(state: LogPaneState): LogPaneReduction {
  switch (state.typingFor) {
    case 'save':
      return save(state, state.field.text, false);
    case 'filter':
      return submitFilter(state);
    case 'search':
      return submitSearch(state);
  }
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
