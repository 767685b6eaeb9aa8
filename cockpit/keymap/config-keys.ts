import type { Word } from '../language/translate.ts';
import type { ConfigAsk } from '../store/config-asks.ts';
import type { Binding } from './binding.ts';
import type { KeyContext } from './context.ts';

const key = (
  keys: readonly string[],
  contexts: readonly KeyContext[],
  what: ConfigAsk,
  help: Word,
  hint: Word,
): Binding => ({ keys, contexts, action: { type: 'change', what }, help, hint });

/** The config centre. What changes something is shown as a difference first, and published apart. */
export const CONFIG_KEYS: readonly Binding[] = [
  {
    keys: ['enter'],
    contexts: ['config'],
    action: { type: 'open' },
    help: 'its versions, and what stands in them',
    hint: 'open',
  },
  {
    keys: ['enter'],
    contexts: ['config-file'],
    action: { type: 'open' },
    help: 'all that stands in this version',
    hint: 'text',
  },
  key(['enter'], ['config-review'], 'config-save', 'go on: a message, and whether to publish', 'go on'),
  key(
    ['e'],
    ['config', 'config-file', 'config-review'],
    'config-edit',
    'edit the file in $EDITOR; shows what changed before anything is saved',
    'edit',
  ),
  key(['a'], ['config'], 'config-add', 'add a file, for all instances or for one', 'add'),
  key(
    ['p'],
    ['config', 'config-file', 'config-service'],
    'config-publish',
    'publish: give what is newest to the instances; asks first',
    'publish',
  ),
  {
    keys: ['space'],
    contexts: ['config-file'],
    action: { type: 'mark' },
    help: 'mark or unmark the version',
    hint: 'mark',
  },
  key(
    ['c'],
    ['config'],
    'config-compare',
    'what differs between what is published and what is newest',
    'compare',
  ),
  key(
    ['c'],
    ['config-file'],
    'config-compare',
    'how two marked versions differ; else this one from the one before',
    'compare',
  ),
  key(['b'], ['config-file'], 'config-roll-back', 'roll back: this version again, as a new one', 'roll back'),
  key(
    ['i'],
    ['config', 'config-file'],
    'config-service',
    'who has it, and the names of secrets',
    'who has it',
  ),
  key(
    ['s'],
    ['config', 'config-file', 'config-service'],
    'config-secret',
    'set a secret: its value is typed unseen, and never shown',
    'secret',
  ),
  key(['ctrl-x'], ['config', 'config-file'], 'config-remove', 'remove the file; its versions stay', 'remove'),
];
