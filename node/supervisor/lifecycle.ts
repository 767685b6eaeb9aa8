import { createHash } from 'node:crypto';
import type { Assignment, ExitResult } from '../../common/domain/instance.ts';
import { asReason, reasonOf, said, saidAll, type Told } from '../../common/domain/said.ts';
import { launchSpecOf } from '../../common/domain/service.ts';
import type { ProcessIdentity } from '../../common/system/process-identity.ts';
import { type InstanceRecord, MAX_REASON_LENGTH, type Rest, type Run, type StopReason } from './record.ts';
import { decideRestart, type EndedRun, restartPolicyOf } from './restart-policy.ts';

/** What is to be seen of a run right now. */
export type Observation =
  /** Nothing was ever spawned for it. */
  | { kind: 'never-spawned' }
  /** Spawned; its program is not there yet, or is gone and the shim has not yet written how. */
  | { kind: 'pending' }
  | {
      kind: 'alive';
      program: ProcessIdentity;
      shim: ProcessIdentity;
      /** Nobody is left who would see how it ends. */
      isShimGone: boolean;
      startedAt: number;
    }
  /** The shim's child did not become the program. */
  | { kind: 'not-started'; reason: Told }
  | { kind: 'ended'; code: number | null; signal: string | null; startedAt: number; endedAt: number }
  /** Gone, and nobody saw how. */
  | { kind: 'lost'; reason: Told; rebooted: boolean; startedAt: number }
  | { kind: 'in-doubt'; reason: Told };

export type Action =
  | { do: 'nothing' }
  /** Call again when its records change. */
  | { do: 'await-record' }
  /** Call again at that time, milliseconds since the epoch. */
  | { do: 'wait'; until: number }
  | { do: 'start'; byPolicy: boolean }
  | { do: 'stop'; reason: StopReason }
  /** Nothing runs, and nothing is to be started any more: what was planned or had failed is forgotten. */
  | { do: 'give-up'; rest: Pick<InstanceRecord, 'rest' | 'restarts' | 'fastDeaths'> }
  /** Its program was identified: take that down in the record. */
  | { do: 'note-started'; program: ProcessIdentity; shim: ProcessIdentity; startedAt: number }
  /** The run is over: clean up behind it and take down its end. */
  | { do: 'settle'; end: RunEnd }
  | { do: 'doubt'; reason: Told };

export type RunEnd =
  | {
      kind: 'exit';
      exit: Omit<ExitResult, 'oomKilled'>;
      rebooted: boolean;
      /** A person said that it is over. */
      resolved?: boolean;
      reason: Told;
    }
  | { kind: 'not-started'; reason: Told; permanent: boolean }
  | { kind: 'never-spawned' };

/** What the program was started with: whatever changes this takes a restart. */
export function launchKeyOf({ spec, release, host, port }: Assignment): string {
  return digest({ sha256: release?.sha256, ...launchSpecOf(spec), host, port });
}

/**
 * What an operator asks for: a change of this starts an instance that had come to rest.
 *
 * @param state in which it rests.
 */
export function askKeyOf(assignment: Assignment, state: Rest['state']): string {
  const { desired, restartGeneration, limits, spec } = assignment;
  // More memory may be what a crashing program waits for; one that has done its work does not do it again for that.
  const room = spec.type === 'script' || state === 'exited' ? null : limits;
  // Other dependencies may end a circle. By being there at all: none must not restart what an earlier version gave up.
  const dependencies = spec.dependsOn.length === 0 ? [] : [spec.dependsOn];
  return digest([desired, restartGeneration, room, launchKeyOf(assignment), ...dependencies]);
}

function digest(values: unknown): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 32);
}

/**
 * The next thing to do for an instance. Pure; called again after each thing done, until there is nothing or something
 * to wait for.
 *
 * @param observation of `record.run`; null when there is none.
 */
