import { layoutOf } from '../view-model/layout.ts';
import { withConfig } from './config-state.ts';
import type { CockpitState } from './state.ts';
import { indexOfId, moveCursor } from './table.ts';
import { withToast } from './toasts.ts';
import { toldIfEmpty } from './unselected.ts';
import { currentView, withTable } from './views.ts';

export function toggleMark(state: CockpitState): CockpitState {
  const { screen, table } = currentView(state);
  if (table.selectedId === null) return toldIfEmpty(state);
  if (screen.name === 'releases') return toggleReleaseMark(state, table.selectedId);
  if (screen.name === 'config-file') return toggleVersionMark(state, table.selectedId);
  if (screen.name !== 'instances') return state;
  const marks = new Set(state.marks);
  if (!marks.delete(table.selectedId)) marks.add(table.selectedId);
  const marked = { ...state, marks, markAnchor: table.selectedId };
  return withTable(marked, moveCursor(table, 'down', layoutOf(state).body));
}

function toggleVersionMark(state: CockpitState, versionId: number): CockpitState {
  const marks = new Set(state.config.marks);
  if (!marks.delete(versionId)) marks.add(versionId);
  const { table } = currentView(state);
  return withTable(withConfig(state, { marks }), moveCursor(table, 'down', layoutOf(state).body));
}

function toggleReleaseMark(state: CockpitState, releaseId: number): CockpitState {
  const releaseMarks = new Set(state.releaseMarks);
  if (!releaseMarks.delete(releaseId)) releaseMarks.add(releaseId);
  const { table } = currentView(state);
  return withTable({ ...state, releaseMarks }, moveCursor(table, 'down', layoutOf(state).body));
}

/** Marks everything between the row that was marked last and the cursor. */
export function markRange(state: CockpitState): CockpitState {
  const { screen, table } = currentView(state);
  if (screen.name !== 'instances') return state;
  const from = indexOfId(table.rows, state.markAnchor);
  const to = indexOfId(table.rows, table.selectedId);
  if (from < 0) return withToast(state, 'warn', state.t('Mark one end of the range with space first'));
  const rows = table.rows.slice(Math.min(from, to), Math.max(from, to) + 1);
  const ids = rows.flatMap((row) => (row.kind === 'row' ? [row.id] : []));
  return { ...state, marks: new Set([...state.marks, ...ids]), markAnchor: table.selectedId };
}

/** Marks all rows that the filter shows, or none when they are all marked. */
export function toggleAllMarks(state: CockpitState): CockpitState {
  const { screen, table } = currentView(state);
  if (screen.name !== 'instances') return state;
  const ids = table.rows.flatMap((row) => (row.kind === 'row' ? [row.id] : []));
  if (ids.length === 0) return toldIfEmpty(state);
  const areAllMarked = ids.every((id) => state.marks.has(id));
  const marks = new Set(state.marks);
  for (const id of ids) {
    if (areAllMarked) marks.delete(id);
    else marks.add(id);
  }
  return { ...state, marks };
}

export function clearMarks(state: CockpitState): CockpitState {
  return state.marks.size === 0 ? state : { ...state, marks: new Set(), markAnchor: null };
}
