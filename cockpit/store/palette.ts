import { fuzzyRank } from '../format/fuzzy.ts';
import type { Translate, Word } from '../language/translate.ts';
import type { Action } from './action.ts';

/** One word of the `:` palette. */
export interface PaletteCommand {
  readonly name: string;
  readonly aliases: readonly string[];
  /** What may follow it, for the help screen; empty when nothing. */
  readonly argument: string;
  readonly help: Word;
  action(argument: string): Action;
}

const simple = (name: string, aliases: readonly string[], help: Word, action: Action): PaletteCommand => ({
  name,
  aliases,
  argument: '',
  help,
  action: () => action,
});

/** `web@2`, `@alpha` and `web@alpha:8101`, as instances are called, in the language of filters. */
function addressFilter(text: string): string {
  return text.replaceAll(/(^|\s)([\w.-]*)@([\w.-]+)(?::(\d+))?(?=\s|$)/g, (_, space, service, node, port) => {
    const parts = [service === '' ? '' : `service:=${service}`, `node:=${node}`, port ? `port:${port}` : ''];
    return space + parts.filter((part) => part !== '').join(' ');
  });
}

export const PALETTE: readonly PaletteCommand[] = [
  simple('pulse', ['pu'], 'the whole fleet on one screen', { type: 'go', screen: { name: 'pulse' } }),
  {
    name: 'nodes',
    aliases: ['node', 'no'],
    argument: '[filter]',
    help: 'all nodes',
    action: (filter) => ({ type: 'go', screen: { name: 'nodes' }, filter }),
  },
  {
    name: 'instances',
    aliases: ['inst', 'i'],
    argument: '[service@node] [filter]',
    help: 'all instances, grouped by node; web@2 shows those of web on node 2',
    action: (filter) => ({
      type: 'go',
      screen: { name: 'instances', nodeId: null },
      filter: addressFilter(filter),
    }),
  },
  {
    name: 'events',
    aliases: ['event', 'ev'],
    argument: '[filter]',
    help: 'what happened, newest first',
    action: (filter) => ({ type: 'go', screen: { name: 'events' }, filter }),
  },
  {
    name: 'services',
    aliases: ['svc', 'service'],
    argument: '[filter]',
    help: 'all services: where they run, and how they are',
    action: (filter) => ({ type: 'go', screen: { name: 'services' }, filter }),
  },
  {
    name: 'releases',
    aliases: ['rel', 'release'],
    argument: '[service]',
    help: 'what was uploaded, and where it runs',
    action: (service) => ({
      type: 'go',
      screen: { name: 'releases' },
      filter: /^[\w-]+$/.test(service) ? `service:=${service}` : service,
    }),
  },
  {
    name: 'rollouts',
    aliases: ['ro', 'rollout'],
    argument: '[filter]',
    help: 'what is and was put on instances, newest first',
    action: (filter) => ({ type: 'go', screen: { name: 'rollouts' }, filter }),
  },
  {
    name: 'config',
    aliases: ['conf', 'cfg'],
    argument: '[service]',
    help: 'config files: versions, what is published, who has it',
    action: (service) => ({
      type: 'go',
      screen: { name: 'config' },
      filter: /^[\w-]+$/.test(service) ? `service:=${service}` : service,
    }),
  },
  {
    name: 'registry',
    aliases: ['reg'],
    argument: '[filter]',
    help: 'which instance answers where',
    action: (filter) => ({ type: 'go', screen: { name: 'registry' }, filter }),
  },
  {
    name: 'tokens',
    aliases: ['token', 'tok'],
    argument: '[filter]',
    help: 'who may do what; for admins',
    action: (filter) => ({ type: 'go', screen: { name: 'tokens' }, filter }),
  },
  {
    name: 'who',
    aliases: ['presence'],
    argument: '[filter]',
    help: 'who else is connected, and what they do',
    action: (filter) => ({ type: 'go', screen: { name: 'who' }, filter }),
  },
  simple('chart', ['charts'], 'CPU, memory and pressure over minutes to days', {
    type: 'insight',
    action: { type: 'chart' },
  }),
  simple('crash', ['capsule', 'why'], 'why the selected instance ended', {
    type: 'insight',
    action: { type: 'capsule' },
  }),
  simple('columns', ['cols'], 'choose the columns of this table', { type: 'columns' }),
  simple('deploy', ['dep'], 'put a release on instances', { type: 'deploy' }),
  simple('logs', ['log'], 'log of the selected instance', { type: 'logs' }),
  simple('describe', ['desc'], 'all about the selected row', { type: 'describe' }),
  simple('start', [], 'start the selected or marked instances', { type: 'ask', verb: 'start' }),
  simple('restart', [], 'restart the selected or marked instances', { type: 'ask', verb: 'restart' }),
  simple('stop', [], 'stop the selected or marked instances', { type: 'ask', verb: 'stop' }),
  simple('remove', ['rm'], 'remove what is selected or marked', { type: 'change', what: 'remove' }),
  simple('limits', ['limit'], 'other limits, as it runs', { type: 'change', what: 'limits' }),
  simple('scale', [], 'add instances of the service on nodes', { type: 'change', what: 'scale' }),
  simple('rollback', ['undo'], 'give back what ran before', { type: 'change', what: 'roll-back' }),
  simple('resolve', [], 'end the doubt about an unknown instance', { type: 'change', what: 'resolve' }),
  simple('cordon', ['uncordon'], 'no new instances on the node; again: as before', {
    type: 'change',
    what: 'cordon',
  }),
  simple('drain', [], 'cordon the node, and move or stop what runs on it', { type: 'change', what: 'drain' }),
  simple('edit', [], 'settings and environment of the service in $EDITOR', { type: 'change', what: 'edit' }),
  {
    name: 'ctx',
    aliases: ['context'],
    argument: '[name]',
    help: 'another master, by its name in the config file',
    action: (name) => ({ type: 'context', name }),
  },
  {
    name: 'theme',
    aliases: [],
    argument: '[basic|dark|light|high-contrast]',
    help: 'another palette; without a name the next one',
    action: (name) => ({ type: 'theme', name }),
  },
  simple('tour', [], 'what there is to know first, on one screen', { type: 'tour' }),
  simple('help', ['h', '?'], 'keys and commands', { type: 'help' }),
  simple('quit', ['q', 'q!', 'exit'], 'leave; services keep running', { type: 'quit' }),
];

