import type { DrainPlan } from '../../common/domain/node.ts';
import type { RestartOptions, Rollout } from '../../common/domain/rollout.ts';
import { inBrackets, said, type Told } from '../../common/domain/said.ts';
import { mapBounded } from '../background.ts';
import { beginDrain } from '../control/drain-begin.ts';
import { planDrain } from '../control/drain-plan.ts';
import { portsInUse } from '../control/port-use.ts';
import type { NodeRecord } from '../store/nodes.ts';
import type { HandlerDependencies } from './context.ts';

/** Nodes that are asked for their ports at the same time. */
const AT_ONCE = 16;

interface DrainRequest {
  confirm: readonly string[];
  move: boolean;
  stop: boolean;
  message: string;
  options: RestartOptions;
  dryRun: boolean;
}

/** Plans to clear a node, and begins that unless only asked to: the cordon and all rollouts are one transaction. */
export async function drainNode(
  deps: HandlerDependencies,
  node: NodeRecord,
  { confirm, move, stop, message, options, dryRun }: DrainRequest,
  actor: string,
): Promise<{ plan: DrainPlan; rollouts: Rollout[] }> {
  const { store, fleet, events, relay, rollouts, minReadyMs, now } = deps;
  const services = await store.services.list();
  const open = await store.rollouts.open();
  const free = new Map(
    fleet.snapshot({ kind: 'all' }, now()).samples.map(({ nodeId, node: figures }) => {
      return [nodeId, figures.memoryTotalBytes - figures.memoryUsedBytes];
    }),
  );
  const others = fleet.upNodeIds().filter((id) => id !== node.nodeId && fleet.node(id)?.isCordoned === false);
  const inUse = new Map(
    move ? await mapBounded(others, AT_ONCE, async (id) => [id, await portsInUse(relay, id)] as const) : [],
  );
  const view = {
    ...{ fleet, services, open, confirmed: new Set(confirm) },
    inUse: (nodeId: number) => inUse.get(nodeId) ?? new Set<number>(),
    freeBytes: (nodeId: number) => free.get(nodeId) ?? null,
  };
  const plan = planDrain(view, node, { move, stop });
  if (dryRun) return { plan, rollouts: [] };
  const order = { actor, message, options: { ...options, minReadyMs: options.minReadyMs ?? minReadyMs } };
  const begun = await events.transaction(async (repositories, record) => {
    const cordoned = node.isCordoned
      ? node
      : await repositories.nodes.change(node.nodeId, { isCordoned: true });
    await record({ kind: 'command', actor, nodeId: node.nodeId, message: describe(node, plan, message) });
    return { cordoned, ...(await beginDrain(repositories, record, fleet, plan, { ...order, now: now() })) };
  });
  // Of when it was last seen, the memory is ahead of the database.
  const lastSeenAt = fleet.node(node.nodeId)?.lastSeenAt ?? begun.cordoned.lastSeenAt;
  fleet.putNode({ ...begun.cordoned, lastSeenAt }, fleet.isUp(node.nodeId));
  for (const created of begun.created) fleet.putInstance(created);
  for (const rollout of begun.rollouts) rollouts.start(rollout);
  return { plan: { ...plan, isCordoned: true }, rollouts: begun.rollouts };
}

function describe({ nodeId, alias }: NodeRecord, { instances }: DrainPlan, message: string): Told {
  const count = (action: DrainPlan['instances'][number]['action']): number =>
    instances.filter((each) => each.action === action).length;
  const counts = [
    count('move') > 0 ? [said`${count('move')} to move`] : [],
    count('stop') > 0 ? [said`${count('stop')} to stop`] : [],
    count('leave') > 0 ? [said`${count('leave')} to leave`] : [],
  ].flat();
  const what =
    counts.length === 0 ? said`nothing runs there` : counts.reduce((all, each) => said`${all}, ${each}`);
  return said`drain node ${nodeId} (${alias}): ${what}${inBrackets(message)}`;
}
