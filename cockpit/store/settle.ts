import { layoutOf } from '../view-model/layout.ts';
import { tableOf } from '../view-model/tables.ts';
import type { Effect } from './effect.ts';
import type { Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { scrolled, withRows } from './table.ts';
import { withoutExpiredToasts } from './toasts.ts';
import { withVisit } from './trail.ts';
import { settleJobs } from './verbs.ts';
import { currentView, scopeOf, withTable } from './views.ts';

/** After every action: rows made anew if what they show changed, the cursor on its row, results told, the right figures watched. */
export function settle(before: CockpitState, after: CockpitState): Reduction {
  const effects: Effect[] = [];
  let state = settleJobs(withoutExpiredToasts(withVisit(before, after)));
  const has = (name: string): boolean => state.views.some((view) => view.screen.name === name);
  if (state.deploy !== null && !has('deploy')) {
    const { upload } = state.deploy;
    if (upload !== null) effects.push({ type: 'cancel-upload', uploadId: upload.uploadId });
    state = { ...state, deploy: null };
  }
  if (state.logPane !== null && !has('logs')) {
    effects.push({ type: 'log', effect: { type: 'close' } });
    state = { ...state, logPane: null };
  }
  if (state.settings !== before.settings) {
    effects.push({ type: 'save-settings', settings: state.settings });
  }
  state = settleTable(state);
  const scope = scopeOf(state);
  const scopeBefore = scopeOf(before);
  const nodeOf = (of: typeof scope): number | null => (of.kind === 'node' ? of.nodeId : null);
  if (nodeOf(scope) !== nodeOf(scopeBefore)) effects.push({ type: 'watch', scope });
  return { state, effects };
}

function settleTable(state: CockpitState): CockpitState {
  const view = currentView(state);
  const model = tableOf(view.screen);
  if (model === undefined) return state;
  const inputs = model.inputs(state, view);
  const isSame =
    inputs.length === view.table.madeFrom.length &&
    inputs.every((input, at) => input === view.table.madeFrom[at]);
  const table = isSame
    ? view.table
    : model.keepsRows?.(state, view) === true
      ? { ...view.table, madeFrom: inputs }
      : withRows(view.table, model.makeRows(state, view), inputs);
  return withTable(state, scrolled(table, layoutOf(state).body));
}
