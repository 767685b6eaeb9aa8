import type { CockpitState } from '../store/state.ts';
import { currentView } from '../store/views.ts';

/** Marked instances that the table does not show: an action hits them all the same. */
export interface HiddenMarks {
  readonly count: number;
  /** Else they are on nodes that this screen is not about. */
  readonly isFiltered: boolean;
}

/** @param ids of those that are asked about; others are left out */
export function hiddenMarks(state: CockpitState, ids: Iterable<number> = state.marks): HiddenMarks | null {
  const { screen, table } = currentView(state);
  if (screen.name !== 'instances' || state.marks.size === 0) return null;
  const shown = new Set(table.rows.flatMap((row) => (row.kind === 'row' ? [row.id] : [])));
  const hidden = [...ids].filter((id) => state.marks.has(id) && !shown.has(id));
  return hidden.length === 0 ? null : { count: hidden.length, isFiltered: table.filter !== '' };
}
