import type { Command } from 'commander';
import type { ConfigFile } from '../../../common/domain/config-file.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { addInstanceOption, type ConfigKey, configKeyOf, parseVersion } from '../config-file.ts';
import { withMaster } from '../connect.ts';
import type { CliIo } from '../io.ts';
import { configFileWords, listConfigFiles, listConfigVersions } from '../listing/config-listing.ts';
import { addOutputOption, createListing, type OutputFormat, printListing } from '../output.ts';
import type { CliContext } from '../program.ts';

export function registerConfigRead(config: Command, context: CliContext): void {
  registerList(config, context);
  registerGet(config, context);
  registerHistory(config, context);
  registerDiff(config, context);
}

function registerList(config: Command, { io, act }: CliContext): void {
  addOutputOption(config.command('list').argument('<service>', 'the service'))
    .description('the files of a service, each with its newest version and the published one')
    .addHelpText('after', '\nExample:\n  sgrid config list web\n')
    .action(
      act(async (options, service) => {
        const serviceName = String(service);
        const { files } = await withMaster(options, io, (client) =>
          client.call('config.list', { serviceName }),
        );
        await printListing(io, listConfigFiles(files), options.output as OutputFormat);
      }),
    );
}

function registerGet(config: Command, { io, act }: CliContext): void {
  addInstanceOption(config.command('get').argument('<service>', 'the service').argument('<file>', 'its name'))
    .option('--version <number>', 'default: the newest')
    .description('print a file; secrets stand in it by their names')
    .addHelpText('after', '\nExample:\n  sgrid config get web app.json --version 3 > app.json\n')
    .action(
      act((options, service, file) =>
        withMaster(options, io, async (client) => {
          const key = await configKeyOf(client, service, file, options.instance);
          const version =
            options.version === undefined ? {} : { version: parseVersion('--version', options.version) };
          const { text } = await client.call('config.read', { ...key, ...version });
          await printText(io, text);
        }),
      ),
    );
}

/** To a terminal without what could drive it; into a file as it is. */
async function printText({ stdout }: CliIo, text: string): Promise<void> {
  if (stdout.isTTY !== true) {
    stdout.write(text);
    return;
  }
  const { createTerminalFilter } = await import('../terminal-filter.ts');
  const filter = createTerminalFilter({ colour: false });
  stdout.write(filter.push(new TextEncoder().encode(text)) + filter.end());
}

function registerHistory(config: Command, { io, act }: CliContext): void {
  const command = config
    .command('history')
    .argument('<service>', 'the service')
    .argument('<file>', 'its name');
  addOutputOption(addInstanceOption(command))
    .description('every version of a file, newest first')
    .addHelpText('after', '\nExample:\n  sgrid config history web app.json\n')
    .action(
      act((options, service, file) =>
        withMaster(options, io, async (client) => {
          const key = await configKeyOf(client, service, file, options.instance);
          const { versions } = await client.call('config.versions', key);
          if (versions.length === 0) {
            throw new SgridError('not_found', `"${key.serviceName}" has no config file "${key.name}"`, {
              hint: `see "sgrid config list ${key.serviceName}"`,
            });
          }
          await printListing(io, listConfigVersions(versions), options.output as OutputFormat);
        }),
      ),
    );
}

function registerDiff(config: Command, { io, act }: CliContext): void {
  const command = config
    .command('diff')
    .argument('<service>', 'the service')
    .argument('[file]', 'default: all that differ');
  addOutputOption(addInstanceOption(command), ['table', 'json', 'yaml', 'jsonl', 'name'])
    .option('--from <version>', 'default: the published one')
    .option('--to <version>', 'default: the newest')
    .description(
      'what differs between two versions of a file, or between what is published and what is newest',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  sgrid config diff web\n  sgrid config diff web app.json --from 3 --to 5\n',
    )
    .action(
      act((options, service, file) =>
        withMaster(options, io, async (client) => {
          const serviceName = String(service);
          const { files } = await client.call('config.list', { serviceName });
          const key = file === undefined ? null : await configKeyOf(client, service, file, options.instance);
          const wanted = files.filter(
            (each) =>
              key === null || (each.name === key.name && each.instanceId === (key.instanceId ?? null)),
          );
          if (key !== null && wanted.length === 0) {
            throw new SgridError('not_found', `"${serviceName}" has no config file "${key.name}"`, {
              hint: `see "sgrid config list ${serviceName}"`,
            });
          }
          const differences: Difference[] = [];
          for (const each of wanted) {
            const from =
              options.from === undefined ? each.publishedVersion : parseVersion('--from', options.from);
            const newest = each.isRemoval ? null : each.version;
            const to = options.to === undefined ? newest : parseVersion('--to', options.to);
            const difference = await compare(client, each, from, to);
            if (difference !== null) differences.push(difference);
          }
          await printDifferences(io, differences, options.output as OutputFormat);
        }),
      ),
    );
}

/** Of one file; a version that is null is no file. */
interface Difference {
  serviceName: string;
  name: string;
  instanceId: number | null;
  from: number | null;
  to: number | null;
  /** As diff(1) -u writes it. */
  diff: string;
}

/** Null when there is none. */
async function compare(
  client: MasterClient,
  file: ConfigFile,
  from: number | null,
  to: number | null,
): Promise<Difference | null> {
  if (from === to) return null;
  const { serviceName, name, instanceId } = file;
  const key: ConfigKey = { serviceName, name, ...(instanceId === null ? {} : { instanceId }) };
  const textOf = async (version: number | null): Promise<string> =>
    version === null ? '' : (await client.call('config.read', { ...key, version })).text;
  const [before, after] = [await textOf(from), await textOf(to)];
  if (before === after) return null;
  const { unifiedDiff } = await import('../../format/text-diff.ts');
  const title = (version: number | null): string =>
    version === null ? '/dev/null' : `${configFileWords(file)} version ${version}`;
  return {
    serviceName,
    name,
    instanceId,
    from,
    to,
    diff: unifiedDiff(title(from), title(to), before, after),
  };
}

async function printDifferences(io: CliIo, rows: readonly Difference[], format: OutputFormat): Promise<void> {
  if (format === 'table') {
    for (const { diff } of rows) await printText(io, diff);
    return;
  }
  const listing = createListing({
    rows,
    columns: [],
    name: (each) => `config/${each.serviceName}/${configFileWords(each)}`,
    object: (each) => ({ ...each }),
  });
  await printListing(io, listing, format);
}
