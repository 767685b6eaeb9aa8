import type { Word } from '../language/translate.ts';
import { emptyText } from '../view-model/empty.ts';
import { tableOf } from '../view-model/tables.ts';
import type { CockpitState } from './state.ts';
import { isSelectable } from './table.ts';
import { withToast } from './toasts.ts';
import { currentView } from './views.ts';

/**
 * A command wants a row, and there is none: `text` says of what. In a table without rows there is nothing to select,
 * so that it is told instead why it is empty, and what to do.
 */
export function unselected(state: CockpitState, text: Word): CockpitState {
  return withToast(state, 'warn', isEmptyTable(state) ? emptyText(state) : state.t(text));
}

/** For keys that are silent where they have nothing to do: only an empty table is told of. */
export function toldIfEmpty(state: CockpitState): CockpitState {
  return isEmptyTable(state) ? withToast(state, 'warn', emptyText(state)) : state;
}

function isEmptyTable(state: CockpitState): boolean {
  const { screen, table } = currentView(state);
  return tableOf(screen) !== undefined && !table.rows.some(isSelectable);
}
