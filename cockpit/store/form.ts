import type { CursorMove, EditAction } from './action.ts';
import type { ConfigFileKey, NewVersion } from './config-state.ts';
import type { CockpitState, TextField } from './state.ts';
import { editField, fieldOf } from './text-field.ts';

/** One line of a form. With `choices` it holds one of them, and left and right go through them. */
export interface FormField {
  readonly key: string;
  readonly label: string;
  readonly field: TextField;
  readonly choices?: readonly string[];
  /** What may be put there, for people. */
  readonly help: string;
}

/** What a form is about, and what it needs to make a change out of it. */
export type FormPurpose =
  | { readonly kind: 'limits'; readonly instanceIds: readonly number[]; readonly use: KnownUse | null }
  | { readonly kind: 'scale'; readonly serviceId: number; readonly serviceName: string }
  | { readonly kind: 'resolve'; readonly instanceIds: readonly number[] }
  | { readonly kind: 'rollout-options' }
  | { readonly kind: 'token' }
  | { readonly kind: 'drain'; readonly nodeId: number }
  | { readonly kind: 'config-save'; readonly file: ConfigFileKey; readonly what: NewVersion }
  | { readonly kind: 'config-publish'; readonly serviceName: string }
  | { readonly kind: 'config-file' };

/** What instances have used of late: the 95th percentile of each, the greatest of all. */
export interface KnownUse {
  readonly cpuMillicores: number | null;
  readonly memoryBytes: number | null;
  /** Of the longest of them. */
  readonly seconds: number;
}

export interface Form {
  readonly purpose: FormPurpose;
  readonly title: string;
  readonly fields: readonly FormField[];
  /** Counted from 0. */
  readonly focus: number;
  /** What is wrong with it, or empty. */
  readonly problem: string;
  /** Sent, not yet answered. */
  readonly isSending?: boolean;
}

export const textOf = ({ fields }: Form, key: string): string =>
  fields.find((field) => field.key === key)?.field.text.trim() ?? '';

export function formField(
  key: string,
  label: string,
  text: string,
  help: string,
  choices?: readonly string[],
): FormField {
  return { key, label, field: fieldOf(text), help, ...(choices !== undefined && { choices }) };
}

export function withForm(state: CockpitState, change: Partial<Form>): CockpitState {
  return state.form === null ? state : { ...state, form: { ...state.form, ...change } };
}

/** Typing; on a choice, left, right and space go through what there is. */
export function editFormField(state: CockpitState, edit: EditAction): CockpitState {
  const { form } = state;
  const focused = form?.fields[form.focus];
  if (form == null || focused === undefined) return state;
  const field =
    focused.choices === undefined
      ? editField(focused.field, edit)
      : chosen(focused.choices, focused.field, edit);
  const fields = form.fields.map((each, at) => (at === form.focus ? { ...each, field } : each));
  return withForm(state, { fields, problem: '' });
}

function chosen(choices: readonly string[], field: TextField, edit: EditAction): TextField {
  const at = choices.indexOf(field.text);
  const step =
    edit.type === 'move' && edit.to === 'left'
      ? -1
      : (edit.type === 'move' && edit.to === 'right') || (edit.type === 'insert' && edit.text === ' ')
        ? 1
        : 0;
  const byLetter =
    edit.type === 'insert' ? choices.find((choice) => choice.startsWith(edit.text.toLowerCase())) : undefined;
  return step === 0
    ? byLetter === undefined
      ? field
      : fieldOf(byLetter)
    : fieldOf(choices[(at + step + choices.length) % choices.length] ?? field.text);
}

export function moveForm(state: CockpitState, move: CursorMove | 1 | -1): CockpitState {
  const { form } = state;
  if (form === null) return state;
  const last = form.fields.length - 1;
  const targets: Readonly<Record<CursorMove, number>> = {
    up: form.focus - 1,
    down: form.focus + 1,
    'page-up': form.focus - 8,
    'page-down': form.focus + 8,
    home: 0,
    end: last,
  };
  const target = typeof move === 'number' ? form.focus + move : targets[move];
  return withForm(state, { focus: Math.max(0, Math.min(last, target)) });
}
