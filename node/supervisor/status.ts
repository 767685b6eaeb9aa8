import { type HealthStatus, NO_HEALTH } from '../../common/domain/health.ts';
import type { Assignment, InstanceStatus, ObservedState } from '../../common/domain/instance.ts';
import type { ReleaseRef } from '../../common/domain/release.ts';
import { asReason, reasonOf, saidAll, type Told } from '../../common/domain/said.ts';
import type { InstanceRecord } from './record.ts';

/** What only the running agent knows of an instance. */
export interface Passing {
  /** A release is being fetched for it. */
  preparing: boolean;
  /** It is being started, or will be at once when the run before has ended. */
  starting: boolean;
  adopted: boolean;
  /** What it waits for before its start, or null. */
  waiting: { reason: Told; since: number } | null;
  /** What would not die, and so is tried again; or null. */
  stuck: Told | null;
  /** That nobody will see how its program ends, which runs; or null. */
  shimGone: Told | null;
  /** Why its processes cannot be told, or null. */
  doubt: Told | null;
  /** The last thing that went wrong without changing the state, or empty. */
  note: Told;
}

/** What is reported of an instance. Pure. */
export function statusOf(
  instanceId: number,
  assignment: Assignment | null,
  record: InstanceRecord,
  passing: Passing,
): InstanceStatus {
  const { run } = record;
  const state = stateOf(record, passing);
  const ownReasons: Partial<Record<ObservedState, Told>> = {
    [record.rest.state]: reasonOf(record.rest),
    waiting: passing.waiting?.reason ?? '',
    stopping: passing.stuck ?? '',
    running: passing.shimGone ?? '',
  };
  const ownReason = ownReasons[state] ?? '';
  return {
    instanceId,
    revision: assignment?.revision ?? 0,
    state,
    ...asReason(passing.doubt ?? saidAll([ownReason, passing.note])),
    stateSince: state === 'waiting' ? (passing.waiting?.since ?? record.since) : record.since,
    pid: run?.program?.pid ?? null,
    startedAt: run?.startedAt ?? null,
    adopted: run !== null && passing.adopted,
    release: releaseOf(assignment, record),
    restarts: record.restarts,
    lastExit: record.lastExit,
    nextStartAt: state === 'backoff' ? record.rest.nextStartAt : null,
    cgroup: record.cgroup,
    health: state === 'running' ? healthOf(assignment, record) : NO_HEALTH,
  };
}

/** Of two releases with the same package, what runs as one is the other too: no restart is due, and none is waited for. */
function releaseOf(assignment: Assignment | null, { run, lastRelease }: InstanceRecord): ReleaseRef | null {
  const ran = run?.release ?? lastRelease;
  const wanted = assignment?.release ?? null;
  return wanted !== null && wanted.sha256 === ran?.sha256 ? wanted : ran;
}

/** Nobody has been told yet that what is checked answers. */
function healthOf(assignment: Assignment | null, { run }: InstanceRecord): HealthStatus {
  if (run === null || assignment === null || assignment.spec.health.kind === 'none') return NO_HEALTH;
  if (run.health === null) return { state: 'starting', reason: '', since: run.startedAt };
  const { state, reason, said, since } = run.health;
  return { state, reason, said, since };
}

function stateOf({ run, rest }: InstanceRecord, passing: Passing): ObservedState {
  const { doubt, stuck, waiting, preparing, starting } = passing;
  if (doubt !== null) return 'unknown';
  if (run !== null) {
    if (run.stopping !== null || stuck !== null) return 'stopping';
    return run.program === null ? 'starting' : 'running';
  }
  if (preparing) return 'preparing';
  if (waiting !== null) return 'waiting';
  return starting ? 'starting' : rest.state;
}
