import type { CellRow } from './cells.ts';

/** Cells between two changes that are sent again: to jump over them takes about as many bytes. */
const GAP_CELLS = 5;
/** Blanks at the end of a row that are erased instead of sent. */
const ERASED_CELLS = 4;

/**
 * The bytes that turn a row on the screen into another one, from wherever the cursor is; the style is the default before and
 * behind them. ECMA-48: CUP, CHA, EL, SGR.
 *
 * @param row counted from 0
 */
export function rowUpdate(before: CellRow, after: CellRow, row: number): string {
  const { texts, styles } = after;
  const isKnown = before.isCertain && after.isCertain;
  const isSame = (at: number): boolean =>
    isKnown && texts[at] === before.texts[at] && styles[at] === before.styles[at];
  const blankFrom = blankEnd(after);
  let bytes = '';
  let style = '';
  let at = 0;
  while (at < texts.length) {
    if (isSame(at)) {
      at += 1;
      continue;
    }
    bytes += bytes === '' ? `\x1b[${row + 1};${at + 1}H` : `\x1b[${at + 1}G`;
    for (const end = endOfRun(isSame, at, texts.length); at < end; at++) {
      if (at >= blankFrom && texts.length - at >= ERASED_CELLS) {
        if (style !== '') bytes += '\x1b[m';
        return `${bytes}\x1b[K`;
      }
      const wanted = styles[at] ?? '';
      if (wanted !== style) {
        bytes += style === '' ? `\x1b[${wanted}m` : wanted === '' ? '\x1b[m' : `\x1b[0;${wanted}m`;
        style = wanted;
      }
      bytes += texts[at];
    }
  }
  return style === '' ? bytes : `${bytes}\x1b[m`;
}

/** Behind the last change before a gap that is worth a jump. */
function endOfRun(isSame: (at: number) => boolean, from: number, length: number): number {
  let end = from + 1;
  for (let at = end; at < length && at - end <= GAP_CELLS; at++) if (!isSame(at)) end = at + 1;
  return end;
}

/** Where the blanks in the default style begin that the row ends with. */
function blankEnd({ texts, styles }: CellRow): number {
  let end = texts.length;
  while (end > 0 && texts[end - 1] === ' ' && styles[end - 1] === '') end -= 1;
  return end;
}
