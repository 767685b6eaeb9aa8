import { closeSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { roleSchema } from '../../../common/domain/role.ts';
import type { TokenView } from '../../../common/domain/token.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { explainFileError } from '../../../common/system/atomic-file.ts';
import { callChange } from '../../client/change.ts';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { type CliIo, printLine } from '../io.ts';
import { listKind } from '../listing/list-kind.ts';
import { addOutputOption, type OutputFormat, printListing } from '../output.ts';
import type { CliContext } from '../program.ts';

const OUT = [
  '--out <file>',
  'write it into a new file that only this user can read, instead of printing it',
] as const;

export function registerToken(program: Command, context: CliContext): void {
  const token = program
    .command('token')
    .description('list, make, rotate and revoke tokens')
    .addHelpText(
      'after',
      `
A secret is told once, when it is made: the master keeps only a hash.

Examples:
  sgrid token create ann --role operator --expires 90d --out ann.token
  sgrid token revoke ann
`,
    );
  registerList(token, context);
  registerCreate(token, context);
  registerRotate(token, context);
  registerRevoke(token, context);
}

function registerList(token: Command, { io, act }: CliContext): void {
  addOutputOption(token.command('list'))
    .description('list tokens, as "sgrid get tokens" does')
    .addHelpText('after', '\nExample:\n  sgrid token list\n')
    .action(
      act(async (options) => {
        const listing = await withMaster(options, io, (client) => listKind(client, 'tokens', 1));
        await printListing(io, listing, options.output as OutputFormat);
      }),
    );
}

function registerCreate(token: Command, { io, act }: CliContext): void {
  token
    .command('create')
    .argument('<name>', 'who is told in events')
    .addOption(
      new Option('--role <role>', 'what it may do').choices(roleSchema.options).makeOptionMandatory(),
    )
    .option('--join', 'role agent: lets one node join, to which it belongs from then on')
    .option(
      '--expires <time>',
      'when it stops working, for example 30m, 12h or 90d; default: never, and 1d with --join',
    )
    .option(...OUT)
    .description('make a token')
    .addHelpText(
      'after',
      `
Examples:
  sgrid token create ann --role operator --out ann.token
  sgrid token create rack-7 --role agent --join --expires 1h
`,
    )
    .action(
      act(async (options, name) => {
        const expiresInMs = options.expires === undefined ? {} : { expiresInMs: parseSpan(options.expires) };
        const role = roleSchema.parse(options.role);
        const payload = { name: String(name), role, isJoin: options.join === true, ...expiresInMs };
        await tellSecret(io, options, () =>
          withMaster(options, io, (client) => callChange(client, 'token.create', payload)),
        );
      }),
    );
}

function registerRotate(token: Command, { io, act }: CliContext): void {
  token
    .command('rotate')
    .argument('<name>', 'the token')
    .option(...OUT)
    .description('give it another secret; the old one stops working at once')
    .addHelpText('after', '\nExample:\n  sgrid token rotate ann --out ann.token.new\n')
    .action(
      act((options, name) =>
        tellSecret(io, options, () =>
          withMaster(options, io, (client) => callChange(client, 'token.rotate', { name: String(name) })),
        ),
      ),
    );
}

function registerRevoke(token: Command, { io, act }: CliContext): void {
  token
    .command('revoke')
    .argument('<name>', 'the token')
    .description('it stops working, and its connections end, at once')
    .addHelpText('after', '\nExample:\n  sgrid token revoke ann\n')
    .action(
      act(async (options, name) => {
        await withMaster(options, io, (client) => callChange(client, 'token.revoke', { name: String(name) }));
        printLine(io.stdout, `token ${name} revoked`);
      }),
    );
}

/** The file is made first: a secret that nobody could keep would be lost. */
async function tellSecret(
  io: CliIo,
  { out }: Record<string, unknown>,
  make: () => Promise<{ token: TokenView; secret: string }>,
): Promise<void> {
  if (out === undefined) {
    printLine(io.stdout, (await make()).secret);
    return;
  }
  const file = resolve(io.cwd, String(out));
  const handle = createSecretFile(file);
  try {
    const { token, secret } = await make();
    writeFileSync(handle, `${secret}\n`);
    printLine(io.stdout, `the secret of ${token.name} is in ${file}`);
  } catch (error) {
    unlinkSync(file);
    throw error;
  } finally {
    closeSync(handle);
  }
}

function createSecretFile(file: string): number {
  try {
    return openSync(file, 'wx', 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new UsageError(`there is no directory ${dirname(file)}`, 'check the path behind --out');
    if (code !== 'EEXIST') throw explainFileError(error, file);
    throw new SgridError('already_exists', `${file} is there already`, { hint: 'choose another name' });
  }
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function parseSpan(text: unknown): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(String(text)) ?? [];
  const unitMs = UNIT_MS[unit];
  if (count === undefined || unitMs === undefined || Number(count) === 0) {
    throw new UsageError(`--expires "${text}" is not a time`, 'write it as 30m, 12h or 90d');
  }
  return Number(count) * unitMs;
}
