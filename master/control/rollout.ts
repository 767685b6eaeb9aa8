import {
  hasEnded,
  maxUnavailableOf,
  type Rollout,
  type RolloutState,
  type RolloutStep,
  stepName,
} from '../../common/domain/rollout.ts';
import { reasonOf, said, type Told } from '../../common/domain/said.ts';
import { fetchAhead } from './rollout-ahead.ts';
import { describeFailure, goalOf, hasFallen, isUp, judge } from './rollout-gate.ts';
import type { RolloutMove, RolloutSurroundings, StepObservation } from './rollout-move.ts';
import { hasFailed, isMoving, peerOf, stateWithoutTurn } from './rollout-peers.ts';

type Observations = readonly StepObservation[];

/**
 * The whole rollout as one pure decision: state in the database and what is observed → next moves, each about another thing,
 * so that they may go on side by side. Every move may be repeated after a crash: writes are transactions, `prepare`,
 * `apply` and `remove` are idempotent on the node.
 */
export function nextMoves(
  rollout: Rollout,
  observe: (step: RolloutStep) => StepObservation,
  around: RolloutSurroundings,
): RolloutMove[] {
  if (hasEnded(rollout)) return [];
  const seen = rollout.steps.map(observe);
  switch (rollout.state) {
    case 'aborting':
      return windUp(rollout, seen, around, 'aborted', reasonOf(rollout));
    case 'rolling-back':
      return goBack(rollout, seen, around);
    default:
      return goForward(rollout, seen, around);
  }
}

function goForward(rollout: Rollout, seen: Observations, around: RolloutSurroundings): RolloutMove[] {
  const { steps, options, state } = rollout;
  const fallen = positionsOf(steps, 'done').flatMap((position) => fallenStep(rollout, position, seen));
  if (fallen.length > 0) return fallen;
  const failed = steps.find(hasFailed);
  if (failed !== undefined) {
    const reason = said`${stepName(rollout, failed, around.nodeName)}: ${reasonOf(failed)}`;
    return options.onFailure === 'rollback'
      ? [{ kind: 'state', state: 'rolling-back', reason }]
      : windUp(rollout, seen, around, 'failed', reason);
  }
  if (steps.every((step) => step.state === 'done'))
    return [{ kind: 'state', state: 'succeeded', reason: '' }];
  if (!rollout.isPromoted && steps.slice(0, options.canary).every((step) => step.state === 'done'))
    return [{ kind: 'promote' }];
  const moving = movingPositions(rollout).filter((position) => !waitsForPeer(rollout, position));
  const underWay = [...positionsOf(steps, 'preparing', 'applying'), ...moving].map((position) =>
    carryOn(rollout, position, seen, around),
  );
  const relapsed = positionsOf(steps, 'done').filter((position) => hasRelapsed(seen[position]));
  const patience = relapsed.map((position): RolloutMove => waitForReturn(seen[position]));
  if (state === 'paused') return [...underWay, ...patience];
  const begun = begin(rollout, seen, underWay.length + relapsed.length);
  const ahead = fetchAhead(rollout, downFirst(positionsOf(steps, 'pending'), seen), seen);
  return [...begun, ...underWay, ...patience, ...ahead];
}

/** Begins as many pending steps as the options allow: of the canary alone until that is up. */
function begin(rollout: Rollout, seen: Observations, unavailable: number): RolloutMove[] {
  const { steps, options, isPromoted } = rollout;
  const turn = isPromoted ? steps.length : options.canary;
  const pending = positionsOf(steps, 'pending').filter(
    (position) => position < turn && steps[position]?.action !== 'retire',
  );
  const slots = maxUnavailableOf(options, steps.length) - unavailable;
  return downFirst(pending, seen)
    .slice(0, Math.max(0, slots))
    .map((position) => {
      const state = steps[position]?.action === 'stop' ? 'applying' : 'preparing';
      return seen[position]?.exists === true
        ? { kind: 'step', position, state, reason: '' }
        : { kind: 'step', position, state: 'failed', reason: REMOVED };
    });
}

