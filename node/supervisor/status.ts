import { NO_HEALTH } from '../../common/domain/health.ts';
import type { Assignment, InstanceStatus, ObservedState } from '../../common/domain/instance.ts';
import type { InstanceRecord } from './record.ts';

/** What only the running agent knows of an instance. */
export interface Passing {
  /** A release is being fetched for it. */
  preparing: boolean;
  /** It is being started, or will be at once when the run before has ended. */
  starting: boolean;
  adopted: boolean;
  /** Why its processes cannot be told, or null. */
  doubt: string | null;
  /** The last thing that went wrong without changing the state, or empty. */
  note: string;
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
  const ownReason = state === record.rest.state ? record.rest.reason : '';
  return {
    instanceId,
    revision: assignment?.revision ?? 0,
    state,
    reason: (passing.doubt ?? [ownReason, passing.note].filter((part) => part !== '').join('; ')).slice(
      0,
      4096,
    ),
    stateSince: record.since,
    pid: run?.program?.pid ?? null,
    startedAt: run?.startedAt ?? null,
    adopted: run !== null && passing.adopted,
    release: run?.release ?? record.lastRelease,
    restarts: record.restarts,
    lastExit: record.lastExit,
    nextStartAt: state === 'backoff' ? record.rest.nextStartAt : null,
    cgroup: record.cgroup,
    health: NO_HEALTH,
  };
}

function stateOf({ run, rest }: InstanceRecord, { doubt, preparing, starting }: Passing): ObservedState {
  if (doubt !== null) return 'unknown';
  if (run !== null) {
    if (run.stopping !== null) return 'stopping';
    return run.program === null ? 'starting' : 'running';
  }
  if (preparing) return 'preparing';
  return starting ? 'starting' : rest.state;
}
