import type { Command } from 'commander';
import type { InstanceView } from '../../../common/domain/instance.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { callChange } from '../../client/change.ts';
import { instanceWords } from '../../format/fleet-words.ts';
import { isUnanswered, NO_ANSWER } from '../../format/no-answer.ts';
import { withMaster } from '../connect.ts';
import { INSTANCE_NAME_HELP, resolveInstances } from '../instance-name.ts';
import { printLine } from '../io.ts';
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
            const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
            const chosen = resolveInstances(names as string[], fleet);
            const nodes = new Map(fleet.nodes.map((node) => [node.nodeId, node]));
            const words = new Map(chosen.map((each) => [each.instanceId, instanceWords(each, nodes)]));
            const { outcomes } = await callChange(client, request, { instanceIds: [...words.keys()] });
            const running = new Set(chosen.filter(runsAsWanted).map((each) => each.instanceId));
            for (const { instanceId, error } of outcomes) {
              const who = `${instanceId} (${words.get(instanceId) ?? ''})`;
              const isIdle = verb === 'start' && running.has(instanceId);
              if (error === null) printLine(io.stdout, `${who} ${isIdle ? 'already runs' : done}`);
              else {
                const what = isUnanswered(error.code) ? `${NO_ANSWER} (${error.message})` : error.message;
                printLine(io.stderr, `sgrid: ${who}: ${what}${error.hint ? ` — ${error.hint}` : ''}`);
              }
            }
            const failed = outcomes.flatMap(({ error }) => error ?? []);
            if (failed.length === 0) return;
            const refused = failed.find((error) => !isUnanswered(error.code));
            const code = refused?.code ?? 'timeout';
            const not = refused === undefined ? 'not known to be' : 'not';
            throw new SgridError(code, `${failed.length} of ${outcomes.length} ${not} ${done}`);
          }),
        ),
      );
  }
}

/** A start finds nothing to do here. */
function runsAsWanted({ desired, status }: InstanceView): boolean {
  return desired === 'running' && status?.state === 'running';
}
