import { plainText } from '../format/plain-text.ts';
import { displayWidth, fitText } from '../format/width.ts';
import { BINDINGS, type Binding } from '../keymap/bindings.ts';
import type { KeyContext } from '../keymap/context.ts';
import { english, type Translate } from '../language/translate.ts';
import { type Aliases, PALETTE } from '../store/palette.ts';
import type { ScreenName } from '../store/state.ts';
import type { Line } from './line.ts';

const CONTEXTS: Readonly<Record<ScreenName, readonly KeyContext[]>> = {
  pulse: ['pulse'],
  nodes: ['nodes'],
  instances: ['instances'],
  events: ['events'],
  describe: ['describe'],
  services: ['services'],
  releases: ['releases'],
  'release-diff': ['release-diff'],
  rollouts: ['rollouts'],
  rollout: ['rollout'],
  registry: ['registry'],
  tokens: ['tokens'],
  deploy: [
    'deploy-list',
    'deploy-releases',
    'deploy-form',
    'deploy-marks',
    'confirm-rollout',
    'deploy-watch',
  ],
  chart: ['chart'],
  capsule: ['capsule'],
  who: ['who'],
  config: ['config'],
  'config-file': ['config-file'],
  'config-text': ['config-text'],
  'config-diff': ['config-diff', 'config-review'],
  'config-service': ['config-service'],
  logs: ['logs', 'log-text', 'log-select', 'log-files', 'log-path'],
  help: ['help'],
  tour: ['tour'],
};

const KEY_WIDTH = 18;

type Entry = readonly [string, string];

const isMoving = ({ action }: Binding): boolean => action.type === 'cursor';
const isSorting = ({ action }: Binding): boolean => action.type === 'sort';

/** The help page for one screen, all of it out of the key table and the palette. */
export function helpLines(
  of: ScreenName,
  columns: number,
  bindings: readonly Binding[] = BINDINGS,
  own: Aliases = {},
  t: Translate = english,
): Line[] {
  const contexts = new Set<KeyContext>(CONTEXTS[of]);
  const here = merged(bindings).filter((binding) =>
    binding.contexts.some((context) => contexts.has(context)),
  );
  const entry = ({ keys, help }: Binding): Entry => [keys.join(', '), t(help)];
  const rest = here.filter((binding) => !isMoving(binding) && !isSorting(binding));
  return [
    ...section(t('Keys in {screen}', { screen: t(of) }), rest.map(entry), columns),
    ...section(t('Moving'), here.filter(isMoving).map(entry), columns),
    ...section(t('Sorting (again: the other way round)'), here.filter(isSorting).map(entry), columns),
    ...section(
      t('Aliases of your own'),
      Object.entries(own).map(([name, line]): Entry => [`:${name}`, plainText(line)]),
      columns,
      26,
    ),
    ...section(
      t('Commands after :'),
      PALETTE.map(({ name, aliases, argument, help }): Entry => {
        const alias = aliases[0] === undefined ? '' : `, ${aliases[0]}`;
        return [`:${name}${alias}${argument === '' ? '' : ` ${argument}`}`, t(help)];
      }),
      columns,
      26,
    ),
  ];
}

function section(title: string, entries: readonly Entry[], columns: number, keyWidth = KEY_WIDTH): Line[] {
  if (entries.length === 0) return [];
  const longest = Math.max(...entries.map(([, help]) => displayWidth(help)));
  const perLine = keyWidth > KEY_WIDTH ? 1 : Math.max(1, Math.floor(columns / (keyWidth + 3 + longest)));
  const width = Math.floor((columns - 1) / perLine);
  const height = Math.ceil(entries.length / perLine);
  const lines: Line[] = [{ segments: [{ text: ` ${title}`, tone: 'title' }] }];
  for (let row = 0; row < height; row++) {
    const segments = Array.from({ length: perLine }, (_, column) => entries[column * height + row]).flatMap(
      (entry) => {
        if (entry === undefined) return [];
        const keys = displayWidth(entry[0]) >= keyWidth ? `${entry[0]} ` : fitText(entry[0], keyWidth);
        return [
          { text: `  ${keys}`, tone: 'key' } as const,
          { text: fitText(entry[1], Math.max(0, width - 2 - displayWidth(keys))) },
        ];
      },
    );
    lines.push({ segments });
  }
  lines.push({ segments: [] });
  return lines;
}

/** A remapped table has a binding per context: those that say the same in several places are one line of help. */
function merged(bindings: readonly Binding[]): readonly Binding[] {
  const byLine = new Map<string, Binding>();
  for (const binding of bindings) {
    if (binding.keys.length === 0) continue;
    const line = `${binding.keys.join()} ${binding.help}`;
    const known = byLine.get(line);
    byLine.set(
      line,
      known === undefined ? binding : { ...known, contexts: [...known.contexts, ...binding.contexts] },
    );
  }
  return [...byLine.values()];
}
