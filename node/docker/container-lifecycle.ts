import type { Assignment, ExitResult, InstanceStatus } from '../../common/domain/instance.ts';
import { asReason, said, saidAll, type Told } from '../../common/domain/said.ts';
import { askKeyOf, launchKeyOf } from '../supervisor/lifecycle.ts';
import { decideRestart, type EndedRun } from '../supervisor/restart-policy.ts';
import type { Container } from './container.ts';
import type { ContainerRecord, ContainerRest } from './container-record.ts';
import type { Seen } from './engine.ts';

/** What was asked of the script's own instance, and how that is. */
export interface Script {
  readonly assignment: Assignment | null;
  readonly status: Pick<InstanceStatus, 'state' | 'lastExit'>;
}

export type ContainerAction =
  | { do: 'nothing' }
  /** Call again at that time, milliseconds since the epoch. */
  | { do: 'wait'; until: number }
  | { do: 'run-script' }
  | { do: 'stop-script' }
  /** The script ended well: from here on the instance is the container. */
  | { do: 'attach' }
  | { do: 'note-running'; container: Container }
  | { do: 'start'; container: Container; byPolicy: boolean }
  | { do: 'stop'; container: Container; reason: 'operator' | 'restart' }
  | { do: 'settle'; container: Container | null }
  /** Its script has to make it anew. */
  | { do: 'forget-script' }
  | { do: 'rest'; rest: ContainerRest };

const STOPPED: ContainerRest = { state: 'stopped', reason: '', nextStartAt: null };
const IS_UP: ReadonlySet<Container['state']> = new Set(['running', 'paused', 'restarting']);

/** Whether the script still has to do its work. */
export function isScriptDue({ wanted, scriptKey }: ContainerRecord): boolean {
  return wanted.desired === 'running' && scriptKey !== launchKeyOf(wanted);
}

/** The next thing to do for an instance that is a container. Pure; called again after each thing done. */
export function decideContainer(
  record: ContainerRecord,
  script: Script,
  seen: Seen,
  now: number,
): ContainerAction {
  if (isScriptDue(record)) return decideScript(record, script);
  if (record.wanted.desired === 'stopped') {
    // Also when it was never asked for anything: what it is told is what the next agent finds.
    if (script.assignment?.desired !== 'stopped') return { do: 'stop-script' };
    return decideStopped(record, seen);
  }
  return decideRunning(record, seen, now);
}

function decideScript({ wanted }: ContainerRecord, { assignment, status }: Script): ContainerAction {
  const isAsked = assignment !== null && askKeyOf(assignment, 'exited') === askKeyOf(wanted, 'exited');
  if (!isAsked) return { do: 'run-script' };
  return status.state === 'exited' && status.lastExit?.code === 0 && status.lastExit.cause === 'exited'
    ? { do: 'attach' }
    : { do: 'nothing' };
}

function decideStopped(record: ContainerRecord, seen: Seen): ContainerAction {
  if (seen.kind === 'down') return { do: 'nothing' };
  if (seen.kind === 'container' && IS_UP.has(seen.container.state))
    return { do: 'stop', container: seen.container, reason: 'operator' };
  if (record.run !== null)
    return { do: 'settle', container: seen.kind === 'container' ? seen.container : null };
  return record.rest?.state === 'stopped' ? { do: 'nothing' } : { do: 'rest', rest: STOPPED };
}

function decideRunning(record: ContainerRecord, seen: Seen, now: number): ContainerAction {
  const { wanted, run, rest, stopping } = record;
  const isAskedAnew = wanted.restartGeneration > record.restartGeneration;
  if (seen.kind === 'down') return { do: 'nothing' };
  if (seen.kind === 'absent') {
    if (run !== null) return { do: 'settle', container: null };
    if (isAskedAnew || rest?.state === 'stopped') return { do: 'forget-script' };
    return rest?.state === 'failed' ? { do: 'nothing' } : { do: 'rest', rest: gone() };
  }
  const { container } = seen;
  if (container.state === 'removing' || container.state === 'dead' || container.state === 'restarting')
    return { do: 'nothing' };
  if (container.state === 'running' || container.state === 'paused') {
    if (isAskedAnew || stopping !== null) return { do: 'stop', container, reason: 'restart' };
    const isKnown = run?.id === container.id && run.startedAt === container.startedAt;
    return isKnown ? { do: 'nothing' } : { do: 'note-running', container };
  }
  // It does not run. Made by the script and ended before it was seen is an end as well.
  const hasEnded = container.state === 'exited' && container.startedAt !== null;
  if (run !== null || (rest === null && hasEnded)) return { do: 'settle', container };
  if (rest === null || rest.state === 'stopped' || isAskedAnew)
    return { do: 'start', container, byPolicy: false };
  if (rest.state !== 'backoff' || rest.nextStartAt === null) return { do: 'nothing' };
  const leftMs = rest.nextStartAt - now;
  const isDue = leftMs <= 0 || leftMs > wanted.spec.restart.maxDelayMs;
  return isDue ? { do: 'start', container, byPolicy: true } : { do: 'wait', until: rest.nextStartAt };
}

