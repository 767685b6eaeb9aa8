import type { Command } from 'commander';
import type { FleetSnapshot } from '../../../common/domain/fleet.ts';
import { hasEnded, type Rollout, type RolloutStep } from '../../../common/domain/rollout.ts';
import { callChange } from '../../client/change.ts';
import { stepInstanceWords } from '../../format/fleet-words.ts';
import { plainText } from '../../format/plain-text.ts';
import { formatSpan } from '../../format/time.ts';
import { withMaster } from '../connect.ts';
import { findRollout } from '../find-rollout.ts';
import { type CliIo, printLine } from '../io.ts';
import { addOutputOption, ONE_THING, printObject } from '../output.ts';
import type { CliContext } from '../program.ts';
import { followRollout } from '../rollout-begin.ts';
import { parseTimeout } from '../rollout-options.ts';
import { formatTable, type TextColumn } from '../table.ts';

/** What can be asked of a rollout that has not ended. */
const CONTROLS = [
  {
    verb: 'pause',
    request: 'rollout.pause',
    description: 'begin no further instance; what is under way finishes',
  },
  { verb: 'resume', request: 'rollout.resume', description: 'go on with one that is paused' },
  {
    verb: 'abort',
    request: 'rollout.abort',
    description: 'end it: what is under way finishes, the rest is skipped',
  },
] as const;

const DEFAULT_TIMEOUT = '10m';

const NAME = ['<rollout>', 'its number, or a service for its latest'] as const;

export function registerRollout(program: Command, { io, act }: CliContext): void {
  const rollout = program
    .command('rollout')
    .description('look at a rollout, pause it, resume it, end it')
    .addHelpText(
      'after',
      `
Examples:
  sgrid rollout status web
  sgrid rollout resume 12
  sgrid rollout abort web --rollback --wait
`,
    );
  for (const { verb, request, description } of CONTROLS) {
    const command = rollout
      .command(verb)
      .argument(...NAME)
      .description(description);
    // Nothing says when a pause is over.
    if (verb !== 'pause') addWait(command);
    if (verb === 'abort')
      command.option('--rollback', 'give every instance that it changed what that ran before');
    command.addHelpText('after', `\nExample:\n  sgrid rollout ${verb} 12\n`).action(
      act(async (options, name) => {
        const timeoutMs = parseTimeout(options.timeout ?? DEFAULT_TIMEOUT);
        await withMaster(options, io, async (client) => {
          const { rolloutId } = await findRollout(client, String(name));
          const payload = { rolloutId, rollback: options.rollback === true };
          const { rollout: now } = await callChange(client, request, payload);
          printLine(io.stdout, `rollout ${rolloutId}: ${now.state}`);
          if (options.wait !== true) return;
          const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
          const end = options.rollback === true ? 'rolled-back' : 'aborted';
          const hope = verb === 'abort' ? end : 'succeeded';
          await followRollout(client, io, now, fleet, { timeoutMs, hope });
        });
      }),
    );
  }
  addOutputOption(addWait(rollout.command('status').argument(...NAME)), ONE_THING)
    .description('show a rollout, instance by instance')
    .addHelpText('after', '\nExamples:\n  sgrid rollout status web\n  sgrid rollout status 12 --wait\n')
    .action(
      act(async (options, name) => {
        const timeoutMs = parseTimeout(options.timeout);
        await withMaster(options, io, async (client) => {
          const found = await findRollout(client, String(name));
          const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
          if (options.wait === true) await followRollout(client, io, found, fleet, { timeoutMs });
          const { rollout: now } = await client.call('rollout.get', found);
          if (options.output !== 'table') await printObject(io, now, options.output as 'json' | 'yaml');
          else printRollout(io, now, fleet);
        });
      }),
    );
}

function addWait(command: Command): Command {
  return command
    .option('--wait', 'wait for the end (or the pause after the canary), and fail when it fails')
    .option('--timeout <time>', 'how long --wait waits', DEFAULT_TIMEOUT);
}

function printRollout(io: CliIo, rollout: Rollout, fleet: FleetSnapshot): void {
  const { rolloutId, serviceName, version, state, actor, message, reason, startedAt, endedAt } = rollout;
  const took = `${hasEnded(rollout) ? 'took' : 'for'} ${formatSpan((endedAt ?? io.clock()) - startedAt)}`;
  printLine(io.stdout, `rollout ${rolloutId}: ${serviceName} ${version}, by ${plainText(actor)}`);
  printLine(io.stdout, `state:   ${state}, ${took}`);
  if (reason !== '') printLine(io.stdout, `reason:  ${plainText(reason)}`);
  if (message !== '') printLine(io.stdout, `message: ${plainText(message)}`);
  const nodes = new Map(fleet.nodes.map((node) => [node.nodeId, node]));
  const columns: TextColumn<RolloutStep>[] = [
    { title: 'ID', align: 'right', text: ({ instanceId }) => String(instanceId) },
    { title: 'INSTANCE', text: (step) => stepInstanceWords(rollout, step, nodes) },
    { title: 'STEP', text: (step) => step.state },
    { title: 'FROM', text: ({ previous }) => previous?.version ?? '' },
    { title: 'TO', text: ({ release }) => release.version },
    { title: 'REASON', text: (step) => step.reason },
  ];
  for (const line of formatTable(columns, rollout.steps)) printLine(io.stdout, line);
}
