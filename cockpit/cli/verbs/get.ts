import type { Command } from 'commander';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { KINDS, kindOf } from '../listing/kinds.ts';
import { listKind } from '../listing/list-kind.ts';
import { selectNamed } from '../listing/select.ts';
import { watchListing } from '../listing/watch.ts';
import { addOutputOption, type OutputFormat, printListing } from '../output.ts';
import type { CliContext } from '../program.ts';

export function registerGet(program: Command, { io, act }: CliContext): void {
  const get = program
    .command('get')
    .argument('<kind>', KINDS.join(', '))
    .argument('[name...]', 'only these: ids or names');
  addOutputOption(get)
    .option('-w, --watch', 'go on with what changes, until interrupted')
    .option('--limit <count>', 'how many events or rollouts, newest first', '50')
    .description(
      'list nodes, services, instances, releases, rollouts, configs, events, the registry or tokens',
    )
    .addHelpText(
      'after',
      `
What -o json, jsonl and yaml print is described in docs/CLI.md, and stays as it is. -o name prints what
other commands take. --watch prints each thing that changed as a line of its own.

Examples:
  sgrid get instances
  sgrid get instance web@alpha -o yaml
  sgrid get nodes -o wide --watch
  sgrid get releases -o json | jq '.[].version'
  sgrid get instances -o name | xargs sgrid restart --max-unavailable 25%
`,
    )
    .action(
      act(async (options, kindName, names) => {
        const kind = kindOf(String(kindName));
        const limit = limitOf(String(options.limit));
        const format = options.output as OutputFormat;
        if (options.watch === true && format === 'json')
          throw new UsageError('a list that goes on has no end as JSON', 'use -o jsonl: one object a line');
        await withMaster(options, io, async (client) => {
          const list = async () =>
            selectNamed(await listKind(client, kind, limit), kind, names as readonly string[]);
          if (options.watch === true) await watchListing(client, io, list, format);
          else await printListing(io, await list(), format);
        });
      }),
    );
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return limit;
  throw new UsageError(`--limit "${text}" is not a number from 1 to 1000`);
}
