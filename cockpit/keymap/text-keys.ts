import type { Binding } from './binding.ts';
import { TEXTS } from './context-groups.ts';

/** The prompt, and every other line under edit: the keys of readline(3). */
export const TEXT_KEYS: readonly Binding[] = [
  {
    keys: ['enter'],
    contexts: ['palette'],
    action: { type: 'submit' },
    help: 'run the command',
    hint: 'run',
  },
  {
    keys: ['enter'],
    contexts: ['filter'],
    action: { type: 'submit' },
    help: 'keep the filter',
    hint: 'keep',
  },
  {
    keys: ['tab'],
    contexts: ['palette'],
    action: { type: 'complete', step: 1 },
    help: 'next completion',
    hint: 'complete',
  },
  {
    keys: ['shift-tab'],
    contexts: ['palette'],
    action: { type: 'complete', step: -1 },
    help: 'previous completion',
  },
  {
    keys: ['up', 'ctrl-p'],
    contexts: ['palette'],
    action: { type: 'recall', step: -1 },
    help: 'the command before',
    hint: 'history',
  },
  {
    keys: ['down', 'ctrl-n'],
    contexts: ['palette'],
    action: { type: 'recall', step: 1 },
    help: 'the command after',
  },
  { keys: ['esc'], contexts: TEXTS, action: { type: 'cancel' }, help: 'leave without it', hint: 'cancel' },
  {
    keys: ['backspace', 'ctrl-h'],
    contexts: TEXTS,
    action: { type: 'edit', edit: { type: 'erase', what: 'character' } },
    help: 'erase a character',
  },
  {
    keys: ['ctrl-w'],
    contexts: TEXTS,
    action: { type: 'edit', edit: { type: 'erase', what: 'word' } },
    help: 'erase a word',
  },
  {
    keys: ['ctrl-u'],
    contexts: TEXTS,
    action: { type: 'edit', edit: { type: 'erase', what: 'line' } },
    help: 'erase to the beginning',
  },
  {
    keys: ['left', 'ctrl-b'],
    contexts: TEXTS,
    action: { type: 'edit', edit: { type: 'move', to: 'left' } },
    help: 'cursor left',
  },
  {
    keys: ['right', 'ctrl-f'],
    contexts: TEXTS,
    action: { type: 'edit', edit: { type: 'move', to: 'right' } },
    help: 'cursor right',
  },
  {
    keys: ['home', 'ctrl-a'],
    contexts: TEXTS,
    action: { type: 'edit', edit: { type: 'move', to: 'home' } },
    help: 'cursor to the beginning',
  },
  {
    keys: ['end', 'ctrl-e'],
    contexts: TEXTS,
    action: { type: 'edit', edit: { type: 'move', to: 'end' } },
    help: 'cursor to the end',
  },
];
