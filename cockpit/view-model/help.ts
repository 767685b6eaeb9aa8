import { plainText } from '../format/plain-text.ts';
import { displayWidth, fitText } from '../format/width.ts';
import { BINDINGS, type Binding } from '../keymap/bindings.ts';
import type { KeyContext } from '../keymap/context.ts';
import { english, type Translate, type Word } from '../language/translate.ts';
import { type Aliases, PALETTE } from '../store/palette.ts';
import type { ScreenName } from '../store/state.ts';
import { helpTopicOf, TOPICS } from './help-topics.ts';
import type { Line } from './line.ts';

/** What opens on a screen, or comes one after the other on it. */
interface Part {
  readonly title: Word;
  readonly contexts: readonly KeyContext[];
}

const PARTS: Partial<Record<ScreenName, readonly Part[]>> = {
  deploy: [
    { title: 'Choosing', contexts: ['deploy-list', 'deploy-releases', 'deploy-marks'] },
    { title: 'Naming an archive', contexts: ['deploy-form'] },
    { title: 'Before it begins', contexts: ['confirm-rollout'] },
    { title: 'While it goes', contexts: ['rollout'] },
  ],
  'config-diff': [{ title: 'Before it is saved', contexts: ['config-review'] }],
  logs: [
    { title: 'While lines are selected', contexts: ['log-select'] },
    { title: 'In the list of files', contexts: ['log-files'] },
    { title: 'Typing a search, a filter or a path', contexts: ['log-text', 'log-path'] },
  ],
};

const KEY_WIDTH = 18;
const WIDEST_KEYS = 26;

type Entry = readonly [string, string];

/** The help page for one screen, all of it out of the key table and the palette. */
export function helpLines(
  of: ScreenName,
  columns: number,
  bindings: readonly Binding[] = BINDINGS,
  own: Aliases = {},
  t: Translate = english,
): Line[] {
  return [
    ...keySections(of, bindings, t).flatMap(([title, entries]) => section(title, entries, columns)),
    ...section(
      t('Aliases of your own'),
      Object.entries(own).map(([name, line]): Entry => [`:${name}`, plainText(line)]),
      columns,
    ),
    ...section(
      t('Commands after :'),
      PALETTE.map(({ name, aliases, argument, help }): Entry => {
        const alias = aliases[0] === undefined ? '' : `, ${aliases[0]}`;
        return [`:${name}${alias}${argument === '' ? '' : ` ${argument}`}`, t(help)];
      }),
      columns,
      1,
    ),
  ];
}

/** Each key once: in the part that it works in alone, else under what it is about, else among those of the screen. */
function keySections(of: ScreenName, bindings: readonly Binding[], t: Translate): [string, Entry[]][] {
  const parts = PARTS[of] ?? [];
  const main: readonly KeyContext[] = of === 'deploy' ? [] : [of];
  const shown = new Set([...main, ...parts.flatMap(({ contexts }) => contexts)]);
  const here = merged(bindings.filter(({ contexts }) => contexts.some((context) => shown.has(context))));
  const sectionOf = ({ contexts, action }: Binding): Word | null => {
    const own = contexts.filter((context) => shown.has(context));
    const part = parts.find((each) => own.every((context) => each.contexts.includes(context)));
    return part?.title ?? helpTopicOf(action);
  };
  const entriesOf = (title: Word | null): Entry[] =>
    here
      .filter((binding) => sectionOf(binding) === title)
      .map(({ keys, help }) => [keys.join(', '), t(help)]);
  const titles: readonly Word[] = [...TOPICS, ...parts.map(({ title }) => title), 'Anywhere'];
  return [
    [t('Keys in {screen}', { screen: t(of) }), entriesOf(null)],
    ...titles.map((title): [string, Entry[]] => [t(title), entriesOf(title)]),
  ];
}

/** Two entries a line where all of them are short enough for that. */
function section(
  title: string,
  entries: readonly Entry[],
  columns: number,
  mostPerLine = Number.POSITIVE_INFINITY,
): Line[] {
  if (entries.length === 0) return [];
  const longest = Math.max(...entries.map(([, help]) => displayWidth(help)));
  const widest = Math.max(...entries.map(([keys]) => displayWidth(keys) + 1));
  const keyWidth = Math.min(WIDEST_KEYS, Math.max(KEY_WIDTH, widest));
  const perLine = Math.max(1, Math.min(mostPerLine, Math.floor(columns / (keyWidth + 3 + longest))));
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

/** A remapped table has a binding per context: those that do the same in several places are one line of help. */
function merged(bindings: readonly Binding[]): readonly Binding[] {
  const byLine = new Map<string, Binding>();
  for (const binding of bindings) {
    if (binding.keys.length === 0) continue;
    const line = JSON.stringify([binding.keys, binding.help, binding.action]);
    const known = byLine.get(line);
    byLine.set(
      line,
      known === undefined ? binding : { ...known, contexts: [...known.contexts, ...binding.contexts] },
    );
  }
  return [...byLine.values()];
}
