import { type Settings, type TableSettings, withTableSettings } from '../config/settings.ts';
import { tableKey } from '../view-model/shown-columns.ts';
import { tableOf } from '../view-model/tables.ts';
import type { CockpitState, Screen, Sort, View } from './state.ts';
import { viewOf } from './views.ts';

/** A new view of a screen, ordered as it was left the last time. */
export function rememberedView(settings: Settings, screen: Screen, filter = ''): View {
  const view = viewOf(screen, filter);
  const sort = settings.tables[tableKey(screen)]?.sort;
  const isKnown =
    sort !== undefined &&
    (sort.column === view.table.sort.column ||
      tableOf(screen)?.columns.some(({ key, sortValue }) => key === sort.column && sortValue !== undefined));
  return isKnown === true ? { ...view, table: { ...view.table, sort } } : view;
}

export function rememberTable(state: CockpitState, screen: Screen, change: TableSettings): CockpitState {
  return { ...state, settings: withTableSettings(state.settings, tableKey(screen), change) };
}

export function rememberSort(state: CockpitState, screen: Screen, sort: Sort): CockpitState {
  return rememberTable(state, screen, { sort: { ...sort } });
}

/** The views after a command names a screen: tables stand in their place, pages go on top of what is shown. */
export function viewsTo(state: CockpitState, screen: Screen, filter = ''): readonly View[] {
  const { settings } = state;
  const view = rememberedView(settings, screen, filter);
  if (
    ['nodes', 'pulse', 'services', 'releases', 'rollouts', 'registry', 'tokens', 'config'].includes(
      screen.name,
    )
  )
    return [view];
  if (screen.name === 'instances') return [rememberedView(settings, { name: 'nodes' }), view];
  return [...state.views.filter((below) => below.screen.name !== screen.name), view];
}
