import type { Command } from 'commander';
import { callChange } from '../../client/change.ts';
import { withMaster } from '../connect.ts';
import { INSTANCE_NAME_HELP } from '../instance-name.ts';
import { chooseInstances, reportOutcomes } from '../outcomes.ts';
import type { CliContext } from '../program.ts';

export function registerInstanceRemove(instance: Command, { io, act }: CliContext): void {
  instance
    .command('remove')
    .argument('<instance...>', 'ids, or service@node:port')
    .description('stop instances, and forget them here and on their nodes')
    .addHelpText('after', `\n${INSTANCE_NAME_HELP}\n\nExample:\n  sgrid instance remove web@alpha:8080\n`)
    .action(
      act((options, names) =>
        withMaster(options, io, async (client) => {
          const { words } = await chooseInstances(client, names as string[]);
          const instanceIds = [...words.keys()];
          const { outcomes } = await callChange(client, 'instance.remove', { instanceIds });
          reportOutcomes(io, outcomes, words, 'removed');
        }),
      ),
    );
}
