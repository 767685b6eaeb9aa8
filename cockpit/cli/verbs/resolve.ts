import type { Command } from 'commander';
import { callChange } from '../../client/change.ts';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { INSTANCE_NAME_HELP } from '../instance-name.ts';
import { chooseInstances, reportOutcomes } from '../outcomes.ts';
import type { CliContext } from '../program.ts';

export function registerResolve(program: Command, { io, act }: CliContext): void {
  program
    .command('resolve')
    .argument('<instance...>', 'ids, or service@node:port')
    .option('--kill', 'end all that can be found of them')
    .option(
      '--ended',
      'you have looked: nothing of them runs any more; refused while something is to be seen',
    )
    .description('end the doubt about instances in state unknown; then they do what is wanted of them')
    .addHelpText(
      'after',
      `\nAn instance is unknown when its process cannot be identified; why is in "sgrid get instances -o json" (status.reason)` +
        ` and in\nthe events. Until somebody resolves it, nothing of it is signalled or started.\n\n${INSTANCE_NAME_HELP}\n\n` +
        'Example:\n  sgrid resolve web@alpha:8080 --ended\n',
    )
    .action(
      act(async (options, names) => {
        if ((options.kill === true) === (options.ended === true))
          throw new UsageError('say how: either --kill or --ended', 'see "sgrid resolve --help"');
        const how = options.kill === true ? 'kill' : 'ended';
        await withMaster(options, io, async (client) => {
          const { words } = await chooseInstances(client, names as string[]);
          const instanceIds = [...words.keys()];
          const { outcomes } = await callChange(client, 'instance.resolve', { instanceIds, how });
          reportOutcomes(io, outcomes, words, 'resolved');
        });
      }),
    );
}
