import type { FleetScope } from '../../common/domain/fleet.ts';
import { GROUPED_SORT } from '../view-model/instances-table.ts';
import { tableOf } from '../view-model/tables.ts';
import type { CockpitState, Screen, TableState, View } from './state.ts';
import { newTable } from './table.ts';

const UNSORTED = { column: '', descending: false } as const;

export function viewOf(screen: Screen, filter = ''): View {
  const isOfAll = screen.name === 'instances' && screen.nodeId === null;
  return {
    screen,
    table: newTable(isOfAll ? GROUPED_SORT : (tableOf(screen)?.defaultSort ?? UNSORTED), filter),
  };
}

/** The view that is shown. */
export function currentView(state: CockpitState): View {
  return state.views.at(-1) ?? viewOf({ name: 'nodes' });
}

export function withTable(state: CockpitState, table: TableState): CockpitState {
  const view = currentView(state);
  if (view.table === table) return state;
  return { ...state, views: [...state.views.slice(0, -1), { ...view, table }] };
}

export function pushView(state: CockpitState, view: View): CockpitState {
  return { ...state, views: [...state.views, view] };
}

/** The outermost view is never left. */
export function popView(state: CockpitState): CockpitState {
  return state.views.length > 1 ? { ...state, views: state.views.slice(0, -1) } : state;
}

/** Which figures the views need: of one node only while its instances are all that is looked at. */
export function scopeOf(state: CockpitState): FleetScope {
  const table = state.views.findLast(({ screen }) =>
    ['pulse', 'nodes', 'instances', 'services', 'registry'].includes(screen.name),
  )?.screen;
  return table?.name === 'instances' && table.nodeId !== null
    ? { kind: 'node', nodeId: table.nodeId }
    : { kind: 'all' };
}
