import type { Command } from 'commander';
import type { InstanceView } from '../../../common/domain/instance.ts';
import { describeLimits } from '../../../common/domain/service.ts';
import { callChange } from '../../client/change.ts';
import { withMaster } from '../connect.ts';
import { INSTANCE_NAME_HELP } from '../instance-name.ts';
import type { CliIo } from '../io.ts';
import { addLimitOptions, changeLimits, NO_LIMIT, readLimitOptions } from '../limit-options.ts';
import { chooseInstances, reportOutcomes } from '../outcomes.ts';
import { addOutputOption, createListing, type OutputFormat, printListing } from '../output.ts';
import type { CliContext } from '../program.ts';

export function registerLimits(program: Command, { io, act }: CliContext): void {
  const command = program.command('limits').argument('<instance...>', 'ids, or service@node:port');
  addOutputOption(addLimitOptions(command))
    .description('show the limits of instances, or change them as they run')
    .addHelpText(
      'after',
      `\nWhat is not named stays as it is; "${NO_LIMIT}" lifts a limit. Nothing is restarted. With -o, what holds then is printed.\n${INSTANCE_NAME_HELP}\n\nExamples:\n` +
        `  sgrid limits web\n  sgrid limits web@alpha:8080 --memory 512 --cpu 1.5\n  sgrid limits web --pids ${NO_LIMIT}\n`,
    )
    .action(
      act(async (options, names) => {
        const changes = readLimitOptions(options);
        const format = options.output as OutputFormat;
        await withMaster(options, io, async (client) => {
          const { chosen, words } = await chooseInstances(client, names as string[]);
          if (Object.keys(changes).length === 0) {
            return printLimits(io, chosen, words, format);
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
          const isList = format !== 'table' && format !== 'wide';
          const failed = new Set(outcomes.flatMap(({ instanceId, error }) => (error ? instanceId : [])));
          if (isList) {
            const now = chosen.map((each) => {
              const limits = failed.has(each.instanceId) ? each.limits : wanted.get(each.instanceId);
              return { ...each, limits: limits ?? {} };
            });
            await printLimits(io, now, words, format);
          }
          const told = isList ? { ...io, stdout: io.stderr } : io;
          reportOutcomes(told, outcomes, words, 'limited', (id) => describeLimits(wanted.get(id) ?? {}));
        });
      }),
    );
}

type Limited = Pick<InstanceView, 'instanceId' | 'serviceName' | 'nodeId' | 'host' | 'port' | 'limits'>;

function printLimits(
  io: CliIo,
  rows: readonly Limited[],
  words: ReadonlyMap<number, string>,
  format: OutputFormat,
): Promise<void> {
  const listing = createListing({
    rows,
    columns: [
      { title: 'ID', align: 'right', text: ({ instanceId }) => String(instanceId) },
      { title: 'INSTANCE', text: ({ instanceId }) => words.get(instanceId) ?? '' },
      { title: 'LIMITS', text: ({ limits }) => describeLimits(limits) },
    ],
    name: ({ instanceId }) => `instance/${instanceId}`,
    object: ({ instanceId, serviceName, nodeId, host, port, limits }) => ({
      ...{ instanceId, serviceName, nodeId, host, port, limits },
    }),
  });
  return printListing(io, listing, format);
}
