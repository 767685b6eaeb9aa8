import { layoutOf } from '../view-model/layout.ts';
import { tableOf } from '../view-model/tables.ts';
import * as navigate from './navigate.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { currentView, withTable } from './views.ts';

/** A click on a row of a table selects it; on the selected one it opens it. Elsewhere it means nothing. */
export function clicked(state: CockpitState, screenRow: number): Reduction {
  const { screen, table } = currentView(state);
  const { prompt, confirm, picker, form, secret } = state;
  const isCovered = [prompt, confirm, picker, form, secret].some((cover) => cover !== null);
  if (isCovered || tableOf(screen) === undefined) return become(state);
  const { header, overview, tableHeader, body } = layoutOf(state);
  const at = screenRow - header - overview - tableHeader;
  const row = at < 0 || at >= body ? undefined : table.rows[table.top + at];
  if (row?.kind !== 'row') return become(state);
  if (row.id === table.selectedId) return navigate.open(state);
  return become(withTable(state, { ...table, selectedId: row.id }));
}
