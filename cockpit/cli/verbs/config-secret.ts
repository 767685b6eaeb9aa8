import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type ConfigSecret, MAX_SECRET_BYTES } from '../../../common/domain/config-file.ts';
import { explainFileError } from '../../../common/system/atomic-file.ts';
import { callChange } from '../../client/change.ts';
import { formatDate } from '../../format/time.ts';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { type CliIo, printLine } from '../io.ts';
import { addOutputOption, createListing, type OutputFormat, printListing } from '../output.ts';
import type { CliContext } from '../program.ts';
import { readInput } from '../read-input.ts';
import type { TextColumn } from '../table.ts';

const COLUMNS: readonly TextColumn<ConfigSecret>[] = [
  { title: 'SECRET', text: ({ name }) => name },
  { title: 'VERSION', align: 'right', text: ({ version }) => String(version) },
  { title: 'AT', text: ({ at }) => formatDate(at).replace(' ', 'T') },
  { title: 'BY', text: ({ actor }) => actor },
];

export function registerConfigSecret(config: Command, context: CliContext): void {
  const secret = config
    .command('secret')
    .description('values that config files ask for by name')
    .addHelpText(
      'after',
      `
A value can be set and never be read again: only agents are told.

Examples:
  pass show db | sgrid config secret set web db-password
  sgrid config secret list web
`,
    );
  registerSet(secret, context);
  registerList(secret, context);
  registerRemove(secret, context);
  registerRotateKey(secret, context);
}

function registerSet(secret: Command, { io, act }: CliContext): void {
  secret
    .command('set')
    .argument('<service>', 'the service')
    .argument('<name>', 'of the secret')
    .option('--file <path>', 'where its value is; default: standard input')
    .description('set a secret; a newline at its end is left out')
    .addHelpText(
      'after',
      `
It reaches instances with the next publication.

Examples:
  pass show db | sgrid config secret set web db-password
  sgrid config secret set web tls-key --file key.pem
`,
    )
    .action(
      act(async (options, service, name) => {
        const value = (await readValue(io, options.file)).replace(/\r?\n$/, '');
        if (value === '')
          throw new UsageError('the value is empty', 'give it on standard input, or with --file');
        const payload = { serviceName: String(service), name: String(name), value };
        const { secret: set } = await withMaster(options, io, (client) =>
          callChange(client, 'config.setSecret', payload),
        );
        printLine(io.stdout, `secret ${set.name} version ${set.version} set; not published yet`);
      }),
    );
}

function registerList(secret: Command, { io, act }: CliContext): void {
  addOutputOption(secret.command('list').argument('<service>', 'the service'))
    .description('the names of secrets')
    .addHelpText('after', '\nExample:\n  sgrid config secret list web\n')
    .action(
      act(async (options, service) => {
        const serviceName = String(service);
        const { secrets } = await withMaster(options, io, (client) =>
          client.call('config.list', { serviceName }),
        );
        const listing = createListing({
          rows: secrets,
          columns: COLUMNS,
          name: ({ name }) => name,
          object: (each) => ({ ...each }),
        });
        await printListing(io, listing, options.output as OutputFormat);
      }),
    );
}

function registerRemove(secret: Command, { io, act }: CliContext): void {
  secret
    .command('remove')
    .argument('<service>', 'the service')
    .argument('<name>', 'of the secret')
    .description('remove a secret that no file names any more')
    .addHelpText('after', '\nExample:\n  sgrid config secret remove web old-key\n')
    .action(
      act(async (options, service, name) => {
        const payload = { serviceName: String(service), name: String(name) };
        await withMaster(options, io, (client) => callChange(client, 'config.removeSecret', payload));
        printLine(io.stdout, `secret ${name} removed`);
      }),
    );
}

function registerRotateKey(secret: Command, { io, act }: CliContext): void {
  secret
    .command('rotate-key')
    .description('encrypt all secrets, of all services, with another key')
    .addHelpText('after', '\nTakes a token of role admin.\n\nExample:\n  sgrid config secret rotate-key\n')
    .action(
      act(async (options) => {
        const { keyId, secrets } = await withMaster(options, io, (client) =>
          callChange(client, 'config.rotateKey', {}),
        );
        printLine(io.stdout, `key ${keyId} made; ${secrets} versions of secrets encrypted with it`);
      }),
    );
}

async function readValue(io: CliIo, file: unknown): Promise<string> {
  if (file === undefined) return (await readInput(io, MAX_SECRET_BYTES)).toString('utf8');
  const path = resolve(io.cwd, String(file));
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new UsageError(`there is no file ${path}`);
    throw explainFileError(error, path);
  }
}
