import type { Command } from 'commander';
import { describeLimits } from '../../../common/domain/service.ts';
import { callChange } from '../../client/change.ts';
import { withMaster } from '../connect.ts';
import { INSTANCE_NAME_HELP } from '../instance-name.ts';
import { printLine } from '../io.ts';
import { addLimitOptions, changeLimits, NO_LIMIT, readLimitOptions } from '../limit-options.ts';
import { chooseInstances, reportOutcomes } from '../outcomes.ts';
import type { CliContext } from '../program.ts';

export function registerLimits(program: Command, { io, act }: CliContext): void {
  const command = program.command('limits').argument('<instance...>', 'ids, or service@node:port');
  addLimitOptions(command)
    .description('show the limits of instances, or change them as they run')
    .addHelpText(
      'after',
      `\nWhat is not named stays as it is; "${NO_LIMIT}" lifts a limit. Nothing is restarted.\n${INSTANCE_NAME_HELP}\n\nExamples:\n` +
        `  sgrid limits web\n  sgrid limits web@alpha:8080 --memory 512 --cpu 1.5\n  sgrid limits web --pids ${NO_LIMIT}\n`,
    )
    .action(
      act(async (options, names) => {
        const changes = readLimitOptions(options);
        await withMaster(options, io, async (client) => {
          const { chosen, words } = await chooseInstances(client, names as string[]);
          if (Object.keys(changes).length === 0) {
            for (const { instanceId, limits } of chosen)
              printLine(io.stdout, `${instanceId} (${words.get(instanceId)}) ${describeLimits(limits)}`);
            return;
          }
          const wanted = new Map(
            chosen.map(({ instanceId, limits }) => [instanceId, changeLimits(limits, changes)]),
          );
          // The request takes all limits for all of its instances, and they may differ in what was not named.
          const alike = Map.groupBy(wanted.keys(), (id) => JSON.stringify(wanted.get(id)));
          const outcomes = [];
          for (const instanceIds of alike.values()) {
            const limits = wanted.get(instanceIds[0] ?? 0);
            outcomes.push(
              ...(await callChange(client, 'instance.limit', { instanceIds, limits: limits ?? {} })).outcomes,
            );
          }
          reportOutcomes(io, outcomes, words, 'limited', (id) => describeLimits(wanted.get(id) ?? {}));
        });
      }),
    );
}