/** Lets what is being changed come to its end, begins nothing more, and ends. */
function windUp(
  rollout: Rollout,
  seen: Observations,
  around: RolloutSurroundings,
  end: RolloutState,
  reason: Told,
): RolloutMove[] {
  const { steps } = rollout;
  const isHalfMoved = (position: number): boolean => {
    const step = steps[position];
    return step?.action === 'place' && peerOf(rollout, step)?.state === 'pending';
  };
  const fallen = positionsOf(steps, 'done').filter(isHalfMoved);
  const back = fallen.flatMap((position) => fallenStep(rollout, position, seen));
  if (back.length > 0) return back;
  const without = steps.flatMap((step, position): RolloutMove[] => {
    const state = stateWithoutTurn(rollout, step);
    return state === step.state ? [] : [{ kind: 'step', position, state, reason: '' }];
  });
  const moving = movingPositions(rollout);
  const underWay = [...positionsOf(steps, 'applying', 'reverting'), ...moving];
  const isTakenAway = without.some((move) => move.kind === 'step' && move.state === 'reverting');
  if (underWay.length === 0 && !isTakenAway) return [{ kind: 'state', state: end, reason }];
  return [...without, ...underWay.map((position) => carryOn(rollout, position, seen, around))];
}

/**
 * Gives every instance that was touched what it ran before. One on which that does not work does not keep the others from it:
 * each of them ran that release already.
 */
function goBack(rollout: Rollout, seen: Observations, around: RolloutSurroundings): RolloutMove[] {
  const { steps, options } = rollout;
  const underWay = positionsOf(steps, 'reverting').map((position) =>
    carryOn(rollout, position, seen, around),
  );
  const touched = positionsOf(steps, 'applying', 'done', 'failed').filter(
    (position) => steps[position]?.appliedAt !== null,
  );
  if (underWay.length + touched.length === 0) {
    const isWhole = steps.every((step) => step.state !== 'revert-failed');
    return [{ kind: 'state', state: isWhole ? 'rolled-back' : 'failed', reason: reasonOf(rollout) }];
  }
  const slots = maxUnavailableOf(options, steps.length) - underWay.length;
  const begun = downFirst(touched, seen)
    .slice(0, Math.max(0, slots))
    .map(
      (position): RolloutMove =>
        seen[position]?.exists === true
          ? {
              kind: 'step',
              position,
              state: 'reverting',
              reason: reasonOf(steps[position] ?? { reason: '' }),
            }
          : { kind: 'step', position, state: 'skipped', reason: REMOVED },
    );
  return [...begun, ...underWay];
}

const REMOVED = said`the instance was removed`;

/** The next move of one step that is under way. */
function carryOn(
  rollout: Rollout,
  position: number,
  all: Observations,
  around: RolloutSurroundings,
): RolloutMove {
  const step = rollout.steps[position];
  const seen = all[position];
  if (step === undefined || seen === undefined) return { kind: 'wait', forMs: Infinity };
  const isBackwards = step.state === 'reverting';
  const goal = goalOf(step);
  const to = (state: RolloutStep['state'], reason: Told = ''): RolloutMove => ({
    kind: 'step',
    position,
    state,
    reason,
  });
  // A new instance that did not come up is taken away again.
  const failure = step.action === 'place' ? 'reverting' : 'failed';
  const fail = (reason: Told): RolloutMove => to(isBackwards ? 'revert-failed' : failure, reason);
  if (step.action === 'retire' && step.state === 'pending') return giveWay(rollout, step, position, all);
  if (goal === 'gone' && seen.isGone) return isBackwards ? to('reverted', reasonOf(step)) : to('done');
  if (goal !== 'gone' && !seen.exists) return isBackwards ? to('skipped', REMOVED) : fail(REMOVED);
  if (seen.failure !== null) return fail(seen.failure);
  if (!seen.nodeUp) {
    const leftMs = around.nodeWaitMs - seen.waitedMs;
    if (leftMs > 0) return { kind: 'wait', forMs: leftMs };
    const later =
      goal === 'gone'
        ? said`; it is removed when it does`
        : isBackwards
          ? said`; it gets what it ran before when it does`
          : '';
    return fail(
      said`node ${around.nodeName(step.nodeId)} did not come back within ${around.nodeWaitMs / 1000} s${later}`,
    );
  }
  if (seen.busyMs > 0) return { kind: 'wait', forMs: seen.busyMs };
  if (step.state === 'preparing') return seen.isPrepared ? to('applying') : { kind: 'prepare', position };
  if (goal === 'gone') return { kind: 'remove', position };
  const verdict = judge(goal, seen, rollout.options.minReadyMs);
  switch (verdict.kind) {
    case 'behind':
      return goal === 'stopped' || seen.isPrepared
        ? { kind: 'apply', position }
        : { kind: 'prepare', position };
    case 'reached':
      return isBackwards ? to('reverted', reasonOf(step)) : to('done');
    case 'missed':
      return fail(verdict.reason);
    case 'wait':
      return verdict;
  }
}

