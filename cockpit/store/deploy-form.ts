import { versionLabelSchema } from '../../common/domain/names.ts';
import type { Translate } from '../language/translate.ts';
import type { EditAction } from './action.ts';
import type { ArchiveForm } from './state.ts';
import { EMPTY_FIELD, editField, fieldOf } from './text-field.ts';

const FIELDS = ['path', 'version', 'message'] as const;

export const EMPTY_FORM: ArchiveForm = {
  focus: 'path',
  path: EMPTY_FIELD,
  version: EMPTY_FIELD,
  message: EMPTY_FIELD,
  completions: [],
  problem: '',
};

export function editForm(form: ArchiveForm, edit: EditAction): ArchiveForm {
  return { ...form, [form.focus]: editField(form[form.focus], edit), completions: [], problem: '' };
}

/** Moves to another field. Leaving the path proposes a version, if none was typed. */
export function focusForm(form: ArchiveForm, step: 1 | -1, now: number): ArchiveForm {
  const at = FIELDS.indexOf(form.focus) + step;
  const focus = FIELDS[Math.min(FIELDS.length - 1, Math.max(0, at))] ?? 'path';
  const proposes = form.focus === 'path' && form.version.text === '' && form.path.text !== '';
  const version = proposes
    ? { ...fieldOf(proposeVersion(form.path.text, now)), isProposed: true }
    : form.version;
  return { ...form, focus, version, completions: [] };
}

/** `1.4.2` out of `web-1.4.2.tar.gz`; the time of day (UTC) where the name holds no version. */
export function proposeVersion(path: string, now: number): string {
  const name = (path.split('/').at(-1) ?? '').replace(/(\.(tar|tgz|gz|tar\.gz))+$/i, '');
  const found = /\d+(?:\.\d+)+(?:[-+][0-9A-Za-z.-]+)?/.exec(name)?.[0];
  if (found !== undefined) return found.slice(0, 64);
  const [date = '', time = ''] = new Date(now).toISOString().split('T');
  return `${date.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}`;
}

/** What is wrong with the form and where, or null. Whether the file can be read shows when it is read. */
export function problemOf(t: Translate, form: ArchiveForm): Pick<ArchiveForm, 'focus' | 'problem'> | null {
  if (form.path.text.trim() === '') {
    return { focus: 'path', problem: t('Type the path of a tar archive; tab completes it') };
  }
  const version = versionLabelSchema.safeParse(form.version.text);
  if (!version.success) {
    const why = version.error.issues[0]?.message ?? 'is not valid';
    return { focus: 'version', problem: t('Version {why}', { why: t.known(why) }) };
  }
  if (form.message.text.length > 1024) {
    return { focus: 'message', problem: t('The message is longer than 1024 characters') };
  }
  return null;
}
