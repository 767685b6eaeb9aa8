import type { InstanceStatus } from '../../common/domain/instance.ts';
import type { RolloutStep } from '../../common/domain/rollout.ts';
import { because, reasonOf, said, type Told, word } from '../../common/domain/said.ts';
import type { ServiceSpec } from '../../common/domain/service.ts';

/** Over the grace period, for everything else that a stop and a start take. */
export const SETTLE_MARGIN_MS = 30_000;
/** How long a script may run until it has done what it is there for. */
const SCRIPT_MS = 15 * 60_000;

/** What it takes for an instance of a service to count as come up. */
export interface Gate {
  /** It has a health check: only healthy is up. */
  isChecked: boolean;
  /** A script without a container: it is up when it has ended with 0. */
  completes: boolean;
  /** How long stopping the old program and coming up of the new one may take, in milliseconds. */
  settleMs: number;
}

export function gateOf({ type, dockerName, health, graceMs }: ServiceSpec): Gate {
  const completes = type === 'script' && dockerName === undefined;
  if (completes) return { isChecked: false, completes, settleMs: SCRIPT_MS };
  if (health.kind === 'none') return { isChecked: false, completes, settleMs: graceMs + SETTLE_MARGIN_MS };
  // The first check may begin one interval behind the start.
  const { startPeriodMs, intervalMs, timeoutMs } = health;
  const checkMs = startPeriodMs + intervalMs + timeoutMs;
  return { isChecked: true, completes, settleMs: graceMs + SETTLE_MARGIN_MS + checkMs };
}

/** Whether an instance does its job right now, whatever release it runs. */
export function isUp(status: InstanceStatus | null, { isChecked, completes }: Gate): boolean {
  if (status === null) return false;
  if (completes) return status.state === 'running' || hasCompleted(status);
  return status.state === 'running' && (!isChecked || status.health.state === 'healthy');
}

/** What a step wants of its instance: a release that runs, that nothing does, or that there is no such instance. */
export type Goal = { releaseId: number } | 'stopped' | 'gone';

/** What an instance was before goes back to it: also that it did not run, or had no release at all. */
export function goalOf({ action, state, release, previous, previousDesired }: RolloutStep): Goal {
  if (action === 'retire' || (action === 'place' && state === 'reverting')) return 'gone';
  if (action === 'stop') return 'stopped';
  if (state !== 'reverting') return release;
  return previous === null || previousDesired === 'stopped' ? 'stopped' : previous;
}

/** How an instance stands to what its step wants. */
export type Verdict =
  /** Its node has not taken the assignment yet. */
  | { kind: 'behind' }
  | { kind: 'reached' }
  | { kind: 'missed'; reason: Told }
  | { kind: 'wait'; forMs: number };

export interface GateObservation {
  /** Of the assignment that the step gave it. */
  revision: number;
  status: InstanceStatus | null;
  gate: Gate;
  /** How long the step has been as it is. */
  waitedMs: number;
  /** How long the present process has been seen up without a break. */
  upMs: number;
}

/** Whether an instance has come up with what its step put on it; nobody waits longer than the gate's settle time. */
export function judge(goal: Exclude<Goal, 'gone'>, seen: GateObservation, minReadyMs: number): Verdict {
  const { status, gate } = seen;
  if (status === null || status.revision < seen.revision) return { kind: 'behind' };
  const patience = (what: Told = word(status.state)): Verdict =>
    seen.waitedMs < gate.settleMs
      ? { kind: 'wait', forMs: gate.settleMs - seen.waitedMs }
      : { kind: 'missed', reason: said`still ${what} after ${gate.settleMs / 1000} s` };
  if (goal === 'stopped') return status.state === 'stopped' ? { kind: 'reached' } : patience();
  const hasRelease = status.release?.releaseId === goal.releaseId;
  switch (status.state) {
    case 'running':
      if (!hasRelease || gate.completes) return patience();
      if (gate.isChecked && status.health.state === 'unhealthy')
        return { kind: 'missed', reason: describeFailure(status) };
      if (!isUp(status, gate)) return patience(said`not healthy${because(reasonOf(status.health))}`);
      return seen.upMs >= minReadyMs ? { kind: 'reached' } : { kind: 'wait', forMs: minReadyMs - seen.upMs };
    case 'preparing':
    case 'waiting':
    case 'starting':
    case 'stopping':
      return patience();
    default:
      return gate.completes && hasRelease && hasCompleted(status)
        ? { kind: 'reached' }
        : { kind: 'missed', reason: describeFailure(status) };
  }
}

function hasCompleted({ state, lastExit }: InstanceStatus): boolean {
  return state === 'exited' && lastExit?.code === 0;
}

/**
 * Whether a program that had come up has fallen, for good as far as its agent is concerned: `backoff` is not that, its agent
 * is about to start it again.
 */
export function hasFallen(status: InstanceStatus, { isChecked }: Gate): boolean {
  if (status.state === 'running') return isChecked && status.health.state === 'unhealthy';
  return ['crash-loop', 'exited', 'failed'].includes(status.state);
}

/** "backoff: exited with code 3", "unhealthy: GET /healthz answered 500" */
export function describeFailure(status: InstanceStatus): Told {
  const { state, reason, lastExit, health } = status;
  if (state === 'running') return said`${word(health.state)}${because(reasonOf(health))}`;
  if (reason !== '') return said`${word(state)}: ${reasonOf(status)}`;
  if (lastExit === null) return word(state);
  const how =
    lastExit.signal === null
      ? said`exited with code ${lastExit.code ?? 'unknown'}`
      : said`ended by ${lastExit.signal}`;
  return said`${word(state)}: ${lastExit.oomKilled ? said`${how}, out of memory` : how}`;
}
