import type { Command } from 'commander';
import { callChange } from '../../client/change.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { addInstanceOption, type ConfigKey, configKeyOf, messageOf } from '../config-file.ts';
import { withMaster } from '../connect.ts';
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
      '\nWhat is refused is kept in a file that is named.\n\nExample:\n  sgrid config edit web app.json\n',
    )
    .action(
      act((options, service, file) =>
        withMaster(options, io, async (client) => {
          const key = await configKeyOf(client, service, file, options.instance);
          const { text, version } = await newest(client, key);
          const { editFile } = await import('../edit-file.ts');
          await editFile(io, key.name, text, (changed) =>
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
