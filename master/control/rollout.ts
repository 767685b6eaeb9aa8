import type { InstanceStatus } from '../../common/domain/instance.ts';
import type { Rollout, RolloutStep } from '../../common/domain/rollout.ts';

/** What is known of the instance whose turn it is. All durations in milliseconds. */
export interface StepObservation {
  /** False when the instance was removed. */
  exists: boolean;
  nodeUp: boolean;
  /** The node has the release unpacked. Known only to the process that asked: asking again is harmless. */
  prepared: boolean;
  /** The revision that the rollout gave the instance, while `applying`. */
  revision: number;
  status: InstanceStatus | null;
  /** How long this step has been as it is: same step state, same state of the link. */
  waitedMs: number;
  /** How long the present process has been seen running. */
  runningMs: number;
  /** Error that the node answered with; null while there is none. Failures of the link are none. */
  failure: string | null;
}

export interface RolloutTimes {
  /** How long a program must run to count as come up. */
  minReadyMs: number;
  /** How long a rollout waits for a node that went away (an agent being upgraded), or for a master's agents to return. */
  nodeWaitMs: number;
  /** How long stopping the old program and starting the new one may take. */
  settleMs: number;
}

/** What to do next: exactly one thing. */
export type RolloutMove =
  | { kind: 'none' }
  /** Write a step's new state; with `applying` also the instance's release, in the same transaction. */
  | { kind: 'step'; position: number; state: RolloutStep['state']; reason: string }
  | { kind: 'prepare'; position: number }
  | { kind: 'apply'; position: number }
  /** Nothing until something changes, or `forMs` has passed. */
  | { kind: 'wait'; position: number; forMs: number }
  | { kind: 'finish'; state: 'succeeded' | 'failed' };

/**
 * The whole rollout as one pure decision: state in the database and what is observed → next move. Every move may be
 * repeated after a crash: `step` and `finish` are one transaction, `prepare` and `apply` are idempotent on the node.
 */
export function nextMove(
  rollout: Rollout,
  observe: (step: RolloutStep) => StepObservation,
  times: RolloutTimes,
): RolloutMove {
  if (rollout.state !== 'running') return { kind: 'none' };
  if (rollout.steps.some((step) => step.state === 'failed')) return { kind: 'finish', state: 'failed' };
  const position = rollout.steps.findIndex((step) => step.state !== 'done');
  const step = rollout.steps[position];
  if (step === undefined) return { kind: 'finish', state: 'succeeded' };

  const seen = observe(step);
  const fail = (reason: string): RolloutMove => ({ kind: 'step', position, state: 'failed', reason });
  if (!seen.exists) return fail('the instance was removed');
  if (seen.failure !== null) return fail(seen.failure);
  if (step.state === 'pending') return { kind: 'step', position, state: 'preparing', reason: '' };
  if (!seen.nodeUp) {
    if (seen.waitedMs < times.nodeWaitMs) {
      return { kind: 'wait', position, forMs: times.nodeWaitMs - seen.waitedMs };
    }
    return fail(`node ${step.nodeId} did not come back within ${times.nodeWaitMs / 1000} s`);
  }
  if (step.state === 'preparing') {
    return seen.prepared
      ? { kind: 'step', position, state: 'applying', reason: '' }
      : { kind: 'prepare', position };
  }
  return judgeApplying(rollout, position, seen, times);
}

function judgeApplying(
  rollout: Rollout,
  position: number,
  seen: StepObservation,
  times: RolloutTimes,
): RolloutMove {
  const { status } = seen;
  if (status === null || status.revision < seen.revision) return { kind: 'apply', position };
  const fail = (reason: string): RolloutMove => ({ kind: 'step', position, state: 'failed', reason });
  switch (status.state) {
    case 'running':
      if (status.release?.releaseId === rollout.releaseId) {
        return seen.runningMs >= times.minReadyMs
          ? { kind: 'step', position, state: 'done', reason: '' }
          : { kind: 'wait', position, forMs: times.minReadyMs - seen.runningMs };
      }
      break;
    case 'preparing':
    case 'starting':
    case 'stopping':
      break;
    default:
      return fail(describeFailure(status));
  }
  return seen.waitedMs < times.settleMs
    ? { kind: 'wait', position, forMs: times.settleMs - seen.waitedMs }
    : fail(`still ${status.state} after ${times.settleMs / 1000} s`);
}

/** "backoff: exited with code 3" */
function describeFailure({ state, reason, lastExit }: InstanceStatus): string {
  if (reason !== '') return `${state}: ${reason}`;
  if (lastExit === null) return state;
  const how =
    lastExit.signal === null
      ? `exited with code ${lastExit.code ?? 'unknown'}`
      : `ended by ${lastExit.signal}`;
  return `${state}: ${how}${lastExit.oomKilled ? ', out of memory' : ''}`;
}

/** The rollout behind a `step` or `finish` move. */
export function applyMove(rollout: Rollout, move: RolloutMove, now: number): Rollout {
  if (move.kind === 'step') {
    const steps = rollout.steps.map((step, position) =>
      position === move.position
        ? { ...step, ...progressOf(rollout, step, move.state), reason: move.reason }
        : step,
    );
    return { ...rollout, steps };
  }
  if (move.kind === 'finish') {
    const steps = rollout.steps.map((step) =>
      step.state === 'pending' ? { ...step, state: 'skipped' as const } : step,
    );
    return { ...rollout, steps, state: move.state, endedAt: now };
  }
  return rollout;
}

function progressOf(
  rollout: Rollout,
  step: RolloutStep,
  state: RolloutStep['state'],
): Pick<RolloutStep, 'state' | 'receivedBytes'> {
  const complete = state === 'applying' || state === 'done';
  return { state, receivedBytes: complete ? rollout.sizeBytes : step.receivedBytes };
}
