import type { ActiveHealthCheck, HealthState } from '../../common/domain/health.ts';
import type { Told } from '../../common/domain/said.ts';

/** What one check found. */
export type ProbeResult = { ok: true } | { ok: false; reason: Told };

/** Where the checks of a run stand. */
export interface HealthProgress {
  readonly state: Exclude<HealthState, 'none'>;
  /** Why the last check failed; empty when it did not. */
  readonly reason: Told;
  /** Failures in a row that count. */
  readonly failures: number;
  /** Successes in a row. */
  readonly successes: number;
  /** When a failure was last counted, on the monotonic clock in milliseconds; null before the first. */
  readonly countedAtMs: number | null;
}

/** A program that starts is asked at least so often: it should be found soon, not after a whole interval. */
const STARTING_INTERVAL_MS = 1000;
/** All that was adopted at once is checked within this time, and not in the same moment. */
const FIRST_CHECK_WITHIN_MS = 1000;
/**
 * How soon a program that was just started is first asked; then after twice as long each time. A command is a process, and
 * takes longer to begin than most programs to answer.
 */
const FIRST_PAUSE_MS = { tcp: 5, http: 5, command: 50 };

export function beginProgress(
  state: HealthProgress['state'] = 'starting',
  reason: Told = '',
): HealthProgress {
  return { state, reason, failures: 0, successes: 0, countedAtMs: null };
}

/** Where the checks stand after one more. Pure. */
export function nextProgress(
  check: ActiveHealthCheck,
  before: HealthProgress,
  result: ProbeResult,
  at: { nowMs: number; inStartPeriod: boolean },
): HealthProgress {
  return result.ok
    ? afterSuccess(check, before)
    : afterFailure(check, before, result.reason, at.nowMs, at.inStartPeriod);
}

function afterSuccess(check: ActiveHealthCheck, before: HealthProgress): HealthProgress {
  const successes = before.successes + 1;
  const passed = before.state !== 'unhealthy' || successes >= check.successThreshold;
  return {
    state: passed ? 'healthy' : 'unhealthy',
    reason: passed ? '' : before.reason,
    failures: 0,
    successes,
    countedAtMs: null,
  };
}

function afterFailure(
  check: ActiveHealthCheck,
  before: HealthProgress,
  reason: Told,
  nowMs: number,
  inStartPeriod: boolean,
): HealthProgress {
  const failed = { ...before, reason, successes: 0 };
  if (before.state === 'starting' && (inStartPeriod || !isDue(check, before, nowMs))) return failed;
  const failures = before.failures + 1;
  return {
    ...failed,
    failures,
    countedAtMs: nowMs,
    state: failures >= check.failureThreshold ? 'unhealthy' : before.state,
  };
}

/** Whoever is asked more often while it starts must not fail sooner by that: one failure counts per interval. */
function isDue({ intervalMs }: ActiveHealthCheck, { countedAtMs }: HealthProgress, nowMs: number): boolean {
  return intervalMs <= STARTING_INTERVAL_MS || countedAtMs === null || nowMs - countedAtMs >= intervalMs;
}

/**
 * From the end of one check to the begin of the next, in milliseconds.
 *
 * @param startedMs how long ago the program was started: while that is little, it is asked after twice as long each time.
 *   Infinity for one that was adopted.
 */
export function pauseMs(
  { intervalMs, kind }: ActiveHealthCheck,
  state: HealthProgress['state'],
  startedMs: number,
): number {
  if (state !== 'starting') return intervalMs;
  return Math.min(intervalMs, STARTING_INTERVAL_MS, Math.max(FIRST_PAUSE_MS[kind], startedMs));
}

/** So long after a start, in milliseconds, it is asked too often for failures to count. */
export function hurryMs({ intervalMs }: ActiveHealthCheck): number {
  return Math.min(intervalMs, STARTING_INTERVAL_MS);
}

/** To the first check of a program that was adopted, in milliseconds. @param random a number in [0, 1) */
export function firstPauseMs({ intervalMs }: ActiveHealthCheck, random: number): number {
  return Math.round(random * Math.min(intervalMs, FIRST_CHECK_WITHIN_MS));
}
