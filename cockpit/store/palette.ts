import type { Action } from './action.ts';

/** One word of the `:` palette. */
export interface PaletteCommand {
  readonly name: string;
  readonly aliases: readonly string[];
  /** What may follow it, for the help screen; empty when nothing. */
  readonly argument: string;
  readonly help: string;
  action(argument: string): Action;
}

const simple = (name: string, aliases: readonly string[], help: string, action: Action): PaletteCommand => ({
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
  simple('columns', ['cols'], 'choose the columns of this table', { type: 'columns' }),
  simple('deploy', ['dep'], 'put a release on instances', { type: 'deploy' }),
  simple('logs', ['log'], 'log of the selected instance', { type: 'logs' }),
  simple('describe', ['desc'], 'all about the selected row', { type: 'describe' }),
  simple('start', [], 'start the selected or marked instances', { type: 'ask', verb: 'start' }),
  simple('restart', [], 'restart the selected or marked instances', { type: 'ask', verb: 'restart' }),
  simple('stop', [], 'stop the selected or marked instances', { type: 'ask', verb: 'stop' }),
  simple('help', ['h', '?'], 'keys and commands', { type: 'help' }),
  simple('quit', ['q', 'q!', 'exit'], 'leave; services keep running', { type: 'quit' }),
];

/** Commands whose name or alias starts with what was typed, the one that is meant exactly in front. */
export function completionsOf(text: string): readonly PaletteCommand[] {
  const word = text.trimStart();
  if (word.includes(' ')) return [];
  const isExact = (command: PaletteCommand): boolean =>
    command.name === word || command.aliases.includes(word);
  const matching = PALETTE.filter(
    (command) => command.name.startsWith(word) || command.aliases.some((alias) => alias.startsWith(word)),
  );
  return [...matching.filter(isExact), ...matching.filter((command) => !isExact(command))];
}

/** What a typed line asks for; null when there is no such command, or more than one. */
export function parsePalette(line: string): Action | null {
  const [word = '', ...rest] = line.trim().split(/\s+/);
  const matching = completionsOf(word);
  const exact = matching.find((command) => command.name === word || command.aliases.includes(word));
  const command = exact ?? (matching.length === 1 ? matching[0] : undefined);
  return word === '' ? null : (command?.action(rest.join(' ')) ?? null);
}
