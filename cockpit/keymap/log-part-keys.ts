import type { Word } from '../language/translate.ts';
import type { CursorMove } from '../store/action.ts';
import { type Binding, logAction } from './binding.ts';

/** Keys, what they move to, and what that is called while lines are chosen and while nothing is. */
const MOVES: readonly (readonly [readonly string[], CursorMove, Word, Word])[] = [
  [['j', 'down'], 'down', 'select down', 'a row down'],
  [['k', 'up'], 'up', 'select up', 'a row up'],
  [['page-down', 'ctrl-f'], 'page-down', 'select a page down', 'a page down'],
  [['page-up', 'ctrl-b'], 'page-up', 'select a page up', 'a page up'],
  [['g', 'home'], 'home', 'select to the first', 'to the first'],
  [['G', 'end'], 'end', 'select to the last', 'to the last'],
];

/** What opens over a log: the choice of lines, the list of files, a path, a question. */
export const LOG_PART_KEYS: readonly Binding[] = [
  {
    keys: ['y', 'enter'],
    contexts: ['log-select'],
    action: logAction({ type: 'copy' }),
    help: 'copy the selected lines to the clipboard of the terminal',
    hint: 'copy',
  },
  ...MOVES.map(
    ([keys, move, help]): Binding => ({
      keys,
      contexts: ['log-select'],
      action: logAction({ type: 'select-move', move }),
      help,
    }),
  ),
  {
    keys: ['esc', 'v', 'V', 'q'],
    contexts: ['log-select'],
    action: { type: 'cancel' },
    help: 'select nothing',
    hint: 'leave',
  },
  {
    keys: ['enter'],
    contexts: ['log-files'],
    action: logAction({ type: 'file-open' }),
    help: 'show the file',
    hint: 'show',
  },
  ...MOVES.map(
    ([keys, move, , help]): Binding => ({
      keys,
      contexts: ['log-files'],
      action: logAction({ type: 'file-move', move }),
      help,
    }),
  ),
  {
    keys: ['esc', 'f', 'q'],
    contexts: ['log-files'],
    action: { type: 'cancel' },
    help: 'back to the log',
    hint: 'back',
  },
  { keys: ['enter'], contexts: ['log-path'], action: { type: 'submit' }, help: 'save there', hint: 'save' },
  {
    keys: ['tab'],
    contexts: ['log-path'],
    action: { type: 'complete', step: 1 },
    help: 'complete the path',
    hint: 'complete',
  },
  {
    keys: ['y'],
    contexts: ['log-overwrite'],
    action: logAction({ type: 'overwrite' }),
    help: 'overwrite the file',
    hint: 'overwrite it',
  },
  {
    keys: ['esc', 'n'],
    contexts: ['log-overwrite'],
    action: { type: 'cancel' },
    help: 'leave the file as it is',
    hint: 'no',
  },
];
