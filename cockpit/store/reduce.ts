import { withHistoryLine } from '../config/settings.ts';
import { contextOf } from '../keymap/context.ts';
import { explainUnbound } from '../keymap/resolve.ts';
import { confirmScrollRows } from '../view-model/confirm.ts';
import { layoutOf } from '../view-model/layout.ts';
import type { Action, CommandAction, EditAction } from './action.ts';
import { ask, askVerb } from './asks.ts';
import { assertNever } from './assert-never.ts';
import { clicked } from './click.ts';
import * as comfort from './comfort.ts';
import { reduceConfig } from './config-centre.ts';
import { settleConfig } from './config-settle.ts';
import { takeData } from './data.ts';
import * as deploy from './deploy.ts';
import * as archive from './deploy-archive.ts';
import { editFormField, moveForm } from './form.ts';
import { submitForm } from './forms.ts';
import { reduceInsight, settleInsight } from './insight.ts';
import * as logs from './logs.ts';
import * as marks from './marks.ts';
import * as navigate from './navigate.ts';
import { paletteProblem, parsePalette } from './palette.ts';
import { movePicker, openPicker, sortByPicked, togglePicked } from './picker.ts';
import { cancelPrompt, completePrompt, editPrompt, filterProblem, openPrompt, recallLine } from './prompt.ts';
import { confirmChange, withConfirm } from './proposal.ts';
import { andThen, become, type Reduction } from './reduction.ts';
import { takeResult } from './results.ts';
import { settle } from './settle.ts';
import { sortBy, toggleBadFirst } from './sort.ts';
import type { CockpitState } from './state.ts';
import { editField } from './text-field.ts';
import { withoutAnswers, withToast } from './toasts.ts';
import { visit } from './trail.ts';
import { currentView, popView } from './views.ts';

/** The whole cockpit: what a state becomes by an action, and what is to be done outside. Pure; `state.now` is its clock. */
export function reduce(state: CockpitState, action: Action): Reduction {
  const settled = andThen(handle(state, action), (next) => settle(state, comfort.endTour(next)));
  const resized = andThen(settled, logs.resizeLogs);
  return andThen(
    andThen(resized, (next) => settleInsight(state, next)),
    settleConfig,
  );
}

function handle(state: CockpitState, action: Action): Reduction {
  switch (action.type) {
    case 'tick':
      return reduceInsight(state, { type: 'chart-tick' });
    case 'insight':
      return reduceInsight(withoutAnswers(state), action.action);
    case 'config':
      return reduceConfig(state, action.action);
    case 'resize':
      return become({ ...state, size: action.size });
    case 'log':
      return logs.reduceLogs(state, action.action);
    case 'link':
    case 'snapshot':
    case 'frame':
    case 'histories':
    case 'services':
    case 'releases':
    case 'rollout':
    case 'rollouts':
    case 'all-releases':
    case 'release-diff':
    case 'tokens':
    case 'events':
      return takeData(state, action);
    case 'job-done':
    case 'job-failed':
    case 'rollout-created':
    case 'rollout-refused':
    case 'upload-progress':
    case 'upload-done':
    case 'upload-failed':
    case 'path-completed':
    case 'save-failed':
    case 'load-failed':
    case 'rollout-planned':
    case 'plan-refused':
    case 'rollback-found':
    case 'change-done':
    case 'change-failed':
    case 'use':
    case 'edited':
    case 'edit-failed':
    case 'service-planned':
    case 'service-refused':
    case 'drain-planned':
    case 'drain-refused':
    case 'copied':
      return takeResult(state, action);
    default:
      return command(ends(action) ? { ...state, toasts: [] } : withoutAnswers(state), action);
  }
}

/** Esc also puts away what the toasts told. */
function ends({ type }: CommandAction): boolean {
  return type === 'back' || type === 'cancel';
}

