import { plainText } from '../format/plain-text.ts';
import { splitGraphemes } from '../format/width.ts';
import type { EditAction } from './action.ts';
import type { TextField } from './state.ts';

export const EMPTY_FIELD: TextField = { text: '', cursor: 0 };

export function fieldOf(text: string): TextField {
  return { text, cursor: text.length };
}

/** Longest text that a field takes, in UTF-16 units. */
const MAX_TEXT = 4096;

/** One step of editing, by graphemes, with the keys of readline(3). */
export function editField(field: TextField, edit: EditAction): TextField {
  if (field.isProposed === true && edit.type === 'insert') return editField(EMPTY_FIELD, edit);
  const before = field.text.slice(0, field.cursor);
  const after = field.text.slice(field.cursor);
  switch (edit.type) {
    case 'insert': {
      const text = plainText(edit.text);
      if (field.text.length + text.length > MAX_TEXT) return field;
      return { text: before + text + after, cursor: before.length + text.length };
    }
    case 'erase': {
      const kept =
        edit.what === 'line' ? '' : edit.what === 'word' ? withoutWord(before) : withoutLast(before);
      return { text: kept + after, cursor: kept.length };
    }
    case 'move':
      return { text: field.text, cursor: moved(before, after, edit.to) };
  }
}

function moved(before: string, after: string, to: 'left' | 'right' | 'home' | 'end'): number {
  if (to === 'home') return 0;
  if (to === 'end') return before.length + after.length;
  if (to === 'left') return withoutLast(before).length;
  return before.length + (splitGraphemes(after)[0]?.length ?? 0);
}

function withoutLast(text: string): string {
  return splitGraphemes(text).slice(0, -1).join('');
}

/** A word ends at a space or a slash, as for `unix-word-rubout` and paths. */
function withoutWord(text: string): string {
  return text.replace(/[^\s/]*[\s/]*$/, '');
}
