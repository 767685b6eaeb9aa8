import { describeFailure, gateOf, hasFallen, isUp } from '../control/rollout-gate.ts';
import type { InstanceEntry } from '../fleet/fleet-model.ts';

/** What is known of an instance that has had its turn, or waits for it. Durations in milliseconds. */
export interface TurnObservation {
  entry: InstanceEntry;
  nodeUp: boolean;
  /** How long the present process has been seen up without a break. */
  upMs: number;
  /** How long it has been seen not up without a break. */
  downMs: number;
}

export type TurnMove =
  /** Nobody waits for a turn. */
  | { kind: 'done' }
  | { kind: 'give'; entry: InstanceEntry }
  /** Look again when something has changed, and after `forMs` at the latest. */
  | { kind: 'wait'; forMs: number }
  /** What was restarted is not up: the others keep what they have. */
  | { kind: 'halt'; instanceId: number; reason: string };

export interface TurnTimes {
  minReadyMs: number;
  nodeWaitMs: number;
}

/**
 * The next step of a rolling restart, out of what instances have and are to get alone: whoever waits has `nextConfig`, and
 * whoever had a turn has the revision that others wait for. So a master that was killed goes on where it was. Pure.
 */
export function nextTurn(seen: readonly TurnObservation[], times: TurnTimes): TurnMove {
  const waiting = seen
    .filter(({ entry }) => entry.record.nextConfig !== null)
    .sort((one, other) => one.entry.record.instanceId - other.entry.record.instanceId);
  if (waiting.length === 0) return { kind: 'done' };
  const revision = Math.max(...waiting.map(({ entry }) => entry.record.nextConfig?.revision ?? 0));
  const had = seen.filter(({ entry: { record } }) => {
    return record.nextConfig === null && record.config?.revision === revision && isRestarted(record);
  });
  let waitMs = Number.POSITIVE_INFINITY;
  for (const each of had) {
    const verdict = judgeTurn(each, times);
    if (verdict.kind === 'halt') return verdict;
    if (verdict.kind === 'wait') waitMs = Math.min(waitMs, verdict.forMs);
  }
  if (waitMs !== Number.POSITIVE_INFINITY) return { kind: 'wait', forMs: waitMs };
  // One whose node is away gets its turn when that is back, and does not hold up the others.
  const next = waiting.find(({ nodeUp }) => nodeUp);
  return next === undefined ? { kind: 'wait', forMs: waitMs } : { kind: 'give', entry: next.entry };
}

function isRestarted({ config, desired, release }: InstanceEntry['record']): boolean {
  return config?.action.kind === 'restart' && desired === 'running' && release !== null;
}

function judgeTurn(
  { entry: { record, status }, nodeUp, upMs, downMs }: TurnObservation,
  times: TurnTimes,
): TurnMove {
  const gate = gateOf(record.spec);
  const hasIt = status !== null && status.revision >= record.revision;
  if (nodeUp && hasIt && isUp(status, gate)) {
    return upMs >= times.minReadyMs ? { kind: 'done' } : { kind: 'wait', forMs: times.minReadyMs - upMs };
  }
  const halt = (reason: string): TurnMove => ({ kind: 'halt', instanceId: record.instanceId, reason });
  if (nodeUp && hasIt && hasFallen(status, gate)) return halt(describeFailure(status));
  const patienceMs = gate.settleMs + (nodeUp ? 0 : times.nodeWaitMs);
  if (downMs < patienceMs) return { kind: 'wait', forMs: patienceMs - downMs };
  const what = nodeUp ? (status?.state ?? 'unreported') : 'away with its node';
  return halt(`still ${what} after ${patienceMs / 1000} s`);
}
