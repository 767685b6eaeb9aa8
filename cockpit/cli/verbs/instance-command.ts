import type { Command } from 'commander';
import type { InstanceView } from '../../../common/domain/instance.ts';
import { callChange } from '../../client/change.ts';
import { parseCondition } from '../conditions.ts';
import { withMaster } from '../connect.ts';
import { INSTANCE_NAME_HELP } from '../instance-name.ts';
import { chooseInstances, reportOutcomes } from '../outcomes.ts';
import type { CliContext } from '../program.ts';
import { inParts } from '../rolling.ts';
import { parseTimeout } from '../rollout-options.ts';
import { waitForTargets } from './wait.ts';

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

const READY = parseCondition('ready');

function registerRestart(program: Command, { io, act }: CliContext): void {
  program
    .command('restart')
    .argument('<instance...>', 'ids, or service@node:port')
    .option(
      '--max-unavailable <count>',
      'rolling: so many at a time, a number or a percentage; the next when these are ready again',
    )
    .option('--timeout <time>', 'how long each part may take to be ready again', '5m')
    .description('stop and start instances; all at once, unless --max-unavailable is given')
    .addHelpText(
      'after',
      `
Ready means that it runs, and is healthy where that is checked. A rolling restart ends with the first part that does not
become so; the rest goes on running.
${INSTANCE_NAME_HELP}

Examples:
  sgrid restart web@alpha:8080
  sgrid restart service/web --max-unavailable 25%
`,
    )
    .action(
      act(async (options, names) => {
        const timeoutMs = parseTimeout(options.timeout);
        await withMaster(options, io, async (client) => {
          const { words } = await chooseInstances(client, names as string[]);
          const all = [...words.keys()];
          const restart = async (instanceIds: readonly number[]): Promise<void> => {
            const { outcomes } = await callChange(client, 'instance.restart', {
              instanceIds: [...instanceIds],
            });
            reportOutcomes(io, outcomes, words, 'restarted');
          };
          if (options.maxUnavailable === undefined) return restart(all);
          await inParts(io, all, String(options.maxUnavailable), async (part) => {
            await restart(part);
            const targets = part.map((id) => ({ id, words: words.get(id) ?? '' }));
            await waitForTargets(client, io, targets, READY, timeoutMs, io.stderr);
          });
        });
      }),
    );
}

/** A start finds nothing to do here. */
function runsAsWanted({ desired, status }: InstanceView): boolean {
  return desired === 'running' && status?.state === 'running';
}
