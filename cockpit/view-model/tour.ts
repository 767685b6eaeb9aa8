import type { Binding } from '../keymap/bindings.ts';
import type { KeyContext } from '../keymap/context.ts';
import type { Translate, Word } from '../language/translate.ts';
import { BLANK, textLine } from './dialog.ts';
import type { Line } from './line.ts';

/** What to show first, each by the action that its key is bound to, so that it is right for keys of one's own as well. */
const STEPS: readonly (readonly [KeyContext, (binding: Binding) => boolean, Word])[] = [
  ['nodes', ({ action }) => action.type === 'open', 'goes into a node, esc comes back'],
  ['instances', ({ action }) => action.type === 'logs', 'follows the log of the instance under the cursor'],
  ['instances', ({ action }) => action.type === 'describe', 'tells everything about it'],
  ['instances', ({ action }) => action.type === 'mark', 'marks several: keys then mean all of them'],
  [
    'instances',
    ({ action }) => action.type === 'ask' && action.verb === 'restart',
    'restarts; it says first what it hits',
  ],
  ['instances', ({ action }) => action.type === 'deploy', 'deploys a release'],
  [
    'nodes',
    ({ action }) => action.type === 'prompt' && action.kind === 'filter',
    'filters: web, state:unhealthy, cpu:>50',
  ],
  [
    'nodes',
    ({ action }) => action.type === 'prompt' && action.kind === 'palette',
    'takes commands: :pulse, :events, :theme, :q',
  ],
  ['nodes', ({ action }) => action.type === 'help', 'lists all keys of the screen you are on'],
];

const KEY_WIDTH = 8;

/** The first screen of the first time: what one needs to know, and nothing else. Fits 60x15. */
export function tourLines(t: Translate, bindings: readonly Binding[]): Line[] {
  const steps = STEPS.flatMap(([context, is, words]): Line[] => {
    const key = bindings.find((binding) => binding.contexts.includes(context) && is(binding))?.keys[0];
    return key === undefined
      ? []
      : [{ segments: [{ text: `   ${key.padEnd(KEY_WIDTH)}`, tone: 'key' }, { text: t(words) }] }];
  });
  return [textLine(t('Welcome. Nodes, then instances, then logs:'), 'title'), BLANK, ...steps];
}
