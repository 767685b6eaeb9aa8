import type { Segment } from '../view-model/line.ts';
import { applySgr, PLAIN_STYLE, sgrParameters } from './sgr.ts';
import { displayWidth, splitGraphemes } from './width.ts';

const TAB_COLUMNS = 8;

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** Characters that reorder text (UAX 9), end a line where there is none, or only steer others: shown as `<U+202E>`. */
const STEERING = String.raw`\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069`;

/** What only joins, varies, encloses or tints its neighbours, in a width on which terminals disagree. */
const JOINING = String.raw`(?:\p{Default_Ignorable_Code_Point}|\p{Me}|\p{Emoji_Modifier})`;

/**
 * What a line is made of, in the order of trial. Runs of harmless text come first and are most of any log.
 *
 * 1 ASCII · 2 parameters of SGR · 3 erase in line, which says nothing here · 4 tab · 5 carriage return · 6 backspace ·
 * 7 steering characters, other format characters, controls (C0, DEL, and C1 as decoded from UTF-8) · 8 joining ones ·
 * 9 code points that no Unicode version has assigned, of which nobody knows the width · 10 all other text.
 */
const TOKEN = new RegExp(
  String.raw`([\x20-\x7e]+)|\x1b\[([0-9;:]{0,64})m|(\x1b\[[012]?K)|(\t)|(\r)|(\x08)|` +
    String.raw`([${STEERING}\p{Cc}]|(?!\p{Default_Ignorable_Code_Point})\p{Cf})|` +
    String.raw`(${JOINING})|([\p{Cn}\p{Cs}])|` +
    String.raw`((?:(?!${JOINING})(?![\x00-\x7f\p{Cc}\p{Cf}\p{Cn}\p{Cs}${STEERING}]).)+)`,
  'gu',
);

/** More marks on one letter than any script stacks, which would paint over the rows around it. */
const STACKED_MARKS = /(\p{M}{3})\p{M}+/gu;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * One line of a log as it may be shown. Whatever its bytes, the result holds no control character, nothing that moves
 * the cursor, sets a title, fills a clipboard or reorders text, and no colour that outlives the line.
 *
 * - Bytes are UTF-8; what is not becomes U+FFFD, one per maximal subpart (WHATWG Encoding). An 8-bit C1 control is not.
 * - Of escape sequences only SGR takes effect, and "erase in line" is left out since progress bars are full of it.
 *   The ESC of every other one is shown as `^[`, in the notation of cat(1) -v, with the rest behind it as plain text.
 *   Other controls are shown as `^A`, `^?`, `<9B>`, steering characters as `<U+202E>`.
 * - A carriage return begins the line anew, so that a progress bar shows its last state; those at the end belong to the
 *   line end. Text behind a backspace takes the place of the character before it. Tabs go to the next eighth column.
 * - Characters that join or vary others (joiners, variation selectors, skin tones, keycaps, soft hyphens, tags) are
 *   dropped: terminals disagree on the width of what they make, and a row too wide would spoil its neighbours.
 * - Every line begins in the default style, as in less(1) -R: a line looks the same from wherever one has come to it.
 *
 * @param bytes the line, with or without its line end
 */
export function decodeLine(bytes: Uint8Array): Segment[] {
  const text = withoutLineEnd(utf8.decode(bytes));
  if (PRINTABLE_ASCII.test(text)) return text === '' ? [] : [{ text }];
  const line = createLineBuilder();
  let state = PLAIN_STYLE;
  let style = '';
  for (const match of text.matchAll(TOKEN)) {
    const [token, ascii, sgr, erase, tab, carriageReturn, backspace, control, joining, unassigned] = match;
    if (ascii !== undefined) line.print(ascii, style);
    else if (sgr !== undefined) {
      state = applySgr(state, sgr);
      style = sgrParameters(state);
    } else if (tab !== undefined) line.tab(style);
    else if (carriageReturn !== undefined) line.restart();
    else if (backspace !== undefined) line.stepBack();
    else if (control !== undefined) line.print(visibleControl(control), ESCAPED);
    else if (unassigned !== undefined) line.print('\ufffd', style);
    else if (erase === undefined && joining === undefined) line.printMarked(token, style);
  }
  return line.segments();
}

/** The text of segments, without any style. */
export function segmentsText(segments: readonly Segment[]): string {
  if (segments.length === 1) return segments[0]?.text ?? '';
  return segments.map((segment) => segment.text).join('');
}

function withoutLineEnd(text: string): string {
  let end = text.length;
  if (text.charCodeAt(end - 1) === 0x0a) end -= 1;
  while (end > 0 && text.charCodeAt(end - 1) === 0x0d) end -= 1;
  return end === text.length ? text : text.slice(0, end);
}

function visibleControl(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return `^${String.fromCharCode(code + 0x40)}`;
  if (code === 0x7f) return '^?';
  const hex = code.toString(16).toUpperCase();
  return code < 0xa0 ? `<${hex}>` : `<U+${hex.padStart(4, '0')}>`;
}

/** In place of SGR parameters: text of ours that stands for a character that cannot be shown. */
const ESCAPED = 'escaped';

interface Run {
  text: string;
  style: string;
}

function createLineBuilder() {
  let runs: Run[] = [];
  let column = 0;
  let stepsBack = 0;

  const print = (text: string, style: string): void => {
    for (; stepsBack > 0 && runs.length > 0; stepsBack--) column -= dropLastCharacter(runs);
    stepsBack = 0;
    column += displayWidth(text);
    const last = runs.at(-1);
    if (last !== undefined && last.style === style) last.text += text;
    else runs.push({ text, style });
  };

  return {
    print,
    /** Text in which marks may combine with what stands before them. */
    printMarked: (text: string, style: string): void => {
      const bounded = text.replace(STACKED_MARKS, '$1');
      // A mark without a letter would sit on whatever is left of the line.
      print(runs.length === 0 && /^\p{M}/u.test(bounded) ? ` ${bounded}` : bounded, style);
    },
    tab: (style: string): void => print(' '.repeat(TAB_COLUMNS - (column % TAB_COLUMNS)), style),
    restart: (): void => {
      runs = [];
      column = 0;
      stepsBack = 0;
    },
    stepBack: (): void => {
      stepsBack += 1;
    },
    segments: (): Segment[] => runs.filter((run) => run.text !== '').map(runSegment),
  };
}

function runSegment({ text, style }: Run): Segment {
  if (style === ESCAPED) return { text, tone: 'dim' };
  return style === '' ? { text } : { text, sgr: style };
}

/** Longest character that is taken for one, in UTF-16 units; bounds the work of a line full of backspaces. */
const MAX_CHARACTER_UNITS = 16;

/** Removes the last character of the line, and returns its width. */
function dropLastCharacter(runs: Run[]): number {
  const last = runs.at(-1);
  if (last === undefined) return 0;
  const end = last.text.slice(-MAX_CHARACTER_UNITS);
  const character = PRINTABLE_ASCII.test(end.slice(-1)) ? end.slice(-1) : (splitGraphemes(end).at(-1) ?? '');
  last.text = last.text.slice(0, last.text.length - character.length);
  if (last.text === '') runs.pop();
  return displayWidth(character);
}
