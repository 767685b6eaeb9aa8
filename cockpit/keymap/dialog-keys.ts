import { type Binding, cursorAction } from './binding.ts';
import { CONFIRMS } from './context-groups.ts';

/** Questions, and the list of columns. */
export const DIALOG_KEYS: readonly Binding[] = [
  {
    keys: ['space', 'x'],
    contexts: ['columns'],
    action: { type: 'mark' },
    help: 'show or hide the column',
    hint: 'show or hide',
  },
  {
    keys: ['s'],
    contexts: ['columns'],
    action: { type: 'pick-sort' },
    help: 'sort by the column; again: the other way round',
    hint: 'sort by it',
  },
  {
    keys: ['esc', 'enter', 'o', 'q'],
    contexts: ['columns'],
    action: { type: 'cancel' },
    help: 'back to the table',
    hint: 'done',
  },

  // Yes is never the key that opened the question, nor enter: nothing is hit by a key pressed twice.
  { keys: ['y'], contexts: CONFIRMS, action: { type: 'confirm' }, help: 'yes, do it', hint: 'yes, do it' },
  { keys: ['esc', 'n'], contexts: CONFIRMS, action: { type: 'cancel' }, help: 'no', hint: 'no' },
  { keys: ['down', 'j'], contexts: CONFIRMS, action: cursorAction('down'), help: 'scroll the list down' },
  { keys: ['up', 'k'], contexts: CONFIRMS, action: cursorAction('up'), help: 'scroll the list up' },
];