function gone(): ContainerRest {
  const why = said`the container is not there: somebody removed it, or the script did not make it; restart runs the script`;
  return { state: 'failed', ...asReason(why), nextStartAt: null };
}

/** How a run ended, as far as the engine knows; null is a container that is gone. */
function exitOf(record: ContainerRecord, container: Container | null, now: number): ExitResult {
  const { run, stopping, wanted } = record;
  const isSame = container !== null && (run === null || container.id === run.id);
  const isStopped = stopping !== null || wanted.desired === 'stopped';
  const startedAt = (isSame ? container.startedAt : null) ?? run?.startedAt ?? now;
  return {
    code: isSame ? Math.min(255, Math.max(0, container.exitCode)) : null,
    signal: null,
    oomKilled: isSame && container.oomKilled,
    cause: isStopped ? 'stopped' : isSame ? 'exited' : 'lost',
    startedAt,
    endedAt: Math.max(startedAt, (isSame ? container.finishedAt : null) ?? now),
  };
}

/**
 * The record after a run of the container is over.
 *
 * @param random a number in [0, 1).
 */
export function settleContainer(
  record: ContainerRecord,
  container: Container | null,
  now: number,
  random: number,
): ContainerRecord {
  const lastExit = exitOf(record, container, now);
  const over = { ...record, run: null, stopping: null, lastExit, since: now };
  if (lastExit.cause === 'stopped') return { ...over, rest: STOPPED, restarts: 0, fastDeaths: 0 };
  if (container === null) return { ...over, rest: gone() };
  if (container.hasRestartPolicy) {
    const why = said`exited with ${lastExit.code ?? ''}; whether it is started again is left to its own restart policy`;
    return { ...over, rest: { state: 'exited', ...asReason(why), nextStartAt: null } };
  }
  const ended = { exit: lastExit, uptimeMs: lastExit.endedAt - lastExit.startedAt };
  return { ...over, ...nextByPolicy(record, ended, said`exited with ${lastExit.code ?? ''}`, now, random) };
}

/** The record after a person said that nothing of it runs, of an engine that cannot be asked. */
export function forgetContainer(record: ContainerRecord, reason: Told, now: number): ContainerRecord {
  const lastExit = record.run === null ? record.lastExit : exitOf(record, null, now);
  const rest =
    record.wanted.desired === 'stopped'
      ? STOPPED
      : ({ ...STOPPED, state: 'failed', ...asReason(reason) } as const);
  return { ...record, run: null, stopping: null, lastExit, rest, since: now, forgotten: true };
}

/** The record after the engine could not start it. */
export function settleFailedStart(
  record: ContainerRecord,
  why: Told,
  now: number,
  random: number,
): ContainerRecord {
  const exit = { code: 1, signal: null, oomKilled: false, cause: 'exited' } as const;
  return { ...record, since: now, ...nextByPolicy(record, { exit, uptimeMs: 0 }, why, now, random) };
}

function nextByPolicy(
  { wanted, fastDeaths }: ContainerRecord,
  ended: EndedRun,
  why: Told,
  now: number,
  random: number,
): Pick<ContainerRecord, 'rest' | 'fastDeaths'> {
  const next = decideRestart(wanted.spec.restart, ended, fastDeaths, random);
  const how = ended.exit.oomKilled ? said`${why}, out of memory` : why;
  const nextStartAt = next.state === 'backoff' ? now + next.delayMs : null;
  const rest = { state: next.state, ...asReason(saidAll([how, next.reason])), nextStartAt };
  return { rest, fastDeaths: next.fastDeaths };
}
