import type { Command } from 'commander';
import type { ConfigFile, ConfigVersion } from '../../../common/domain/config-file.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { formatBytes } from '../../format/quantity.ts';
import { formatDate } from '../../format/time.ts';
import { addInstanceOption, type ConfigKey, configKeyOf, parseVersion } from '../config-file.ts';
import { withMaster } from '../connect.ts';
import type { CliIo } from '../io.ts';
import { addOutputOption, createListing, type OutputFormat, printListing } from '../output.ts';
import type { CliContext } from '../program.ts';
import type { TextColumn } from '../table.ts';

export function registerConfigRead(config: Command, context: CliContext): void {
  registerList(config, context);
  registerGet(config, context);
  registerHistory(config, context);
  registerDiff(config, context);
}

const VERSION_COLUMNS: readonly TextColumn<ConfigVersion>[] = [
  { title: 'VERSION', align: 'right', text: ({ version }) => String(version) },
  {
    title: 'SIZE',
    align: 'right',
    text: (each) => (each.isRemoval ? 'removed' : formatBytes(each.sizeBytes)),
  },
  { title: 'AT', text: ({ at }) => formatDate(at).replace(' ', 'T') },
  { title: 'BY', text: ({ actor }) => actor },
  { title: 'MESSAGE', text: ({ message }) => message },
];

const FILE_COLUMNS: readonly TextColumn<ConfigFile>[] = [
  { title: 'FILE', text: ({ name }) => name },
  { title: 'INSTANCE', align: 'right', text: ({ instanceId }) => String(instanceId ?? 'all') },
  ...VERSION_COLUMNS.slice(0, 1),
  { title: 'PUBLISHED', align: 'right', text: (each) => String(each.publishedVersion ?? '') },
  ...VERSION_COLUMNS.slice(1),
];

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
        const rows = files.filter((each) => !each.isRemoval || each.publishedVersion !== null);
        const listing = createListing({
          rows,
          columns: FILE_COLUMNS,
          name: ({ name, instanceId }) => (instanceId === null ? name : `${name}@${instanceId}`),
          object: (each) => ({ ...each }),
        });
        await printListing(io, listing, options.output as OutputFormat);
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
          const listing = createListing({
            rows: versions,
            columns: VERSION_COLUMNS,
            name: ({ version }) => String(version),
            object: (each) => ({ ...each }),
          });
          await printListing(io, listing, options.output as OutputFormat);
        }),
      ),
    );
}

function registerDiff(config: Command, { io, act }: CliContext): void {
  addInstanceOption(
    config
      .command('diff')
      .argument('<service>', 'the service')
      .argument('[file]', 'default: all that differ'),
  )
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
          for (const each of wanted) {
            const from =
              options.from === undefined ? each.publishedVersion : parseVersion('--from', options.from);
            const newest = each.isRemoval ? null : each.version;
            const to = options.to === undefined ? newest : parseVersion('--to', options.to);
            await printDiff(client, io, each, from, to);
          }
        }),
      ),
    );
}

/** As diff(1) -u writes it. A version that is null is no file. */
async function printDiff(
  client: MasterClient,
  io: CliIo,
  { serviceName, name, instanceId }: ConfigFile,
  from: number | null,
  to: number | null,
): Promise<void> {
  if (from === to) return;
  const key: ConfigKey = { serviceName, name, ...(instanceId === null ? {} : { instanceId }) };
  const textOf = async (version: number | null): Promise<string> =>
    version === null ? '' : (await client.call('config.read', { ...key, version })).text;
  const [before, after] = [await textOf(from), await textOf(to)];
  if (before === after) return;
  const { unifiedDiff } = await import('../../format/text-diff.ts');
  const label = `${name}${instanceId === null ? '' : `@${instanceId}`}`;
  const titles = [from, to].map((version) =>
    version === null ? '/dev/null' : `${label} version ${version}`,
  );
  await printText(io, unifiedDiff(titles[0] ?? '', titles[1] ?? '', before, after));
}
