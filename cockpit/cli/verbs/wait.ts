import type { Command } from 'commander';
import type { Rollout } from '../../../common/domain/rollout.ts';
import { toWireError } from '../../../common/protocol/errors.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { instanceWords, nodeWords } from '../../format/fleet-words.ts';
import type { FleetState } from '../../store/state.ts';
import { CONDITION_HELP, type Condition, parseCondition } from '../conditions.ts';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { findRollout } from '../find-rollout.ts';
import { INSTANCE_NAME_HELP, resolveInstances, resolveNode } from '../instance-name.ts';
import type { CliIo } from '../io.ts';
import type { CliContext } from '../program.ts';
import { followRollout } from '../rollout-begin.ts';
import { parseTimeout } from '../rollout-options.ts';
import { type WaitTarget, waitForTargets } from '../wait-for-targets.ts';
import { waitUntil } from '../wait-until.ts';

export function registerWait(program: Command, { io, act }: CliContext): void {
  program
    .command('wait')
    .argument('<name...>', 'instances, nodes, or rollouts: rollout/12, rollout/web for the latest of web')
    .option('--for <condition>', 'what is waited for', 'ready')
    .option('--timeout <time>', 'how long at most', '5m')
    .description('wait until instances, nodes or a rollout are as wanted')
    .addHelpText(
      'after',
      `
${CONDITION_HELP}
A rollout is waited for to its end, and fails when that does. Waiting ends at once for what has given up.
${INSTANCE_NAME_HELP}

Examples:
  sgrid wait web@alpha --timeout 30s
  sgrid wait service/web --for health=healthy
  sgrid wait node/alpha --for up
  sgrid wait rollout/12 --timeout 10m
  sgrid wait rollout/web
`,
    )
    .action(
      act(async (options, given) => {
        const names = given as string[];
        const timeoutMs = parseTimeout(options.timeout);
        const condition = parseCondition(String(options.for));
        const rollouts = names.filter((name) => name.startsWith('rollout/'));
        if (rollouts.length > 0 && rollouts.length < names.length)
          throw new UsageError('rollouts are waited for by themselves', 'name nothing else beside them');
        await withMaster(options, io, async (client) => {
          if (rollouts.length === 0) return waitForThings(client, io, names, condition, timeoutMs);
          await waitForRollouts(client, io, rollouts, timeoutMs);
        });
      }),
    );
}

/** What they are now: a rollout of a service that begins later is another one. */
async function waitForRollouts(
  client: MasterClient,
  io: CliIo,
  names: readonly string[],
  timeoutMs: number,
): Promise<void> {
  const deadlineAt = io.clock() + timeoutMs;
  const rollouts: Rollout[] = [];
  for (const name of names) rollouts.push(await findRollout(client, name));
  const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
  for (const rollout of rollouts)
    await followRollout(client, io, rollout, fleet, { timeoutMs: Math.max(1, deadlineAt - io.clock()) });
}

async function waitForThings(
  client: MasterClient,
  io: CliIo,
  names: readonly string[],
  condition: Condition,
  timeoutMs: number,
): Promise<void> {
  const deadlineAt = io.clock() + timeoutMs;
  if (condition.text === 'up') await waitForNodesToJoin(client, io, names, timeoutMs);
  const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
  const nodes = new Map(fleet.nodes.map((node) => [node.nodeId, node]));
  const targets: WaitTarget[] =
    condition.of === 'node'
      ? names.map((name) => {
          const node = resolveNode(name, fleet.nodes);
          return { id: node.nodeId, words: nodeWords(node, node.nodeId) };
        })
      : resolveInstances(names, fleet).map((each) => ({
          id: each.instanceId,
          words: instanceWords(each, nodes),
        }));
  await waitForTargets(client, io, targets, condition, Math.max(1, deadlineAt - io.clock()));
}

/** A node that is being set up is not known before it joins. */
function waitForNodesToJoin(
  client: MasterClient,
  io: CliIo,
  names: readonly string[],
  timeoutMs: number,
): Promise<true> {
  const missing = ({ nodes }: FleetState): string[] =>
    names.filter((name) => {
      try {
        resolveNode(name, [...nodes.values()]);
        return false;
      } catch (error) {
        if (toWireError(error).code === 'not_found') return true;
        throw error;
      }
    });
  return waitUntil(client, {
    timeoutMs,
    signal: io.signal,
    clock: io.clock,
    decide: (state) => (missing(state).length === 0 ? true : null),
    pending: (state) => `${missing(state).join(', ')} not joined`,
  });
}