/** The old instance of a move: its turn comes when the new one is up, and as long as it stays so. */
function giveWay(rollout: Rollout, step: RolloutStep, position: number, all: Observations): RolloutMove {
  const peer = peerOf(rollout, step);
  const at = peer === undefined ? -1 : rollout.steps.indexOf(peer);
  if (peer?.state !== 'done' || hasRelapsed(all[at])) return { kind: 'wait', forMs: Infinity };
  return { kind: 'step', position, state: 'applying', reason: '' };
}

function movingPositions(rollout: Rollout): number[] {
  return rollout.steps.flatMap((step, position) => (isMoving(rollout, step) ? [position] : []));
}

/** Its peer is counted as under way already. */
function waitsForPeer(rollout: Rollout, position: number): boolean {
  const step = rollout.steps[position];
  return step !== undefined && peerOf(rollout, step)?.state !== 'done';
}

/**
 * Of instances that may be begun, those that are down come first: that costs nothing, and as long as one of them waits no
 * other goes down (as the controller of Kubernetes' DaemonSet does it). Of a node that is away its last word counts.
 */
function downFirst(positions: readonly number[], seen: Observations): number[] {
  const isDown = (position: number): boolean => {
    const at = seen[position];
    return at !== undefined && !at.gate.completes && !isUp(at.status, at.gate);
  };
  return [...positions.filter(isDown), ...positions.filter((position) => !isDown(position))];
}

/** A program that had come up with this release, is wanted, and is down now. */
function hasRelapsed(seen: StepObservation | undefined): boolean {
  if (seen === undefined || !seen.exists || !seen.nodeUp || !seen.isWanted || seen.gate.completes)
    return false;
  return !isUp(seen.status, seen.gate);
}

function waitForReturn(seen: StepObservation | undefined): RolloutMove {
  return { kind: 'wait', forMs: seen === undefined ? Infinity : seen.gate.settleMs - seen.downMs };
}

/** What came up and did not stay up speaks against the release as much as what never did. */
function fallenStep(rollout: Rollout, position: number, all: Observations): RolloutMove[] {
  const seen = all[position];
  if (seen === undefined || !hasRelapsed(seen) || seen.status === null) return [];
  if (!hasFallen(seen.status, seen.gate) && seen.downMs < seen.gate.settleMs) return [];
  const reason = said`it came up, then: ${describeFailure(seen.status)}`;
  const step = rollout.steps[position];
  const peer = step === undefined ? undefined : peerOf(rollout, step);
  // As long as the old one has not been touched, the new one can still be taken away.
  return [{ kind: 'step', position, state: peer?.state === 'pending' ? 'reverting' : 'failed', reason }];
}

function positionsOf(steps: readonly RolloutStep[], ...states: readonly RolloutStep['state'][]): number[] {
  return steps.flatMap((step, position) => (states.includes(step.state) ? [position] : []));
}
