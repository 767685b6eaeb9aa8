import type { Command } from 'commander';
import type { FleetSnapshot } from '../../../common/domain/fleet.ts';
import type { DrainPlan, DrainStep, NodeView } from '../../../common/domain/node.ts';
import { hasEnded } from '../../../common/domain/rollout.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { callChange } from '../../client/change.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { nodeWords } from '../../format/fleet-words.ts';
import { count } from '../../format/quantity.ts';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { resolveNode } from '../instance-name.ts';
import { type CliIo, printLine } from '../io.ts';
import { addOutputOption, ONE_THING, printObject } from '../output.ts';
import type { CliContext } from '../program.ts';
import { followRollouts, rolloutWords } from '../rollout-begin.ts';
import { parseTimeout, restartOptions } from '../rollout-options.ts';
import { formatTable, type TextColumn } from '../table.ts';

export function registerNodeDrain(node: Command, { io, act }: CliContext): void {
  addOutputOption(node.command('drain'), ONE_THING)
    .argument('<node>', 'alias or id of the node')
    .option('--move', 'move what can be moved, and leave the rest: this is the default')
    .option('--stop', 'stop all of it; with --move, only what cannot be moved')
    .option('--max-unavailable <count>', 'how many of a service at a time: a number, or a percentage', '1')
    .option('--min-ready <time>', "how long a new instance must be up and healthy (default: the master's)")
    .option('-m, --message <text>', 'why', '')
    .option('--dry-run', 'only say what would be done, and what is left of each service')
    .option('--no-wait', 'end as soon as it has begun; it goes on in the master')
    .option('--timeout <time>', 'how long it is waited for', '30m')
    .option('--abort', 'end what a drain of this node has under way; moves that have begun are finished')
    .description('cordon it, and move or stop all that should run on it')
    .addHelpText(
      'after',
      `
A moved instance gets another one on a node that is not cordoned first, with its release, limits and files; when that is up,
and healthy where it is checked, the old one is stopped and removed. One that does not come up is taken away again, and the old
one stays. What cannot be moved is named with the reason: no room, no free port, a container of the node, a script, a rollout
under way, or a protected service whose name was not given with --confirm. The exit status is 1 when something is left.

Examples:
  sgrid node drain alpha --dry-run
  sgrid node drain alpha --move --stop --timeout 1h
`,
    )
    .action(
      act(async (options, name) => {
        const timeoutMs = parseTimeout(options.timeout);
        const rolling = restartOptions(options);
        await withMaster(options, io, async (client) => {
          const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
          const { nodeId, alias } = resolveNode(String(name), fleet.nodes);
          if (options.output !== 'table' && options.dryRun !== true)
            throw new UsageError('-o is for --dry-run', 'what comes of a drain is in "sgrid get rollouts"');
          if (options.abort === true) return abortDrain(client, io, { nodeId, alias }, fleet);
          const stop = options.stop === true;
          const request = { nodeId, move: options.move === true || !stop, stop, options: rolling };
          const { plan } = await client.call('node.drain', { ...request, dryRun: true });
          const isDryRun = options.dryRun === true;
          if (isDryRun && options.output !== 'table')
            return printObject(io, plan, options.output as 'json' | 'yaml');
          printPlan(isDryRun ? io.stdout : io.stderr, plan, fleet, `node ${nodeId} (${alias})`);
          if (isDryRun) return;
          await drain(client, io, { ...request, message: String(options.message) }, fleet, {
            isWaiting: options.wait !== false,
            name: `node ${nodeId} (${alias})`,
            timeoutMs,
          });
        });
      }),
    );
}

async function drain(
  client: MasterClient,
  io: CliIo,
  request: Parameters<typeof callChange<'node.drain'>>[2],
  before: FleetSnapshot,
  { isWaiting, name, timeoutMs }: { isWaiting: boolean; name: string; timeoutMs: number },
): Promise<void> {
  const { plan, rollouts } = await callChange(client, 'node.drain', request);
  for (const rollout of rollouts) printLine(io.stdout, rolloutWords(rollout, before));
  if (isWaiting && rollouts.length > 0) {
    const after = await client.call('fleet.watch', { scope: { kind: 'all' } });
    const fleet = { ...after, instances: [...before.instances, ...after.instances] };
    const ending = `end it with: sgrid node drain ${plan.nodeId} --abort`;
    const onAbort = (): void => printLine(io.stderr, `sgrid: the drain goes on in the master; ${ending}`);
    io.signal.addEventListener('abort', onAbort, { once: true });
    try {
      await followRollouts(client, io, rollouts, fleet, timeoutMs);
    } finally {
      io.signal.removeEventListener('abort', onAbort);
    }
  }
  const left = plan.instances.filter(({ action }) => action === 'leave');
  const dealt = plan.instances.length - left.length;
  const done = isWaiting ? 'moved or stopped' : 'being moved or stopped';
  printLine(io.stdout, `${name} is cordoned: ${count(dealt, 'instance')} ${done}, ${left.length} left`);
  if (left.length === 0) return;
  throw new SgridError('conflict', `${count(left.length, 'instance')} left on ${name}`, {
    hint: 'the plan says why; --stop stops what cannot be moved',
  });
}

async function abortDrain(
  client: MasterClient,
  io: CliIo,
  { nodeId, alias }: Pick<NodeView, 'nodeId' | 'alias'>,
  fleet: FleetSnapshot,
): Promise<void> {
  const { rollouts } = await client.call('rollout.list', { limit: 200 });
  const open = rollouts.filter((each) => each.kind === 'drain' && each.nodeId === nodeId && !hasEnded(each));
  for (const { rolloutId } of open) {
    const { rollout } = await callChange(client, 'rollout.abort', { rolloutId });
    printLine(io.stdout, `${rolloutWords(rollout, fleet)}: ${rollout.state}`);
  }
  if (open.length === 0) printLine(io.stdout, `no drain of node ${nodeId} (${alias}) is under way`);
  else printLine(io.stderr, `it stays cordoned: sgrid node uncordon ${nodeId}`);
}

function printPlan(output: CliIo['stdout'], plan: DrainPlan, { nodes }: FleetSnapshot, name: string): void {
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const columns: TextColumn<DrainStep>[] = [
    { title: 'ID', align: 'right', text: ({ instanceId }) => String(instanceId) },
    { title: 'SERVICE', text: ({ serviceName }) => serviceName },
    { title: 'PORT', align: 'right', text: ({ port }) => String(port) },
    { title: 'ACTION', text: ({ action }) => action },
    {
      title: 'TO',
      text: ({ to }) => (to === null ? '' : `${nodeWords(byId.get(to.nodeId), to.nodeId)}:${to.port}`),
    },
    { title: 'REASON', text: ({ reason }) => reason },
  ];
  if (plan.instances.length === 0) printLine(output, `nothing is to run on ${name}`);
  else for (const line of formatTable(columns, plan.instances)) printLine(output, line);
  for (const { serviceName, stopped, remaining } of plan.services)
    printLine(output, `${serviceName}: ${stopped} stopped, ${remaining} remaining elsewhere`);
}
