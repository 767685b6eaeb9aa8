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
  /** Not shown, and taken as it is. */
  readonly isMasked?: boolean;
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
  | { readonly kind: 'config-file' }
  | { readonly kind: 'secret' };

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
  if (focused.isMasked === true && edit.type === 'insert') return insertMasked(state, form, edit.text);
  const field =
    focused.choices === undefined
      ? editField(focused.field, edit)
      : chosen(focused.choices, focused.field, edit);
  const fields = form.fields.map((each, at) => (at === form.focus ? { ...each, field } : each));
  return withForm(state, { fields, problem: '' });
}

/** Longest value that is typed or pasted; a longer one comes out of a file. */
const MAX_MASKED = 4096;

/** What is not seen must not be changed either: what does not fit is refused as a whole. */
function insertMasked(state: CockpitState, form: Form, inserted: string): CockpitState {
  const text = inserted.replace(/\r?\n$/, '');
  const fields = form.fields.map((each, at) => {
    if (at !== form.focus) return each;
    const { field } = each;
    const before = field.text.slice(0, field.cursor) + text;
    return { ...each, field: { text: before + field.text.slice(field.cursor), cursor: before.length } };
  });
  const isTooLong = (fields[form.focus]?.field.text.length ?? 0) > MAX_MASKED;
  return /\p{Cc}/u.test(text) || isTooLong
    ? withForm(state, {
        problem: state.t('Not taken: several lines, or too long. "sgrid config secret set --file" takes it'),
      })
    : withForm(state, { fields, problem: '' });
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
