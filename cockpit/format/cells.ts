import { applySgr, PLAIN_STYLE, type SgrStyle, sgrParameters } from './sgr.ts';
import { displayWidth, isNarrow, splitGraphemes } from './width.ts';

/** A row of a screen, cell by cell. */
export interface CellRow {
  /** What each cell shows; the empty text behind a wide character. */
  readonly texts: readonly string[];
  /** SGR parameters that set each cell's style from the default; empty for the default. */
  readonly styles: readonly string[];
  /** No terminal disagrees about where its characters stand: there is no emoji, and nothing else beyond the first plane. */
  readonly isCertain: boolean;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: SGR begins with it
const SGR = /\x1b\[([\d;:]*)m/g;
const UNCERTAIN = /[\u{10000}-\u{10FFFF}]|\uFE0F|\u200D/u;
/** Styled text as cells, filled up with blanks to exactly `columns`. It holds no control character but those of SGR. */
export function cellsOf(row: string, columns: number): CellRow {
  const texts: string[] = [];
  const styles: string[] = [];
  let style: SgrStyle = PLAIN_STYLE;
  let parameters = '';
  const put = (text: string): void => {
    if (text === '') return;
    if (isNarrow(text)) {
      for (let at = 0; at < text.length; at++) {
        texts.push(text.charAt(at));
        styles.push(parameters);
      }
      return;
    }
    for (const character of splitGraphemes(text)) {
      const width = displayWidth(character);
      for (let at = 0; at < width; at++) {
        texts.push(at === 0 ? character : '');
        styles.push(parameters);
      }
    }
  };
  let from = 0;
  for (const sequence of row.matchAll(SGR)) {
    put(row.slice(from, sequence.index));
    style = applySgr(style, sequence[1] ?? '');
    parameters = sgrParameters(style);
    from = sequence.index + sequence[0].length;
  }
  put(row.slice(from));
  // Half a wide character has no place at the edge.
  if (texts.length > columns && texts[columns] === '') texts[columns - 1] = ' ';
  texts.length = Math.min(texts.length, columns);
  styles.length = texts.length;
  while (texts.length < columns) {
    texts.push(' ');
    styles.push('');
  }
  return { texts, styles, isCertain: !UNCERTAIN.test(row) };
}
