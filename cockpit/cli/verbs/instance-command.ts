import type { Command } from 'commander';
import type { InstanceView } from '../../../common/domain/instance.ts';
import { callChange } from '../../client/change.ts';
import { withMaster } from '../connect.ts';
import { INSTANCE_NAME_HELP } from '../instance-name.ts';
import { chooseInstances, reportOutcomes } from '../outcomes.ts';
import type { CliContext } from '../program.ts';

/** The verbs that do one thing to instances and are answered with one outcome each. */
const COMMANDS = [
  {
    verb: 'restart',
    done: 'restarted',
    request: 'instance.restart',
    description: 'stop and start instances',
  },
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

export function registerInstanceCommands(program: Command, { io, act }: CliContext): void {
  for (const { verb, done, request, description } of COMMANDS) {
    program
      .command(verb)
      .argument('<instance...>', 'ids, or service@node:port')
      .description(description)
      .addHelpText('after', `\n${INSTANCE_NAME_HELP}\n\nExample:\n  sgrid ${verb} web@alpha:8080\n`)
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

/** A start finds nothing to do here. */
function runsAsWanted({ desired, status }: InstanceView): boolean {
  return desired === 'running' && status?.state === 'running';
}
