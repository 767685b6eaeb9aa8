import stringWidth from 'string-width';

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
/**
 * Letters and signs that take one column on every terminal: Latin, Greek, Cyrillic, box drawing, blocks, Braille, and those for
 * private use, which stand for rows (components/row-slots.ts). Known without asking string-width, which looks at 2 characters a
 * microsecond, a table with history lines holds some hundred, and takes 30 ms to look for the first time.
 */
const NARROW =
  /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0377\u0391-\u03c9\u0400-\u0482\u2500-\u259f\u2800-\u28ff\ue000-\uf8ff]*$/;
/** Han and the punctuation that goes with it, beside ASCII: two columns each (UAX 11, W and F), whatever the locale. */
const WITH_HAN = /^[\x20-\x7e\u3001-\u3003\u3008-\u3011\u4e00-\u9fff\uff01-\uff60]*$/;
const ASCII_END = 0x7e;
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Put where text was cut. ASCII, since U+2026 is as wide as the terminal's locale says (UAX 11, ambiguous). */
export const CUT_MARK = '~';

/** Whether each UTF-16 unit of `text` is a character of one column. */
export function isNarrow(text: string): boolean {
  return PRINTABLE_ASCII.test(text) || NARROW.test(text);
}

/** Columns that `text` takes on a terminal. `text` holds no control characters. */
export function displayWidth(text: string): number {
  if (isNarrow(text)) return text.length;
  return WITH_HAN.test(text) ? hanWidth(text) : stringWidth(text);
}

function hanWidth(text: string): number {
  let width = 0;
  for (let at = 0; at < text.length; at++) width += text.charCodeAt(at) > ASCII_END ? 2 : 1;
  return width;
}

export function splitGraphemes(text: string): string[] {
  if (isNarrow(text) || WITH_HAN.test(text)) return text.split('');
  return Array.from(graphemes.segment(text), (part) => part.segment);
}

/** The longest beginning of `text` that takes at most `columns`. A wide character is never halved. */
export function takeColumns(text: string, columns: number): string {
  if (columns <= 0) return '';
  if (isNarrow(text)) return text.slice(0, columns);
  let taken = '';
  let width = 0;
  for (const part of WITH_HAN.test(text) ? text : splitGraphemes(text)) {
    width += displayWidth(part);
    if (width > columns) break;
    taken += part;
  }
  return taken;
}

/** `text` in at most `columns`, with a mark where it was cut. */
export function truncate(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  if (columns <= 1) return takeColumns(text, columns);
  return takeColumns(text, columns - 1) + CUT_MARK;
}

/** The end of `text` in at most `columns`, with a mark where its beginning was cut: for paths under edit. */
export function truncateStart(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  const parts = splitGraphemes(text);
  let kept = '';
  let width = 1;
  for (let at = parts.length - 1; at >= 0; at--) {
    const part = parts[at] ?? '';
    width += displayWidth(part);
    if (width > columns) break;
    kept = part + kept;
  }
  return CUT_MARK + kept;
}

/** Exactly `columns` wide: cut or padded. */
export function fitText(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const cut = truncate(text, columns);
  const space = ' '.repeat(Math.max(0, columns - displayWidth(cut)));
  return align === 'left' ? cut + space : space + cut;
}

/** What no row begins with: it belongs to what stands before it. */
const CLOSING = /^[\uff0c\u3002\uff1a\uff1b\uff1f\uff01\uff09\u300d\u3001]/;

/** Between two wide characters a row may end, but not in front of closing punctuation. */
function beginningOf(word: string, columns: number): string {
  const taken = takeColumns(word, columns);
  if (isNarrow(taken)) return '';
  return CLOSING.test(word.slice(taken.length)) ? taken.slice(0, -1) : taken;
}

/** Breaks `text` at spaces, and between wide characters, into rows of at most `columns`; a longer word is broken anywhere. */
export function wrapWords(text: string, columns: number): string[] {
  const rows: string[] = [];
  let row = '';
  for (const word of text.split(' ')) {
    const joined = row === '' ? word : `${row} ${word}`;
    if (displayWidth(joined) <= columns) {
      row = joined;
      continue;
    }
    const begun = row === '' ? '' : beginningOf(word, columns - displayWidth(row) - 1);
    if (row !== '') rows.push(begun === '' ? row : `${row} ${begun}`);
    row = word.slice(begun.length);
    while (displayWidth(row) > columns) {
      const part = beginningOf(row, columns) || takeColumns(row, columns);
      if (part === '') break;
      rows.push(part);
      row = row.slice(part.length);
    }
  }
  rows.push(row);
  return rows;
}
