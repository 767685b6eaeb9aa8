import { splitGraphemes } from '../format/width.ts';

/** The fields of Ink's `Key` that keys are told apart by. */
export interface KeyFlags {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly leftArrow: boolean;
  readonly rightArrow: boolean;
  readonly pageUp: boolean;
  readonly pageDown: boolean;
  readonly home: boolean;
  readonly end: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly tab: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
  readonly ctrl: boolean;
  readonly shift: boolean;
  readonly meta: boolean;
}

/** A key by name (`enter`, `ctrl-d`, `j`). `text` is what it types, or empty. */
export interface KeyPress {
  readonly name: string;
  readonly text: string;
  /** Of a click: the row of the screen, from 0. */
  readonly row?: number;
}

const NAMED: readonly (readonly [keyof KeyFlags, string])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'page-up'],
  ['pageDown', 'page-down'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'esc'],
  ['backspace', 'backspace'],
  // Most terminals send DEL for the backspace key, and Ink calls that `delete` or `backspace` by version.
  ['delete', 'backspace'],
];

/**
 * What Ink hands to `useInput`, as key presses.
 *
 * Keys that arrive in one read come as one text (`jjj`, or `web` and enter over a slow link), so a text is taken apart
 * again. Pastes do not come this way. A terminal sends Alt and a key as Esc and that key, so Esc and another key in one read
 * (a slow link, tmux with escape-time 0) look the same: where that Alt key means nothing, they are what was pressed.
 * Of an arrow nobody can tell: Alt and an arrow has a sequence of its own in most terminals.
 *
 * @param isAltBound whether a key named `alt-x` means something
 */
export function keyPresses(
  input: string,
  key: KeyFlags,
  isAltBound: (name: string) => boolean = () => false,
): KeyPress[] {
  if (!key.meta) return plainPresses(input, key);
  if (isArrow(key)) return plainPresses(input, { ...key, meta: false });
  const alt = `alt-${input}`;
  if (!key.ctrl && input !== '' && isAltBound(alt)) return [{ name: alt, text: '' }];
  return [{ name: 'esc', text: '' }, ...plainPresses(input, { ...key, meta: false })];
}

const isArrow = (key: KeyFlags): boolean =>
  [key.upArrow, key.downArrow, key.leftArrow, key.rightArrow].includes(true) ||
  [key.pageUp, key.pageDown, key.home, key.end].includes(true);

function plainPresses(input: string, key: KeyFlags): KeyPress[] {
  const named = NAMED.find(([flag]) => key[flag])?.[1];
  if (named !== undefined) return [{ name: named, text: '' }];
  if (key.tab) return [{ name: key.shift ? 'shift-tab' : 'tab', text: '' }];
  // Ctrl-space is NUL, which comes as the character 0x60 below `a` (ASCII; terminals of the xterm family).
  if (key.ctrl) return [{ name: input === '`' || input === ' ' ? 'ctrl-space' : `ctrl-${input}`, text: '' }];
  return splitGraphemes(input).map(keyOfCharacter);
}

function keyOfCharacter(character: string): KeyPress {
  if (character === '\r' || character === '\n' || character === '\r\n') return { name: 'enter', text: '' };
  if (character === '\t') return { name: 'tab', text: '' };
  if (character === ' ') return { name: 'space', text: ' ' };
  const code = character.charCodeAt(0);
  if (code === 0) return { name: 'ctrl-space', text: '' };
  if (code < 0x20) return { name: `ctrl-${String.fromCharCode(code + 0x60)}`, text: '' };
  if (code === 0x7f) return { name: 'backspace', text: '' };
  return { name: character, text: character };
}
