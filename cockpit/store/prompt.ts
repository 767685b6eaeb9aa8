import { tableOf } from '../view-model/tables.ts';
import type { EditAction } from './action.ts';
import { completionsOf } from './palette.ts';
import type { CockpitState, Prompt } from './state.ts';
import { EMPTY_FIELD, editField, fieldOf } from './text-field.ts';
import { currentView, withTable } from './views.ts';

/**
 * The one-line prompt at the bottom. For a filter, `before` is the filter to go back to; for the palette it is what
 * was typed, which its completions come from while tab walks through them.
 */
export function openPrompt(state: CockpitState, kind: Prompt['kind']): CockpitState {
  const { table } = currentView(state);
  const field = kind === 'filter' ? fieldOf(table.filter) : EMPTY_FIELD;
  return { ...state, prompt: { kind, field, choice: -1, recalled: -1, before: field.text } };
}

/** A filter works while it is typed. */
export function editPrompt(state: CockpitState, edit: EditAction): CockpitState {
  const { prompt } = state;
  if (prompt === null) return state;
  if (edit.type === 'erase' && edit.what === 'character' && prompt.field.text === '') {
    return { ...state, prompt: null };
  }
  const field = editField(prompt.field, edit);
  if (prompt.kind === 'palette') {
    return { ...state, prompt: { ...prompt, field, choice: -1, recalled: -1, before: field.text } };
  }
  return withFilter({ ...state, prompt: { ...prompt, field } }, field.text);
}

export function completePrompt(state: CockpitState, step: 1 | -1): CockpitState {
  const { prompt } = state;
  if (prompt?.kind !== 'palette') return state;
  const choices = completionsOf(prompt.before, state.settings.aliases);
  if (choices.length === 0) return state;
  const start = prompt.choice === -1 && step === -1 ? 0 : prompt.choice;
  const choice = (start + step + choices.length) % choices.length;
  return { ...state, prompt: { ...prompt, choice, field: fieldOf(choices[choice]?.name ?? '') } };
}

/** Lines typed before, newest first, of those that begin as what was typed; past the newest stands what was typed. */
export function recallLine(state: CockpitState, step: 1 | -1): CockpitState {
  const { prompt } = state;
  if (prompt?.kind !== 'palette') return state;
  const lines = state.settings.history.filter((line) => line.startsWith(prompt.before)).reverse();
  const recalled = Math.max(-1, Math.min(lines.length - 1, prompt.recalled - step));
  const field = fieldOf(lines[recalled] ?? prompt.before);
  return { ...state, prompt: { ...prompt, field, choice: -1, recalled } };
}

export function cancelPrompt(state: CockpitState): CockpitState {
  const { prompt } = state;
  if (prompt === null) return state;
  const closed = { ...state, prompt: null };
  return prompt.kind === 'filter' ? withFilter(closed, prompt.before) : closed;
}

/** What cannot be understood of the filter in force; null when all is well. */
export function filterProblem(state: CockpitState): string | null {
  const { screen, table } = currentView(state);
  return tableOf(screen)?.problemOf(table.filter, state.t) ?? null;
}

export function withFilter(state: CockpitState, filter: string): CockpitState {
  const { table } = currentView(state);
  return table.filter === filter ? state : withTable(state, { ...table, filter });
}
