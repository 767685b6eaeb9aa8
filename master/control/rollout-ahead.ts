import type { Rollout } from '../../common/domain/rollout.ts';
import type { RolloutMove, StepObservation } from './rollout-move.ts';

/** Nodes that fetch at the same time for steps whose turn has not come. */
export const NODES_AHEAD = 16;

/**
 * Has nodes fetch what their steps will get, while others are at it: a turn then begins with what is there. It changes no
 * instance and no state, so it may be lost at any time, and fails nothing. A node is asked for one release at a time.
 *
 * @param turns positions of steps that have not been begun, in the order of their turns
 */
export function fetchAhead(
  { steps }: Pick<Rollout, 'steps'>,
  turns: readonly number[],
  seen: readonly StepObservation[],
): RolloutMove[] {
  const fetching = new Set(
    turns.flatMap((position) =>
      seen[position]?.ahead === 'under-way' ? (steps[position]?.nodeId ?? []) : [],
    ),
  );
  const taken = new Set(fetching);
  for (const { state, nodeId } of steps) if (state === 'preparing') taken.add(nodeId);
  return turns.flatMap((position): RolloutMove[] => {
    const step = steps[position];
    const at = seen[position];
    if (step === undefined || at === undefined || fetching.size >= NODES_AHEAD) return [];
    // Whoever restarts or stops has what there is to fetch.
    if (step.action !== 'deploy' && step.action !== 'place') return [];
    const isNeeded = at.exists && !at.isPrepared && at.ahead === 'untried';
    if (!isNeeded || !at.nodeUp || at.busyMs > 0 || taken.has(step.nodeId)) return [];
    fetching.add(step.nodeId);
    taken.add(step.nodeId);
    return [{ kind: 'fetch-ahead', position }];
  });
}
