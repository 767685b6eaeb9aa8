import type { Command } from 'commander';
import type { InstanceView } from '../../../common/domain/instance.ts';
import type { Rollout } from '../../../common/domain/rollout.ts';
import { callChange } from '../../client/change.ts';
import { parseCondition } from '../conditions.ts';
import { withMaster } from '../connect.ts';
import { INSTANCE_NAME_HELP } from '../instance-name.ts';
import { printLine } from '../io.ts';
import { chooseInstances, reportOutcomes } from '../outcomes.ts';
import type { CliContext } from '../program.ts';
import { followRollouts, rolloutWords } from '../rollout-begin.ts';
import { parseTimeout, restartOptions } from '../rollout-options.ts';
import { waitForTargets } from '../wait-for-targets.ts';

/** The verbs that do one thing to instances and are answered with one outcome each. */
const COMMANDS = [
  {
    verb: 'stop',
    done: 'stopped',
    request: 'instance.stop',
    description: 'stop instances; they stay stopped',
  },
  {
    verb: 'start',
    done: 'started',
    request: 'instance.start',
    description: 'start stopped or failed instances',
  },
] as const;

export function registerInstanceCommands(program: Command, context: CliContext): void {
  registerRestart(program, context);
  const { io, act } = context;
  for (const { verb, done, request, description } of COMMANDS) {
    program
      .command(verb)
      .argument('<instance...>', 'ids, or service@node:port')
      .description(description)
      .addHelpText(
        'after',
        `\n${INSTANCE_NAME_HELP}\n\nExamples:\n  sgrid ${verb} web@alpha:8080\n  sgrid ${verb} service/web\n`,
      )
      .action(
        act((options, names) =>
          withMaster(options, io, async (client) => {
            const { chosen, words } = await chooseInstances(client, names as string[]);
            const { outcomes } = await callChange(client, request, { instanceIds: [...words.keys()] });
            const running = new Set(chosen.filter(runsAsWanted).map((each) => each.instanceId));
            reportOutcomes(io, outcomes, words, done, (instanceId) =>
              verb === 'start' && running.has(instanceId) ? 'already runs' : done,
            );
          }),
        ),
      );
  }
}

function registerRestart(program: Command, { io, act }: CliContext): void {
  program
    .command('restart')
    .argument('<instance...>', 'ids, or service@node:port')
    .option('--max-unavailable <count>', 'how many of a service at a time: a number, or a percentage', '1')
    .option('--min-ready <time>', "how long each must be up and healthy (default: the master's)")
    .option('-m, --message <text>', 'why', '')
    .option('--all-at-once', 'no rollout: all of them now, whether they come up or not')
    .option('--wait', 'end when all are up again, and healthy where that is checked (default)')
    .option('--no-wait', 'end as soon as it has begun; it goes on by itself')
    .option('--timeout <time>', 'how long it is waited for', '10m')
    .description('stop and start instances, of each service one after another')
    .addHelpText(
      'after',
      `
Several instances of a service are restarted by a rollout, which the master carries on also without this command: the next has
its turn when the one before is up, and healthy where that is checked, and one that does not come up ends it. See
"sgrid rollout". One instance by itself is restarted at once.
Ends with 1 when one does not come up again, and with 4 when that takes longer than --timeout.
${INSTANCE_NAME_HELP}

Examples:
  sgrid restart web@alpha:8080
  sgrid restart service/web --max-unavailable 25%
`,
    )
    .action(
      act(async (options, names) => {
        const timeoutMs = parseTimeout(options.timeout);
        const rolling = restartOptions(options);
        await withMaster(options, io, async (client) => {
          const { chosen, words } = await chooseInstances(client, names as string[]);
          const services = groupBy(chosen, ({ serviceId }) => serviceId);
          const isRolling = (group: readonly InstanceView[]): boolean =>
            group.length > 1 && options.allAtOnce !== true;
          const plain = services.filter((group) => !isRolling(group)).flat();
          const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
          const rollouts: Rollout[] = [];
          for (const group of services.filter(isRolling)) {
            const request = {
              kind: 'restart' as const,
              instanceIds: group.map(({ instanceId }) => instanceId),
              message: String(options.message),
              options: rolling,
            };
            const { rollout } = await callChange(client, 'rollout.create', request);
            printLine(io.stdout, rolloutWords(rollout, fleet));
            rollouts.push(rollout);
          }
          if (plain.length > 0) {
            const instanceIds = plain.map(({ instanceId }) => instanceId);
            const { outcomes } = await callChange(client, 'instance.restart', { instanceIds });
            reportOutcomes(io, outcomes, words, 'restarted');
          }
          if (options.wait === false) return;
          const targets = plain.map(({ instanceId }) => ({
            id: instanceId,
            words: words.get(instanceId) ?? '',
          }));
          await Promise.all([
            followRollouts(client, io, rollouts, fleet, timeoutMs),
            targets.length > 0 && waitForTargets(client, io, targets, parseCondition('ready'), timeoutMs),
          ]);
        });
      }),
    );
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => number): T[][] {
  const groups = new Map<number, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
}

/** A start finds nothing to do here. */
function runsAsWanted({ desired, status }: InstanceView): boolean {
  return desired === 'running' && status?.state === 'running';
}
