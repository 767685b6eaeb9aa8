import type { Command } from 'commander';
import type { FleetSnapshot } from '../../../common/domain/fleet.ts';
import type { Service } from '../../../common/domain/service.ts';
import { instanceWords } from '../../format/fleet-words.ts';
import { KINDS } from '../listing/kinds.ts';

/** Names that are to be asked of the master. */
export type NameKind = 'service' | 'node' | 'instance';

export interface Candidates {
  /** Known without a master. */
  readonly words: readonly string[];
  readonly names: readonly NameKind[];
}

const NOTHING: Candidates = { words: [], names: [] };

/**
 * What can stand where the cursor is, decided from the commands' own definitions: subcommands, options, choices of an option,
 * and by the name of an argument what it names.
 *
 * @param words behind `sgrid`, the last one as far as it is typed
 */
export function candidatesFor(program: Command, words: readonly string[]): Candidates {
  const typed = words.at(-1) ?? '';
  let command = program;
  const given: string[] = [];
  let open: string | null = null;
  for (const word of words.slice(0, -1)) {
    const isValue: boolean = open !== null;
    open = isValue ? null : takesValue(command, word);
    if (isValue || word.startsWith('-')) continue;
    const next = given.length === 0 ? command.commands.find((each) => each.name() === word) : undefined;
    if (next === undefined) given.push(word);
    else command = next;
  }
  if (open !== null) return valuesOf(command, open);
  if (typed.startsWith('-')) {
    const words = command.options.flatMap(({ long }) => long ?? []);
    return { words: [...words, '--help'], names: [] };
  }
  if (command.commands.length > 0 && given.length === 0) {
    const words = command.commands.map((each) => each.name()).filter((name) => !name.startsWith('_'));
    return { words, names: [] };
  }
  const argument =
    command.registeredArguments[Math.min(given.length, command.registeredArguments.length - 1)];
  if (argument === undefined || (given.length >= command.registeredArguments.length && !argument.variadic))
    return NOTHING;
  return forName(argument.name(), given[0]);
}

/** The option that the next word belongs to, or null. */
function takesValue(command: Command, word: string): string | null {
  if (!word.startsWith('-') || word.includes('=')) return null;
  const option = command.options.find(({ long, short }) => long === word || short === word);
  return option !== undefined && (option.required || option.optional) ? (option.long ?? null) : null;
}

function valuesOf(command: Command, long: string): Candidates {
  const option = command.options.find((each) => each.long === long);
  if (option?.argChoices) return { words: option.argChoices, names: [] };
  if (long === '--nodes') return { words: [], names: ['node'] };
  if (long === '--instance') return { words: [], names: ['instance'] };
  return NOTHING;
}

function forName(argument: string, first: string | undefined): Candidates {
  switch (argument) {
    case 'service':
    // Its number, or its service.
    case 'rollout':
      return { words: [], names: ['service'] };
    case 'node':
      return { words: [], names: ['node'] };
    case 'instance':
      return { words: [], names: ['instance'] };
    case 'kind':
      return { words: KINDS, names: [] };
    case 'shell':
      return { words: ['bash', 'zsh', 'fish'], names: [] };
    case 'name': {
      const kind = (['service', 'node', 'instance'] as const).find((each) => first?.startsWith(each));
      return { words: [], names: kind === undefined ? [] : [kind] };
    }
    default:
      return NOTHING;
  }
}

export function namesOf(
  kind: NameKind,
  { nodes, instances }: FleetSnapshot,
  services: readonly Service[],
): string[] {
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  switch (kind) {
    case 'service':
      return services.map(({ name }) => name);
    case 'node':
      return nodes.map(({ alias, nodeId }) => alias || String(nodeId));
    case 'instance':
      return instances.map((instance) => instanceWords(instance, byId));
  }
}
