import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { execa } from 'execa';
import { SgridError, toWireError } from '../../../common/protocol/errors.ts';
import { callChange } from '../../client/change.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { addInstanceOption, type ConfigKey, configKeyOf, messageOf } from '../config-file.ts';
import { withMaster } from '../connect.ts';
import { type CliIo, printLine } from '../io.ts';
import type { CliContext } from '../program.ts';
import { printSaved } from './config-write.ts';

export function registerConfigEdit(config: Command, { io, act }: CliContext): void {
  addInstanceOption(
    config.command('edit').argument('<service>', 'the service').argument('<file>', 'its name'),
  )
    .option('-m, --message <text>', 'why; kept with the version')
    .option('--force', 'also when its syntax is wrong')
    .description('change a file, or begin one, with $VISUAL, $EDITOR or vi')
    .addHelpText(
      'after',
      '\nWhat is refused is kept in a file that is named. Example:\n  sgrid config edit web app.json\n',
    )
    .action(
      act((options, service, file) =>
        withMaster(options, io, async (client) => {
          const key = await configKeyOf(client, service, file, options.instance);
          const { text, version } = await newest(client, key);
          await edit(io, key.name, text, (changed) =>
            callChange(client, 'config.set', {
              ...{ ...key, text: changed, baseVersion: version },
              ...{ message: messageOf(options), force: options.force === true },
            }).then((saved) => printSaved(io, saved)),
          );
        }),
      ),
    );
}

async function newest(client: MasterClient, key: ConfigKey): Promise<{ text: string; version: number }> {
  const { versions } = await client.call('config.versions', key);
  const [last] = versions;
  if (last === undefined || last.isRemoval) return { text: '', version: last?.version ?? 0 };
  const { text } = await client.call('config.read', { ...key, version: last.version });
  return { text, version: last.version };
}

/** Through sh(1), since the variable may hold arguments: git-var(1). What could not be saved stays, as kubectl does it. */
async function edit(
  io: CliIo,
  name: string,
  text: string,
  save: (text: string) => Promise<void>,
): Promise<void> {
  const editor = [io.env.VISUAL, io.env.EDITOR].find((named) => named !== undefined && named !== '') ?? 'vi';
  const directory = await mkdtemp(join(tmpdir(), 'sgrid-edit-'));
  const path = join(directory, basename(name));
  let isKept = false;
  try {
    await writeFile(path, text, { mode: 0o600 });
    const done = await execa('sh', ['-c', `${editor} "$1"`, 'sh', path], { stdio: 'inherit', reject: false });
    if (done.failed) {
      const how =
        done.exitCode === undefined ? (done.signal ?? 'was not started') : `ended with ${done.exitCode}`;
      throw new SgridError('cancelled', `"${editor}" ${how}: nothing is changed`, {
        hint: 'EDITOR names the one to use',
      });
    }
    const changed = await readFile(path, 'utf8');
    if (changed === text) {
      printLine(io.stdout, `${name} is as it was`);
      return;
    }
    await save(changed).catch((cause: unknown) => {
      isKept = true;
      const { code, message, hint } = toWireError(cause);
      const where = `what you wrote is in ${path}`;
      throw new SgridError(code, message, { hint: hint === undefined ? where : `${hint}; ${where}`, cause });
    });
  } finally {
    if (!isKept) await rm(directory, { recursive: true, force: true });
  }
}