/** Words of the user's own, out of the config file. */
export type Aliases = Readonly<Record<string, string>>;

export interface Completion {
  readonly name: string;
  /** What may follow it, or what an alias stands for. */
  readonly argument: string;
}

function isNamed({ name, aliases }: PaletteCommand, word: string): boolean {
  return name === word || aliases.includes(word);
}

/** Commands and aliases that what was typed may mean: the exact one, beginnings, then letters in order. */
export function completionsOf(text: string, aliases: Aliases = {}): readonly Completion[] {
  const word = text.trimStart();
  if (word.includes(' ')) return [];
  const rankOf = (names: readonly string[]): number | null => {
    if (names.includes(word)) return -1;
    const ranks = names.flatMap((name) => fuzzyRank(word, name) ?? []);
    return ranks.length === 0 ? null : Math.min(...ranks);
  };
  const own = Object.entries(aliases).map(([name, line]) => ({ name, argument: `= ${line}`, names: [name] }));
  const made = PALETTE.map(({ name, argument, aliases: others }) => ({
    name,
    argument,
    names: [name, ...others],
  }));
  return [...own, ...made]
    .flatMap(({ names, ...completion }) => {
      const rank = rankOf(names);
      return rank === null ? [] : [{ completion, rank }];
    })
    .sort((a, b) => a.rank - b.rank)
    .map(({ completion }) => completion);
}

/** What a typed line asks for; null when there is no such command, more than one, or nothing may follow it and something does. */
export function parsePalette(line: string, aliases: Aliases = {}): Action | null {
  const [typed = '', ...rest] = line.trim().split(/\s+/);
  if (typed === '') return null;
  // An alias stands for a line, once: an alias of an alias could go round in a circle.
  const own = Object.hasOwn(aliases, typed) ? aliases[typed] : undefined;
  if (own !== undefined) return parsePalette([own, ...rest].join(' '));
  const command = commandOf(typed, aliases);
  if (command === undefined || (rest.length > 0 && command.argument === '')) return null;
  return command.action(rest.join(' '));
}

/** The command of a line that wants none of what follows it: `:stop web` would be about the selected row, whatever that is. */
function bareCommand(line: string, aliases: Aliases): string | null {
  const [typed = '', ...rest] = line.trim().split(/\s+/);
  const own = Object.hasOwn(aliases, typed) ? aliases[typed] : undefined;
  if (own !== undefined) return bareCommand([own, ...rest].join(' '), {});
  const command = commandOf(typed, aliases);
  return command?.argument === '' && rest.length > 0 ? command.name : null;
}

/** Why a typed line asks for nothing. */
export function paletteProblem(line: string, aliases: Aliases, t: Translate): string {
  const bare = bareCommand(line, aliases);
  return bare === null
    ? t('No command ":{line}"; ? lists them all', { line })
    : t('":{bare}" takes nothing behind it: select or mark first, or filter with ":inst web@2"', { bare });
}

function commandOf(typed: string, aliases: Aliases): PaletteCommand | undefined {
  return PALETTE.find((candidate) => isNamed(candidate, typed)) ?? onlyOne(typed, aliases);
}

/** The one command that starts so; else the one whose letters fit. */
function onlyOne(word: string, aliases: Aliases): PaletteCommand | undefined {
  const starting = PALETTE.filter(({ name, aliases: others }) =>
    [name, ...others].some((candidate) => candidate.startsWith(word)),
  );
  if (starting.length > 0) return starting.length === 1 ? starting[0] : undefined;
  const fitting = completionsOf(word, aliases);
  return fitting.length === 1 ? PALETTE.find(({ name }) => name === fitting[0]?.name) : undefined;
}
