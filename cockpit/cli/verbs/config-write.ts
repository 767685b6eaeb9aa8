import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type ConfigVersion, MAX_CONFIG_FILE_BYTES } from '../../../common/domain/config-file.ts';
import { explainFileError } from '../../../common/system/atomic-file.ts';
import { callChange } from '../../client/change.ts';
import { addInstanceOption, configKeyOf, messageOf, parseVersion } from '../config-file.ts';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { type CliIo, printLine } from '../io.ts';
import type { CliContext } from '../program.ts';
import { readInput } from '../read-input.ts';

const MESSAGE = ['-m, --message <text>', 'why; kept with the version'] as const;

export function registerConfigWrite(config: Command, context: CliContext): void {
  registerSet(config, context);
  registerRemove(config, context);
  registerRollback(config, context);
}

function registerSet(config: Command, { io, act }: CliContext): void {
  addInstanceOption(
    config
      .command('set')
      .argument('<service>', 'the service')
      .argument('<file>', 'its name for instances: plain, or directory/name')
      .argument('[path]', 'where its content is; default: standard input'),
  )
    .option(...MESSAGE)
    .option('--force', 'also when its syntax is wrong')
    .description('add a version of a file')
    .addHelpText(
      'after',
      `
The syntax of .json, .yaml, .yml, .toml and .properties is checked. \${secret:NAME} is filled in on the node.

Examples:
  sgrid config set web app.json ./app.json -m "more workers"
  render | sgrid config set web app.yaml --instance web@alpha:8080
`,
    )
    .action(
      act(async (options, service, file, path) => {
        const text = await readText(io, path === undefined ? '-' : String(path));
        await withMaster(options, io, async (client) => {
          const key = await configKeyOf(client, service, file, options.instance);
          const payload = { ...key, text, message: messageOf(options), force: options.force === true };
          printSaved(io, await callChange(client, 'config.set', payload));
        });
      }),
    );
}

function registerRemove(config: Command, { io, act }: CliContext): void {
  addInstanceOption(
    config.command('remove').argument('<service>', 'the service').argument('<file>', 'its name'),
  )
    .option(...MESSAGE)
    .description('remove a file: with the next publication it leaves the instances')
    .addHelpText('after', '\nIts versions stay.\n\nExample:\n  sgrid config remove web old.json\n')
    .action(
      act((options, service, file) =>
        withMaster(options, io, async (client) => {
          const key = await configKeyOf(client, service, file, options.instance);
          const { file: removed } = await callChange(client, 'config.remove', {
            ...key,
            message: messageOf(options),
          });
          printLine(io.stdout, `${removed.name} removed with version ${removed.version}; not published yet`);
        }),
      ),
    );
}

function registerRollback(config: Command, { io, act }: CliContext): void {
  addInstanceOption(
    config
      .command('rollback')
      .argument('<service>', 'the service')
      .argument('<file>', 'its name')
      .argument('<version>', 'whose content is wanted again'),
  )
    .option(...MESSAGE)
    .description('add a version with the content of an older one')
    .addHelpText('after', '\nExample:\n  sgrid config rollback web app.json 3\n')
    .action(
      act((options, service, file, version) =>
        withMaster(options, io, async (client) => {
          const key = await configKeyOf(client, service, file, options.instance);
          const payload = {
            ...key,
            version: parseVersion('version', version),
            message: messageOf(options),
          };
          printSaved(io, await callChange(client, 'config.rollback', payload));
        }),
      ),
    );
}

export function printSaved(
  io: Pick<CliIo, 'stdout'>,
  { file, isChanged }: { file: ConfigVersion; isChanged: boolean },
): void {
  const what = isChanged ? 'saved; not published yet' : 'says the same already';
  printLine(io.stdout, `${file.name} version ${file.version} ${what}`);
}

/** @param path `-` for standard input. @throws UsageError for what is too large, or no text */
async function readText(io: CliIo, path: string): Promise<string> {
  const bytes =
    path === '-' ? await readInput(io, MAX_CONFIG_FILE_BYTES) : await readPath(resolve(io.cwd, path));
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError(`${path} is not text in UTF-8`);
  }
}

async function readPath(path: string): Promise<Buffer> {
  try {
    if ((await stat(path)).size > MAX_CONFIG_FILE_BYTES) throw tooLarge(path);
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EISDIR') throw new UsageError(`${path} is not a file`);
    throw explainFileError(error, path);
  }
}

function tooLarge(what: string): UsageError {
  return new UsageError(
    `${what} is larger than a config file may be, 1 MiB`,
    'put what is large into the package',
  );
}
