import { shownKeys } from '../view-model/shown-columns.ts';
import { tableOf } from '../view-model/tables.ts';
import { become, type Reduction } from './reduction.ts';
import { rememberTable } from './settings.ts';
import { sortBy } from './sort.ts';
import type { CockpitState } from './state.ts';
import { withToast } from './toasts.ts';
import { currentView } from './views.ts';

/** The list of a table's columns, in which they are shown, hidden and sorted by. */
export function openPicker(state: CockpitState): Reduction {
  if (tableOf(currentView(state).screen) === undefined) {
    return become(withToast(state, 'warn', state.t('Only tables have columns to choose')));
  }
  return become({ ...state, picker: { cursor: 0 } });
}

export function movePicker(state: CockpitState, move: string): CockpitState {
  const { picker } = state;
  const columns = tableOf(currentView(state).screen)?.columns ?? [];
  if (picker === null) return state;
  const last = columns.length - 1;
  const cursors: Partial<Record<string, number>> = {
    up: picker.cursor - 1,
    down: picker.cursor + 1,
    home: 0,
    end: last,
  };
  const cursor = Math.max(0, Math.min(last, cursors[move] ?? picker.cursor));
  return { ...state, picker: { cursor } };
}

/** Shows or hides the column under the cursor. The last one that is shown stays: a table without columns is none. */
export function togglePicked(state: CockpitState): CockpitState {
  const { screen } = currentView(state);
  const table = tableOf(screen);
  const column = table?.columns[state.picker?.cursor ?? -1];
  if (table === undefined || column === undefined) return state;
  const shown = shownKeys(state.settings, screen, table.columns);
  const next = new Set(shown);
  if (!next.delete(column.key)) next.add(column.key);
  if (next.size === 0) return withToast(state, 'warn', state.t('One column has to stay'));
  const columns = table.columns.map(({ key }) => key).filter((key) => next.has(key));
  return rememberTable(state, screen, { columns });
}

export function sortByPicked(state: CockpitState): CockpitState {
  const column = tableOf(currentView(state).screen)?.columns[state.picker?.cursor ?? -1];
  if (column === undefined) return state;
  if (column.sortValue === undefined) {
    const { t } = state;
    return withToast(state, 'warn', t('{column} is nothing to sort by', { column: t(column.title) }));
  }
  return sortBy(state, column.key);
}
