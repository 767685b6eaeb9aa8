import type { Command } from 'commander';
import { UsageError } from './exit-code.ts';

/**
 * The options of a verb, in front of its name and behind it. What can be given several times is there from both places.
 *
 * @throws UsageError for one that says different things in the two: no order of theirs would be what everybody expects.
 */
export function allOptions(verb: Command): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  for (let command: Command | null = verb; command !== null; command = command.parent) {
    for (const [name, value] of Object.entries(command.opts())) {
      const inner = all[name];
      if (inner === undefined) all[name] = value;
      else if (Array.isArray(inner) && Array.isArray(value)) all[name] = [...value, ...inner];
      else if (inner !== value && command.getOptionValueSource(name) !== 'default')
        throw new UsageError(`--${dashed(name)} is given twice: ${value} and ${inner}`, 'give it once');
    }
  }
  return all;
}

function dashed(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
