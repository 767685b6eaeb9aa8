import type { Binding } from './binding.ts';
import { ANYWHERE, CONFIRMS, LOG_PARTS, TEXTS } from './context-groups.ts';

/** Keys that mean the same everywhere. */
export const ANYWHERE_KEYS: readonly Binding[] = [
  {
    keys: [':'],
    contexts: ANYWHERE,
    action: { type: 'prompt', kind: 'palette' },
    help: 'type a command',
    hint: 'cmd',
  },
  { keys: ['?'], contexts: ANYWHERE, action: { type: 'help' }, help: 'keys and commands', hint: 'help' },
  {
    keys: ['esc'],
    contexts: ANYWHERE,
    action: { type: 'back' },
    help: 'back: filter, marks, then screen',
    hint: 'back',
  },
  {
    keys: ['ctrl-z'],
    contexts: [...ANYWHERE, ...TEXTS, ...CONFIRMS, 'columns', 'secret', 'deploy-upload', ...LOG_PARTS],
    action: { type: 'suspend' },
    help: 'to the shell; fg comes back',
  },
  { keys: ['enter', 'q'], contexts: ['tour'], action: { type: 'back' }, help: 'begin', hint: 'begin' },
  {
    keys: ['ctrl-c'],
    contexts: [...ANYWHERE, ...TEXTS, ...CONFIRMS, 'columns', 'secret', 'deploy-upload', ...LOG_PARTS],
    action: { type: 'quit' },
    help: 'leave; services keep running',
  },
];
