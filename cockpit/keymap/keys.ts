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
 * again. Pastes do not come this way.
 */
export function keyPresses(input: string, key: KeyFlags): KeyPress[] {
  const named = NAMED.find(([flag]) => key[flag])?.[1];
  if (named !== undefined) return [{ name: named, text: '' }];
  if (key.tab) return [{ name: key.shift ? 'shift-tab' : 'tab', text: '' }];
  // Ctrl-space is NUL, which comes as the character 0x60 below `a` (ASCII; terminals of the xterm family).
  if (key.ctrl) return [{ name: input === '`' || input === ' ' ? 'ctrl-space' : `ctrl-${input}`, text: '' }];
  if (key.meta) return [{ name: `alt-${input}`, text: '' }];
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
