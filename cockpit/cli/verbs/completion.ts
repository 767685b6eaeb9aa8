import { PassThrough } from 'node:stream';
import { Argument, type Command } from 'commander';
import type { MasterClient } from '../../client/master-client.ts';
import { plainText } from '../../format/plain-text.ts';
import { candidatesFor, type NameKind, namesOf } from '../completion/candidates.ts';
import { SCRIPTS, SHELLS, type Shell } from '../completion/scripts.ts';
import { withMaster } from '../connect.ts';
import { type CliIo, printLine } from '../io.ts';
import type { CliContext, Options } from '../program.ts';

/** Who presses tab does not wait longer. */
const PATIENCE_MS = 1_000;

export function registerCompletion(program: Command, { io, act }: CliContext): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'for which').choices([...SHELLS]))
    .description('print the completion for a shell')
    .addHelpText(
      'after',
      '\nExamples:\n  source <(sgrid completion bash)\n  source <(sgrid completion zsh)\n  sgrid completion fish | source\n',
    )
    .action(act(async (_options, shell) => void io.stdout.write(SCRIPTS[shell as Shell])));
  program
    .command('__complete', { hidden: true })
    .argument('[word...]')
    .action(
      act(async (options, given) => {
        const words = given as string[];
        const { words: known, names } = candidatesFor(program, words);
        const live = names.length === 0 ? [] : await askNames(options, io, names);
        const typed = words.at(-1) ?? '';
        for (const each of new Set([...known, ...live]))
          if (each.startsWith(typed)) printLine(io.stdout, plainText(each));
      }),
    );
}

/** Nothing at all when it fails, or takes too long. */
async function askNames(options: Options, io: CliIo, kinds: readonly NameKind[]): Promise<string[]> {
  const over = AbortSignal.timeout(PATIENCE_MS);
  const quiet = { ...io, signal: AbortSignal.any([io.signal, over]), stderr: new PassThrough().resume() };
  const ask = async (client: MasterClient): Promise<string[]> => {
    const { services } = await client.call('service.list', {});
    const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
    return kinds.flatMap((kind) => namesOf(kind, fleet, services));
  };
  const late = new Promise<string[]>((resolve) => {
    over.addEventListener('abort', () => resolve([]), { once: true });
  });
  return await Promise.race([withMaster(options, quiet, ask).catch(() => []), late]);
}