function command(state: CockpitState, action: CommandAction): Reduction {
  const { name } = currentView(state).screen;
  const isDeploying = name === 'deploy';
  const isInLog = name === 'logs' && state.prompt === null && state.confirm === null && state.form === null;
  switch (action.type) {
    case 'quit':
      return become(state, { type: 'exit' });
    case 'click':
      return clicked(state, action.row);
    case 'suspend':
      return become(state, { type: 'suspend' });
    case 'theme':
      return become(comfort.chooseTheme(state, action.name));
    case 'context':
      return comfort.switchContext(state, action.name);
    case 'tour':
      return become(comfort.openTour(state));
    case 'prompt':
      return become(openPrompt(state, action.kind));
    case 'edit':
      if (isInLog) return logs.reduceLogs(state, { type: 'text-edit', edit: action.edit });
      return become(edited(state, action.edit));
    case 'complete':
      if (isInLog) return logs.completeLogPath(state);
      if (state.form !== null) return become(moveForm(state, action.step));
      return state.prompt === null
        ? archive.completeDeploy(state, action.step)
        : become(completePrompt(state, action.step));
    case 'recall':
      return become(recallLine(state, action.step));
    case 'visit':
      return become(visit(state, action.to));
    case 'submit':
      if (isInLog) return logs.reduceLogs(state, { type: 'text-submit' });
      if (state.prompt !== null) return submitPrompt(state);
      return state.form === null ? archive.submitDeploy(state) : submitForm(state);
    case 'cancel':
      if (isInLog) return logs.reduceLogs(state, { type: 'cancel' });
      if (state.prompt !== null) return become(cancelPrompt(state));
      if (state.secret !== null) return become({ ...state, secret: null });
      if (state.form !== null) return become({ ...state, form: null });
      if (state.picker !== null) return become({ ...state, picker: null });
      return state.confirm === null ? deploy.backDeploy(state) : become(deploy.cancelConfirm(state));
    case 'cursor':
      if (state.form !== null) return become(moveForm(state, action.move));
      if (state.confirm !== null) return become(scrollConfirm(state, action.move));
      if (state.picker !== null) return become(movePicker(state, action.move));
      if (isDeploying) return become(deploy.moveDeploy(state, action.move, layoutOf(state).body));
      return become(navigate.move(state, action.move));
    case 'open':
      return isDeploying ? deploy.openDeployRow(state) : navigate.open(state);
    case 'back':
      if (isInLog && logs.escEndsSomething(state)) return logs.reduceLogs(state, { type: 'cancel' });
      return isDeploying ? deploy.backDeploy(state) : become(navigate.back(state));
    case 'go':
      return navigate.go(
        { ...state, confirm: null, form: null, picker: null },
        action.screen,
        action.filter ?? '',
      );
    case 'mark':
      if (state.picker !== null) return become(togglePicked(state));
      return become(isDeploying ? deploy.markDeploy(state, false) : marks.toggleMark(state));
    case 'mark-all':
      return become(isDeploying ? deploy.markDeploy(state, true) : marks.toggleAllMarks(state));
    case 'mark-range':
      return become(marks.markRange(state));
    case 'unmark':
      return become(marks.clearMarks(state));
    case 'bad-first':
      return become(toggleBadFirst(state));
    case 'columns':
      return openPicker(state);
    case 'pick-sort':
      return become(sortByPicked(state));
    case 'sort':
      return become(sortBy(state, action.column));
    case 'ask':
      return askVerb(state, action.verb);
    case 'confirm':
      return confirmChange(state);
    case 'change':
      return ask(state, action.what);
    case 'leave':
      return become(popView(state));
    case 'copy-secret':
      return state.secret === null
        ? become(state)
        : become(state, { type: 'copy', text: state.secret.secret });
    case 'deploy':
      return deploy.openDeploy(state);
    case 'deploy-archive':
      return become(archive.toArchive(state));
    case 'describe':
      return navigate.describe(state);
    case 'logs':
      return action.run === undefined ? logs.openLogs(state) : logs.openPreviousRun(state);
    case 'help':
      return become(navigate.openHelp(state));
    case 'unbound':
      return become(
        withToast(state, 'warn', explainUnbound(state.t, state.bindings, action.key, contextOf(state))),
      );
    default:
      return assertNever(action);
  }
}

/** Whatever is under edit: the prompt, a form, the name that a question wants, or the form of an upload. */
function edited(state: CockpitState, edit: EditAction): CockpitState {
  if (state.prompt !== null) return editPrompt(state, edit);
  if (state.form !== null) return editFormField(state, edit);
  if (state.confirm !== null) return withConfirm(state, { field: editField(state.confirm.field, edit) });
  return archive.editDeploy(state, edit);
}

function submitPrompt(state: CockpitState): Reduction {
  const { prompt } = state;
  const closed = { ...state, prompt: null };
  // What cannot be understood stays under the cursor, where it can be mended.
  if (prompt?.kind === 'filter' && filterProblem(state) !== null) return become(state);
  if (prompt?.kind !== 'palette' || prompt.field.text.trim() === '') return become(closed);
  const line = prompt.field.text.trim();
  const action = parsePalette(line, state.settings.aliases);
  if (action === null) {
    const why = paletteProblem(line, state.settings.aliases, state.t);
    return become(withToast(closed, 'warn', why));
  }
  return handle({ ...closed, settings: withHistoryLine(state.settings, line) }, action);
}

function scrollConfirm(state: CockpitState, move: string): CockpitState {
  const { confirm } = state;
  if (confirm === null) return state;
  const steps: Partial<Record<string, number>> = { up: -1, down: 1, 'page-up': -8, 'page-down': 8 };
  const last = confirmScrollRows(state, confirm, layoutOf(state).body);
  const top = Math.max(0, Math.min(last, confirm.top + (steps[move] ?? 0)));
  return { ...state, confirm: { ...confirm, top } };
}
