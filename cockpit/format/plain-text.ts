/**
 * Everything that could move the cursor, change colours, reorder text or hide in it: C0 and C1 controls, DEL,
 * bidirectional controls (UAX 9), zero-width characters but the joiner that emoji need, and lone surrogates.
 */
const UNPRINTABLE =
  /[\p{Cc}\p{Cs}\u061c\u200b\u200c\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu;

/** Text from outside (names, messages, paths), made safe to print on one line. */
export function plainText(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, ' ').replaceAll(UNPRINTABLE, '?');
}

/** JSON with such characters written as `\u009b` (RFC 8259 7), so that it can be printed and reads the same; its own line ends stay. */
export function plainJson(json: string): string {
  return json.replaceAll(UNPRINTABLE, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
