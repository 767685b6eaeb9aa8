import { resolve } from 'node:path';
import type { Command } from 'commander';
import { SgridError } from '../../../common/protocol/errors.ts';
import { parseMasterAddress } from '../../../common/protocol/master-address.ts';
import type { Settings } from '../../config/settings.ts';
import {
  type LoadedSettings,
  loadSettings,
  saveSettings,
  settingsFileOf,
} from '../../config/settings-file.ts';
import { UsageError } from '../exit-code.ts';
import { type CliIo, printLine } from '../io.ts';
import { addOutputOption, createListing, type OutputFormat, printListing } from '../output.ts';
import type { CliContext } from '../program.ts';

/** Masters by name, in the user's own settings; the cockpit's `:ctx` goes through the same ones. */
export function registerContext(program: Command, { io, act }: CliContext): void {
  const context = program
    .command('context')
    .description('masters by name')
    .addHelpText(
      'after',
      `
Examples:
  sgrid context set production --master https://10.0.0.1:15872#sha256:… --token-file ~/prod.token --read-only
  sgrid context use production
`,
    );
  addOutputOption(context.command('list'))
    .description('list the contexts; the current one is marked')
    .addHelpText('after', '\nExample:\n  sgrid context list\n')
    .action(
      act(async (options) => {
        const { contexts, currentContext } = load(io).settings;
        const listing = createListing({
          rows: Object.entries(contexts).map(([name, each]) => ({
            name,
            ...each,
            isCurrent: name === currentContext,
          })),
          columns: [
            { title: 'CURRENT', text: ({ isCurrent }) => (isCurrent ? '*' : '') },
            { title: 'NAME', text: ({ name }) => name },
            { title: 'MASTER', text: ({ master }) => master },
            { title: 'TOKEN-FILE', text: ({ tokenFile }) => tokenFile },
            { title: 'READ-ONLY', text: ({ readOnly }) => (readOnly ? 'yes' : 'no') },
          ],
          name: ({ name }) => `context/${name}`,
          object: (row) => row,
        });
        await printListing(io, listing, options.output as OutputFormat);
      }),
    );
  context
    .command('use')
    .argument('<name>', 'a context')
    .description('mean this one when no master is named')
    .addHelpText('after', '\nExample:\n  sgrid context use production\n')
    .action(
      act(async (_options, name) => {
        change(io, (settings) => ({ ...settings, currentContext: demandContext(settings, String(name)) }));
        printLine(io.stdout, `context ${name} is the current one`);
      }),
    );
  context
    .command('set')
    .argument('<name>', 'one word')
    .option('--master <url>', 'address of the master: what is stored, in front of "context" too')
    .option('--token-file <file>', 'file that holds the token')
    .option('--read-only', 'refuse to change anything there')
    .option('--no-read-only', 'allow it again')
    .description('add a context, or change one')
    .addHelpText(
      'after',
      '\nA new context needs an address and a file; of one that is there, what is not named stays. No master is asked.\n\nExamples:\n  sgrid context set production --master https://10.0.0.1:15872#sha256:… --token-file ~/prod.token --read-only\n  sgrid context set production --no-read-only\n',
    )
    .action(
      act(async (options, name) => {
        if (!/^\S{1,32}$/.test(String(name))) throw new UsageError(`"${name}" is not one word`);
        const given = {
          ...(options.master === undefined ? {} : { master: demandAddress(options.master) }),
          ...(options.tokenFile === undefined ? {} : { tokenFile: resolve(io.cwd, options.tokenFile) }),
          ...(options.readOnly === undefined ? {} : { readOnly: options.readOnly === true }),
        };
        change(io, (settings) => ({
          ...settings,
          contexts: {
            ...settings.contexts,
            [String(name)]: demandWhole(String(name), { ...settings.contexts[String(name)], ...given }),
          },
        }));
        printLine(io.stdout, `context ${name} set`);
      }),
    );
  context
    .command('remove')
    .argument('<name>', 'a context')
    .description('forget a context')
    .addHelpText('after', '\nExample:\n  sgrid context remove production\n')
    .action(
      act(async (_options, name) => {
        change(io, (settings) => {
          const { [demandContext(settings, String(name))]: _, ...contexts } = settings.contexts;
          const { currentContext, ...rest } = settings;
          const isCurrent = currentContext === name || currentContext === undefined;
          return { ...rest, contexts, ...(isCurrent ? {} : { currentContext }) };
        });
        printLine(io.stdout, `context ${name} removed`);
      }),
    );
}

type Context = Settings['contexts'][string];

/** @throws UsageError for a new one of which something is missing */
function demandWhole(name: string, { master, tokenFile, readOnly = false }: Partial<Context>): Context {
  if (master !== undefined && tokenFile !== undefined) return { master, tokenFile, readOnly };
  throw new UsageError(
    `context ${name} is new, and has no ${master === undefined ? 'master' : 'token file'}`,
    `give ${master === undefined ? '--master URL' : '--token-file FILE'}`,
  );
}

function demandContext({ contexts }: Settings, name: string): string {
  if (contexts[name] !== undefined) return name;
  throw new UsageError(`there is no context "${name}"`, 'see "sgrid context list"');
}

function load({ env }: CliIo): LoadedSettings & { file: string } {
  const file = settingsFileOf(env);
  if (file === null)
    throw new SgridError('not_found', 'there is no place for settings', {
      hint: 'set HOME or XDG_CONFIG_HOME',
    });
  return { ...loadSettings(file), file };
}

function change(io: CliIo, how: (settings: Settings) => Settings): void {
  const { settings, problem, file } = load(io);
  // Written over, what the user wrote there by hand would be gone.
  if (problem !== null) throw new SgridError('bad_request', problem, { hint: `mend ${file}` });
  saveSettings(file, how(settings));
}

/** As it was written, with its pin. @throws UsageError for what no master could be at. */
function demandAddress(text: string): string {
  try {
    parseMasterAddress(text);
    return text;
  } catch (error) {
    if (error instanceof SgridError) throw new UsageError(error.message, error.hint);
    throw error;
  }
}
