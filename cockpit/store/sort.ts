import { tableOf } from '../view-model/tables.ts';
import { rememberSort } from './settings.ts';
import type { CockpitState } from './state.ts';
import { currentView, withTable } from './views.ts';

/** The same column again turns the order round. */
export function sortBy(state: CockpitState, column: string): CockpitState {
  const { screen, table } = currentView(state);
  const target = tableOf(screen)?.columns.find(
    (candidate) => candidate.key === column && candidate.sortValue !== undefined,
  );
  if (target === undefined) return state;
  const isSame = table.sort.column === column;
  const descending = isSame ? !table.sort.descending : target.descendingFirst === true;
  const sort = { ...table.sort, column, descending };
  return rememberSort(withTable(state, { ...table, sort }), screen, sort);
}

/** What is broken in front of what is not, each part in the order of its column; again: as it was. */
export function toggleBadFirst(state: CockpitState): CockpitState {
  const { screen, table } = currentView(state);
  if (tableOf(screen)?.hasSeverity !== true) return state;
  const sort = { ...table.sort, badFirst: table.sort.badFirst !== true };
  return rememberSort(withTable(state, { ...table, sort }), screen, sort);
}
