import { NO_HEALTH } from '../../../common/domain/health.ts';
import type { InstanceStatus } from '../../../common/domain/instance.ts';
import type { Rollout, RolloutStep } from '../../../common/domain/rollout.ts';
import { nextMoves } from '../../../master/control/rollout.ts';
import type { RolloutMove, StepObservation } from '../../../master/control/rollout-move.ts';
import { inEnglish } from '../../support/in-english.ts';
import { rolloutOf, stepOf } from '../../support/rollouts.ts';

/** A rollout whose steps, of instances 1, 2, …, are in these states. */
export function rolloutIn(states: readonly RolloutStep['state'][], change: Partial<Rollout> = {}): Rollout {
  return rolloutOf({
    steps: states.map((state, at) =>
      stepOf({ instanceId: at + 1, state, reason: state === 'failed' ? 'broken' : '' }),
    ),
    ...change,
  });
}

export function releaseOf(releaseId: number) {
  return { releaseId, version: 'v', sha256: 'a'.repeat(64), sizeBytes: 1 };
}

/** Running with release 7 and revision 5, unless said otherwise. */
export function statusOf(change: Partial<InstanceStatus> = {}): InstanceStatus {
  return {
    instanceId: 1,
    revision: 5,
    state: 'running',
    reason: '',
    stateSince: 0,
    pid: 10,
    startedAt: 0,
    adopted: false,
    release: releaseOf(7),
    restarts: 0,
    lastExit: null,
    nextStartAt: null,
    cgroup: '',
    health: NO_HEALTH,
    ...change,
  };
}

export const PLAIN = { isChecked: false, completes: false, settleMs: 40_000 };
export const CHECKED = { isChecked: true, completes: false, settleMs: 40_000 };
export const SCRIPT = { isChecked: false, completes: true, settleMs: 900_000 };

/** An instance that runs release 7 well and is asked nothing. */
export function seen(change: Partial<StepObservation> = {}): StepObservation {
  return {
    exists: true,
    isGone: false,
    nodeUp: true,
    isWanted: true,
    isPrepared: false,
    ahead: 'untried',
    revision: 5,
    status: statusOf(),
    gate: PLAIN,
    busyMs: 0,
    waitedMs: 0,
    upMs: 0,
    downMs: 0,
    failure: null,
    ...change,
  };
}

export const AROUND = { nodeWaitMs: 60_000, nodeName: (nodeId: number) => `n${nodeId}` };

/** The moves of a rollout of which instance N is seen as `observations[N - 1]`, or well. */
export function movesOf(
  rollout: Rollout,
  ...observations: readonly Partial<StepObservation>[]
): RolloutMove[] {
  return inEnglish(nextMoves(rollout, ({ instanceId }) => seen(observations[instanceId - 1] ?? {}), AROUND));
}

/** "1 preparing, 2 preparing": the steps that change. */
export function changesOf(moves: readonly RolloutMove[]): string {
  return moves
    .flatMap((move) => (move.kind === 'step' ? `${move.position + 1} ${move.state}` : []))
    .join(', ');
}