export function decide(
  assignment: Assignment,
  record: InstanceRecord,
  observation: Observation | null,
  now: number,
): Action {
  return record.run === null || observation === null
    ? decideAtRest(assignment, record.rest, now)
    : decideRun(assignment, record.run, observation, now);
}

function decideAtRest(assignment: Assignment, rest: Rest, now: number): Action {
  if (rest.state === 'unknown') return { do: 'nothing' };
  if (assignment.desired === 'stopped')
    return rest.state === 'stopped' ? { do: 'nothing' } : { do: 'give-up', rest: STOPPED };
  if (rest.state === 'stopped' || rest.askKey !== askKeyOf(assignment, rest.state))
    return { do: 'start', byPolicy: false };
  if (rest.state !== 'backoff' || rest.nextStartAt === null) return { do: 'nothing' };
  const leftMs = rest.nextStartAt - now;
  // No pause is longer than the longest: the clock was set back.
  const isDue = leftMs <= 0 || leftMs > assignment.spec.restart.maxDelayMs;
  return isDue ? { do: 'start', byPolicy: true } : { do: 'wait', until: rest.nextStartAt };
}

function decideRun(assignment: Assignment, run: Run, observation: Observation, now: number): Action {
  switch (observation.kind) {
    case 'in-doubt':
      return { do: 'doubt', reason: observation.reason };
    case 'pending':
      return { do: 'await-record' };
    case 'never-spawned':
      return { do: 'settle', end: { kind: 'never-spawned' } };
    case 'not-started':
      return { do: 'settle', end: { kind: 'not-started', reason: observation.reason, permanent: false } };
    case 'ended':
    case 'lost':
      return { do: 'settle', end: endOf(run, observation, now) };
    case 'alive': {
      if (run.program === null) {
        const { program, shim, startedAt } = observation;
        return { do: 'note-started', program, shim, startedAt };
      }
      const reason = run.stopping?.reason ?? stopReason(assignment, run);
      return reason === null ? { do: 'nothing' } : { do: 'stop', reason };
    }
  }
}

/** Why a run is to be ended; null when it may go on. */
export function stopReason(assignment: Assignment, run: Run): StopReason | null {
  if (assignment.desired === 'stopped') return 'operator';
  if (isOutdated(assignment, run))
    return assignment.restartGeneration > run.restartGeneration ? 'restart' : 'changed';
  const { health } = assignment.spec;
  return health.kind !== 'none' && health.restart && run.health?.state === 'unhealthy' ? 'unhealthy' : null;
}

/** Whether another run is asked for than this one. */
function isOutdated(assignment: Assignment, run: Run): boolean {
  return assignment.restartGeneration > run.restartGeneration || launchKeyOf(assignment) !== run.launchKey;
}

function endOf(run: Run, seen: Extract<Observation, { kind: 'ended' | 'lost' }>, now: number): RunEnd {
  const lost = seen.kind === 'lost';
  const stopped = run.stopping !== null;
  return {
    kind: 'exit',
    exit: {
      code: lost ? null : seen.code,
      signal: lost ? null : seen.signal,
      // A stop that was asked for explains an end that nobody saw, unless the machine went down first.
      cause: stopped && !(lost && seen.rebooted) ? 'stopped' : lost ? 'lost' : 'exited',
      startedAt: seen.startedAt,
      // Of an end that nobody saw it is known only that it is past.
      endedAt: Math.max(lost ? now : seen.endedAt, seen.startedAt),
    },
    rebooted: lost && seen.rebooted,
    reason: lost ? seen.reason : '',
  };
}

/**
 * The record after a run is over: what comes next by the assignment and its restart policy, decided exactly once.
 *
 * @param oomKilled whether its group counted an OOM kill during the run.
 * @param random a number in [0, 1).
 */
