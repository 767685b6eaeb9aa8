import type { InstanceFigures } from '../../common/domain/figures.ts';
import type { InstanceView } from '../../common/domain/instance.ts';
import type { NodeView } from '../../common/domain/node.ts';
import type { FleetState } from '../store/state.ts';

/** All that a row of the instances table is made of. */
export interface InstanceRow {
  readonly view: InstanceView;
  readonly node: NodeView | undefined;
  readonly figures: InstanceFigures | undefined;
  readonly history: readonly (number | null)[];
  /** Null while no process runs. */
  readonly uptimeMs: number | null;
  /** The clock of its node, which its times are in. */
  readonly nodeNow: number;
}

export function instanceRow(fleet: FleetState, view: InstanceView, now: number): InstanceRow {
  const node = fleet.nodes.get(view.nodeId);
  const startedAt = view.status?.startedAt ?? null;
  const nodeNow = now + fleet.masterOffsetMs - (node?.clockOffsetMs ?? 0);
  const isAlive = view.status !== null && view.status.pid !== null;
  // Whether it still runs on a node that is down nobody knows: its uptime is the one that was heard of last.
  const heardAt =
    node?.link === 'down' && node.lastSeenAt !== null ? node.lastSeenAt - node.clockOffsetMs : nodeNow;
  return {
    view,
    node,
    figures: fleet.figures.get(view.instanceId),
    history: fleet.cpuHistory.get(view.instanceId) ?? [],
    uptimeMs: startedAt === null || !isAlive ? null : Math.max(0, Math.min(nodeNow, heardAt) - startedAt),
    nodeNow,
  };
}
