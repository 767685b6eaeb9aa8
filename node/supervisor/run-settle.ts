import type { AgentEvent, EventKind } from '../../common/domain/event.ts';
import type { Assignment } from '../../common/domain/instance.ts';
import { english, reasonOf, said, type Told } from '../../common/domain/said.ts';
import { readStarted } from '../process/records.ts';
import { runEvent } from './events.ts';
import { describeExit, type RunEnd, settle } from './lifecycle.ts';
import type { Ports } from './ports.ts';
import type { InstanceRecord } from './record.ts';

/**
 * Cleans up behind a run that is over and returns the record that says so; the caller saves it and sweeps the shim's
 * records after that. Everything in here may be repeated after a crash: the events keep their ids.
 *
 * @param recordPath of the run's records; null when it had not come to a run.
 * @throws SgridError `stop_failed` when processes of the group outlive SIGKILL; the run is then not over.
 */
export async function settleRun(
  ports: Ports,
  instanceId: number,
  assignment: Assignment,
  record: InstanceRecord,
  recordPath: string | null,
  end: RunEnd,
): Promise<InstanceRecord> {
  const { driver, logStore, events, logger } = ports;
  const { run, groupKey } = record;
  const mark = (line: string): Promise<void> =>
    logStore.mark(instanceId, line).catch((error: unknown) => {
      logger.warn({ instanceId, err: error }, 'log could not be marked');
    });
  let oomKilled = false;
  if (run !== null && end.kind !== 'never-spawned') {
    const { oomKills } = await driver.stat(groupKey);
    oomKilled = run.oomKillsBefore !== null && (oomKills ?? 0) > run.oomKillsBefore;
    const left = await driver.pids(groupKey);
    if (left.length > 0) {
      await mark(`run ${run.number} left ${left.length} processes behind: killing them`);
      await driver.killAll(groupKey);
    }
  }
  const next = settle(assignment, record, end, oomKilled, ports.clock(), ports.random());
  if (run !== null && end.kind === 'exit')
    await mark(`ended run ${run.number}: ${english(endText(next, end))}`);
  if (run !== null) {
    await logStore.endRun(instanceId, run.runId).catch((error: unknown) => {
      logger.warn({ instanceId, err: error }, 'the end of the run could not be noted');
    });
  }
  events.append(...eventsOf(ports, instanceId, record, recordPath, end, next));
  // The next run gets a new group, whose counters begin at zero.
  if (run !== null) {
    await driver.remove(groupKey).catch((error: unknown) => {
      logger.warn({ instanceId, err: error }, 'group could not be removed');
    });
  }
  return next;
}

function eventsOf(
  ports: Ports,
  instanceId: number,
  { run }: InstanceRecord,
  recordPath: string | null,
  end: RunEnd,
  next: InstanceRecord,
): AgentEvent[] {
  if (end.kind === 'never-spawned') return [];
  const now = ports.clock();
  const list: AgentEvent[] = [];
  // A start that failed before there was a run has no id to be told by, and no crash to be repeated after.
  const runId = run?.runId ?? `at-${now}`;
  const add = (kind: EventKind, at: number, message: Told): void => {
    list.push(runEvent(runId, kind, instanceId, at, message));
  };
  if (end.kind === 'not-started') add('instance.failed', now, end.reason);
  if (end.kind === 'exit' && run !== null) {
    const started = run.program === null && recordPath !== null ? readStarted(recordPath) : null;
    if (started !== null) {
      const text = said`started run ${run.number}, release ${run.release.version}, pid ${started.program.pid}`;
      add('instance.started', started.startedAt, text);
    }
    const text = said`run ${run.number} ${endText(next, end)}`;
    const at = end.exit.endedAt;
    const isOom = next.lastExit?.oomKilled === true;
    if (run.stopping === null) add(isOom ? 'instance.oom' : 'instance.exited', at, text);
    else {
      if (isOom) add('instance.oom', at, said`run ${run.number} was out of memory before it was stopped`);
      add('instance.stopped', at, text);
    }
  }
  if (next.rest.state === 'backoff') add('instance.backoff', now, reasonOf(next.rest));
  if (next.rest.state === 'crash-loop') add('instance.crash-loop', now, reasonOf(next.rest));
  return list;
}

function endText({ lastExit }: InstanceRecord, end: RunEnd): Told {
  return lastExit === null || end.kind !== 'exit' ? '' : describeExit(lastExit, end.reason);
}
