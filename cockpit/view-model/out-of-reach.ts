import type { InstanceView } from '../../common/domain/instance.ts';
import { nodeWords } from '../format/fleet-words.ts';
import type { Change, Confirm } from '../store/change.ts';
import type { CockpitState } from '../store/state.ts';
import { textLine } from './dialog.ts';
import type { Line } from './line.ts';

/** What only the agent there can do: the master refuses it while the node is not connected. */
const NEEDS_AGENT: ReadonlySet<Change['kind']> = new Set(['verb', 'restart', 'remove', 'limit', 'resolve']);

const MAX_NODES = 3;

/** That some of what is asked for cannot be done now. Of a rollout the master's plan says so, step by step. */
export function outOfReachLines(
  { fleet, t }: CockpitState,
  { change }: Confirm,
  targets: readonly InstanceView[],
): Line[] {
  if (!NEEDS_AGENT.has(change.kind)) return [];
  const away = targets.filter(({ nodeId }) => fleet.nodes.get(nodeId)?.link === 'down');
  if (away.length === 0) return [];
  const names = [...new Set(away.map(({ nodeId }) => nodeWords(fleet.nodes.get(nodeId), nodeId)))];
  const shown = names.slice(0, MAX_NODES).join(', ') + (names.length > MAX_NODES ? ', ...' : '');
  const values = { nodes: shown, instances: t.count(away.length, 'instance') };
  return [
    textLine(t('Agent not connected: {nodes}; nothing can be done to {instances} now.', values), 'bad'),
  ];
}
