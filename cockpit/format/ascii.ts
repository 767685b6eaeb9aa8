import { displayWidth, splitGraphemes } from './width.ts';

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
/** Heights of a cell of braille, by the number of its dots. */
const HEIGHTS = [' ', '.', '.', '-', '-', '=', '=', '#', '#'];

/** The same text of ASCII alone and as wide, for terminals that show nothing else. Letters keep their base, all else is `?`. */
export function toAscii(text: string): string {
  return PRINTABLE_ASCII.test(text) ? text : splitGraphemes(text).map(asciiOf).join('');
}

function asciiOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code >= 0x20 && code < 0x7f && character.length === 1) return character;
  if (code >= 0x2800 && code <= 0x28ff) return HEIGHTS[bitCount(code - 0x2800)] ?? '#';
  const base = character.normalize('NFD').replaceAll(/\p{M}/gu, '');
  const width = displayWidth(character);
  return base.length === width && PRINTABLE_ASCII.test(base) ? base : '?'.repeat(width);
}

function bitCount(bits: number): number {
  let count = 0;
  for (let left = bits; left > 0; left >>= 1) count += left & 1;
  return count;
}

/**
 * Whether a terminal shows ASCII alone, by the locale that names it (locale(7): `LC_ALL`, `LC_CTYPE`, `LANG`, the first that is
 * set). Where none is set, as often over SSH, nothing is known, and terminals of today show Unicode.
 */
export function isAsciiLocale(env: Readonly<Record<string, string | undefined>>): boolean {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => (value ?? '') !== '');
  return locale !== undefined && !/utf-?8/i.test(locale);
}