export function settle(
  assignment: Assignment,
  record: InstanceRecord,
  end: RunEnd,
  oomKilled: boolean,
  now: number,
  random: number,
): InstanceRecord {
  const { run } = record;
  const lastRelease = run?.release ?? record.lastRelease;
  const over = { ...record, run: null, since: now, lastRelease };
  const clean = { ...over, ...STOPPED };
  if (end.kind === 'never-spawned') {
    if (run?.byPolicy !== true) return { ...over, rest: atRest('stopped', '') };
    const askKey = askKeyOf(assignment, 'backoff');
    const again: Rest = { state: 'backoff', reason: '', nextStartAt: now, askKey };
    return { ...over, rest: again, restarts: Math.max(0, record.restarts - 1) };
  }
  if (end.kind === 'not-started') {
    if (assignment.desired === 'stopped') return clean;
    if (end.permanent || restartPolicyOf(assignment.spec).mode === 'never')
      return {
        ...over,
        rest: { ...atRest('failed', end.reason), askKey: askKeyOf(assignment, 'failed') },
      };
    return { ...over, ...nextByPolicy(assignment, record, FAILED_START, end.reason, now, random) };
  }
  const lastExit: ExitResult = { ...end.exit, oomKilled };
  // What is wanted now decides afresh. After a reboot so does the policy, but never stays never.
  const afresh = end.rebooted && restartPolicyOf(assignment.spec).mode !== 'never';
  const gaveUpOn = run?.stopping?.reason === 'unhealthy' && !isOutdated(assignment, run) ? run : null;
  if (afresh || end.resolved === true || assignment.desired === 'stopped') return { ...clean, lastExit };
  if (gaveUpOn !== null) {
    const unhealthy = { ...FAILED_START, uptimeMs: gaveUpOn.health?.healthyMs ?? 0 };
    const why = said`unhealthy: ${reasonOf(gaveUpOn.health ?? { reason: '' })}`;
    return { ...over, lastExit, ...nextByPolicy(assignment, record, unhealthy, why, now, random) };
  }
  if (run?.stopping) return { ...clean, lastExit };
  const ended = { exit: lastExit, uptimeMs: lastExit.endedAt - lastExit.startedAt };
  const why = describeExit(lastExit, end.reason);
  return { ...over, lastExit, ...nextByPolicy(assignment, record, ended, why, now, random) };
}

const STOPPED = { rest: atRest('stopped', ''), restarts: 0, fastDeaths: 0 };

/**
 * To the policy, a start that failed is a failure without uptime. One that was stopped because it was unhealthy is a failure
 * however it ended, and its uptime is the time in which it was healthy.
 */
const FAILED_START: EndedRun = {
  exit: { code: 1, signal: null, oomKilled: false, cause: 'exited' },
  uptimeMs: 0,
};

function nextByPolicy(
  assignment: Assignment,
  { fastDeaths }: InstanceRecord,
  ended: EndedRun,
  why: Told,
  now: number,
  random: number,
): Pick<InstanceRecord, 'rest' | 'fastDeaths'> {
  const next = decideRestart(restartPolicyOf(assignment.spec), ended, fastDeaths, random);
  const rest: Rest = {
    state: next.state,
    ...asReason(saidAll([why, next.reason]), MAX_REASON_LENGTH),
    nextStartAt: next.state === 'backoff' ? now + next.delayMs : null,
    askKey: askKeyOf(assignment, next.state),
  };
  return { rest, fastDeaths: next.fastDeaths };
}

function atRest(state: Rest['state'], reason: Told): Rest {
  return { state, ...asReason(reason, MAX_REASON_LENGTH), nextStartAt: null, askKey: '' };
}

/** "exited with 3", "killed by SIGKILL (out of memory)", "its end was not seen: …" */
export function describeExit(
  exit: Pick<ExitResult, 'code' | 'signal' | 'oomKilled' | 'cause'>,
  reason: Told = '',
): Told {
  if (exit.code === null && exit.signal === null)
    return reason === '' ? said`its end was seen by nobody` : said`its end was seen by nobody: ${reason}`;
  const how = exit.signal === null ? said`exited with ${exit.code ?? ''}` : said`ended by ${exit.signal}`;
  return exit.oomKilled ? said`${how}, out of memory` : how;
}
