import { join } from 'node:path';
import type { Assignment, InstanceStatus } from '../../common/domain/instance.ts';
import type { ReleaseRef } from '../../common/domain/release.ts';
import { describeError, SgridError } from '../../common/protocol/errors.ts';
import { identify, isAlive } from '../../common/system/process-identity.ts';
import type { Launched } from '../process/launcher.ts';
import { recordName, sweepRecord } from '../process/records.ts';
import { groupKeyOf } from './environment.ts';
import { runEvent } from './events.ts';
import { instanceFiles } from './files.ts';
import { type Action, decide, type Observation, type RunEnd } from './lifecycle.ts';
import { observeRun } from './observe.ts';
import type { Ports } from './ports.ts';
import { type InstanceRecord, newRecord, type Run, type StopReason } from './record.ts';
import { settleRun } from './run-settle.ts';
import { isPermanent, prepareStart } from './run-start.ts';
import { endProgram } from './run-stop.ts';
import { type Passing, statusOf } from './status.ts';
import { createWake } from './wake.ts';

/** One instance: what is wanted of it, what is known of it, and the one queue in which things are done to it. */
export interface Instance {
  status(): InstanceStatus;
  /** Looks at what an earlier agent left, and goes on with it. Resolves when its processes have been identified. */
  adopt(): Promise<void>;
  /** See `instance.apply` of the agent link. */
  apply(assignment: Assignment): Promise<InstanceStatus>;
  /** Stops it and forgets it. */
  remove(): Promise<void>;
  /** A record of it changed, or its turn has come: looks again. */
  poke(): void;
  /** Whether the program that is believed to run really does; pokes if not. For once a second. */
  verify(): void;
  /** What runs, for sampling; null when nothing does. */
  running(): { groupKey: string; pid: number | null } | null;
  /** Releases that must stay on this node for it: the one that runs and the one that is wanted. */
  releases(): ReleaseRef[];
  serviceName(): string | null;
  /** Name of the records of the run that is under way. */
  recordName(): string | null;
  /** Lets go: no timer and no waiter is left. Programs go on. */
  close(): Promise<void>;
}

/** How long a shim may take to say that its program runs, or how it ended, before we stop waiting in line for it. */
const RECORD_PATIENCE_MS = 10_000;
/** Changes of the records are watched; this is for the one that a full queue of the kernel dropped: inotify(7). */
const LOOK_EVERY_MS = 1000;

export function createInstance(instanceId: number, ports: Ports, onChange: () => void): Instance {
  const { clock, events, layout, logger } = ports;
  const files = instanceFiles(layout.instance(instanceId));
  const wake = createWake();
  const loadedAssignment = files.loadAssignment();
  const loadedRecord = files.loadRecord();
  let assignment = loadedAssignment.value;
  let record = loadedRecord.value ?? newRecord(groupKey(assignment), clock());
  /** A record that cannot be read: what it said may be running. Only a person can tell. */
  let broken = loadedRecord.broken;
  let passing: Passing = {
    preparing: false,
    starting: false,
    adopted: false,
    doubt: broken,
    note: loadedAssignment.broken ?? '',
  };
  let spawned: (Launched & { runId: string; isOver: boolean }) | null = null;
  let timer: NodeJS.Timeout | null = null;
  let tail: Promise<unknown> = Promise.resolve();
  let pokePending = false;
  let closed = false;

  function groupKey(of: Assignment | null): string {
    return of === null ? '' : groupKeyOf(ports.nodeId, of.spec.name, instanceId, ports.agentId);
  }

  /** Everything is done in turn: two decisions at once could start a program twice. */
  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = tail.then(task);
    tail = result.catch(() => {});
    return result;
  }

  function pass(change: Partial<Passing>): void {
    passing = { ...passing, ...change };
    onChange();
  }

  function save(next: InstanceRecord): void {
    files.saveRecord(next);
    record = next;
    onChange();
  }

  function recordPath(run: Run): string {
    return join(layout.runs, recordName(instanceId, run.runId));
  }

  async function observe(): Promise<Observation | null> {
    const { run } = record;
    if (run === null) return null;
    const mine = spawned?.runId === run.runId ? spawned : null;
    const shimOfMine = mine === null ? 'unknown' : mine.isOver ? 'over' : 'alive';
    return await observeRun(run, recordPath(run), shimOfMine, {
      bootId: ports.bootId,
      procRoot: ports.procRoot,
      findShims: ports.findShims,
      pids: () => ports.driver.pids(record.groupKey),
    });
  }

  /** Does what is to be done until there is nothing left, or something to wait for. Returns what failed on the way. */
  async function reconcile(): Promise<unknown> {
    let failure: unknown = null;
    clearTimer();
    while (!closed && assignment !== null && broken === null) {
      const observation = await observe();
      const action = decide(assignment, record, observation, clock());
      if (action.do !== 'doubt' && passing.doubt !== null) pass({ doubt: null });
      if (action.do === 'nothing') break;
      if (action.do === 'wait') {
        timer = setTimeout(poke, Math.max(1, action.until - clock()));
        break;
      }
      try {
        if (action.do === 'await-record') {
          if (await recordComes()) continue;
          break;
        }
        if (action.do === 'doubt') {
          doubt(action.reason);
          break;
        }
        failure = (await act(action, assignment)) ?? failure;
      } catch (error) {
        if (closed) break;
        // Left as it is, to be looked at again; nothing is retried in a hurry.
        logger.error({ instanceId, err: error }, 'instance left as it is');
        pass({ note: describeError(error) });
        failure = error;
        break;
      }
    }
    if (passing.starting) pass({ starting: false });
    return failure;
  }

  /** Waits until the records say more than that a shim is at work. */
  async function recordComes(): Promise<boolean> {
    const deadline = clock() + RECORD_PATIENCE_MS;
    while (!closed && clock() < deadline) {
      if ((await observe())?.kind !== 'pending') return true;
      await wake.sleep(LOOK_EVERY_MS);
    }
    return false;
  }

  /** @returns the error of a start that failed, or null. */
  async function act(
    action: Exclude<Action, { do: 'nothing' | 'wait' | 'await-record' | 'doubt' }>,
    wanted: Assignment,
  ): Promise<unknown> {
    switch (action.do) {
      case 'start':
        return await start(wanted, action.byPolicy);
      case 'note-started':
        await noteStarted(action);
        return null;
      case 'stop':
        await stop(wanted, action.reason);
        return null;
      case 'settle': {
        await settleAs(wanted, action.end);
        if (action.end.kind !== 'not-started') return null;
        return new SgridError('start_failed', `${wanted.spec.name}: ${action.end.reason}`, {
          hint: "look at the instance's log and its limits",
        });
      }
    }
  }

  async function settleAs(wanted: Assignment, end: RunEnd): Promise<void> {
    const path = record.run === null ? null : recordPath(record.run);
    save(await settleRun(ports, instanceId, wanted, record, path, end));
    // Only now: had we been killed before, the next agent would need them.
    if (path !== null) sweepRecord(path);
  }

  async function start(wanted: Assignment, byPolicy: boolean): Promise<unknown> {
    pass({ starting: true, note: '', adopted: false });
    if (record.groupKey === '') record = { ...record, groupKey: groupKey(wanted) };
    try {
      const { run, cgroup, request } = await prepareStart(ports, wanted, record, byPolicy);
      if (closed) return null;
      const counters = byPolicy ? { restarts: record.restarts + 1 } : { restarts: 0, fastDeaths: 0 };
      // The intent is on the disk before anything is spawned.
      save({ ...record, ...counters, cgroup, run, runs: run.number, since: clock() });
      const launched = { ...ports.launcher.launch(request), runId: run.runId, isOver: false };
      spawned = launched;
      void launched.ended.then(() => {
        launched.isOver = true;
        poke();
      });
      return null;
    } catch (error) {
      logger.warn({ instanceId, err: error }, 'start failed');
      await settleAs(wanted, {
        kind: 'not-started',
        reason: describeError(error),
        permanent: isPermanent(error),
      });
      return error;
    }
  }

  async function noteStarted({
    program,
    shim,
    startedAt,
  }: Extract<Action, { do: 'note-started' }>): Promise<void> {
    const { run } = record;
    if (run === null) return;
    const text = `started run ${run.number}, release ${run.release.version}, pid ${program.pid}`;
    events.append(runEvent(run.runId, 'instance.started', instanceId, startedAt, text));
    await ports.logStore.mark(instanceId, text).catch((error: unknown) => {
      logger.warn({ instanceId, err: error }, 'log could not be marked');
    });
    save({ ...record, run: { ...run, program, shim, startedAt }, since: startedAt });
  }

  async function stop(wanted: Assignment, reason: StopReason): Promise<void> {
    const { run } = record;
    if (run === null) return;
    pass({ starting: reason === 'changed' || reason === 'restart' });
    const stopping = run.stopping ?? { reason, at: clock() };
    if (run.stopping === null) save({ ...record, run: { ...run, stopping }, since: stopping.at });
    await endProgram({
      ports,
      instanceId,
      groupKey: record.groupKey,
      run,
      deadline: stopping.at + wanted.spec.graceMs,
      isOver: async () => {
        const seen = await observe();
        return seen?.kind !== 'alive' && seen?.kind !== 'pending';
      },
      sleep: wake.sleep,
    });
  }

  function doubt(reason: string): void {
    if (passing.doubt === reason) return;
    logger.error({ instanceId, reason }, 'instance cannot be identified');
    const runId = record.run?.runId ?? 'none';
    events.append(runEvent(runId, 'instance.unknown', instanceId, clock(), reason));
    pass({ doubt: reason, starting: false });
  }

  function refuseInDoubt(): void {
    if (passing.doubt === null) return;
    throw new SgridError('identity_in_doubt', `instance ${instanceId}: ${passing.doubt}`, {
      hint: `end what is left of it (group ${record.groupKey}), remove ${layout.instance(instanceId).recordFile}, and restart the agent`,
    });
  }

  function poke(): void {
    wake.ring();
    if (pokePending || closed) return;
    pokePending = true;
    void inTurn(async () => {
      pokePending = false;
      await reconcile();
    }).catch((error: unknown) => logger.error({ instanceId, err: error }, 'reconciling failed'));
  }

  function clearTimer(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  }

  async function fetchFirst({ spec, release, desired }: Assignment): Promise<void> {
    if (desired !== 'running' || release === null) return;
    if (assignment?.release?.sha256 === release.sha256) return;
    pass({ preparing: true });
    try {
      await ports.releaseStore.prepare(spec.name, release);
    } catch (error) {
      const reason = `release ${release.version} could not be prepared: ${describeError(error)}`;
      if (assignment === null) record = { ...record, rest: { ...record.rest, state: 'failed', reason } };
      else pass({ note: reason });
      throw error;
    } finally {
      pass({ preparing: false });
    }
  }

  /** Limits change live; refused ones change nothing, so they come before anything is taken down. */
  async function limitLive(next: Assignment): Promise<void> {
    if (record.run === null || assignment === null) return;
    if (JSON.stringify(next.limits) !== JSON.stringify(assignment.limits))
      await ports.driver.limit(record.groupKey, next.limits);
  }

  const isNews = (next: Assignment): boolean => assignment === null || next.revision > assignment.revision;

  return {
    status: () => statusOf(instanceId, assignment, record, passing),

    adopt: () =>
      inTurn(async () => {
        if (assignment !== null && loadedRecord.value === null && broken === null) {
          const pids = await ports.driver.pids(record.groupKey);
          if (pids.length > 0) broken = `there are processes (${pids.join(', ')}) but no record of a run`;
        }
        if (broken !== null) {
          passing = { ...passing, doubt: null };
          doubt(broken);
          return;
        }
        const seen = await observe();
        // What ended meanwhile is taken down before anybody is told that it runs.
        const action = assignment === null ? null : decide(assignment, record, seen, clock());
        if (assignment !== null && action?.do === 'settle') await settleAs(assignment, action.end);
        if (seen?.kind === 'alive' && record.run !== null) {
          pass({ adopted: true });
          const text = `adopted pid ${seen.program.pid} of run ${record.run.number}`;
          const runId = `${record.run.runId}/${identify(process.pid)?.startTicks}`;
          events.append(runEvent(runId, 'instance.adopted', instanceId, clock(), text));
          if (assignment !== null) {
            // An agent may have died between taking limits down and setting them.
            await ports.driver.limit(record.groupKey, assignment.limits).catch((error: unknown) => {
              pass({ note: describeError(error) });
            });
          }
        }
        poke();
      }),

    async apply(next) {
      if (isNews(next)) await fetchFirst(next);
      return await inTurn(async () => {
        if (!isNews(next)) return statusOf(instanceId, assignment, record, passing);
        refuseInDoubt();
        await limitLive(next);
        files.saveAssignment(next);
        assignment = next;
        pass({ note: '' });
        const failure = await reconcile();
        refuseInDoubt();
        if (failure !== null) throw failure;
        return statusOf(instanceId, assignment, record, passing);
      });
    },

    remove: () =>
      inTurn(async () => {
        refuseInDoubt();
        if (assignment !== null) {
          // Stays stopped whatever happens on the way.
          const gone: Assignment = { ...assignment, desired: 'stopped' };
          files.saveAssignment(gone);
          assignment = gone;
          const failure = await reconcile();
          if (failure !== null) throw failure;
        }
        if (record.run !== null) {
          throw new SgridError('stop_failed', `instance ${instanceId} has not ended yet`, {
            hint: 'try again in a moment',
          });
        }
        if (record.groupKey !== '') await ports.driver.remove(record.groupKey);
        files.forget();
        assignment = null;
      }),

    poke,

    verify() {
      const { run } = record;
      if (run === null || passing.doubt !== null) {
        if (run !== null) poke();
        return;
      }
      if (run.program === null || !isAlive(run.program, ports.procRoot)) poke();
    },

    running() {
      const { run } = record;
      return run === null ? null : { groupKey: record.groupKey, pid: run.program?.pid ?? null };
    },

    releases: () => [assignment?.release, record.run?.release].filter((release) => release != null),
    serviceName: () => assignment?.spec.name ?? null,
    recordName: () => (record.run === null ? null : recordName(instanceId, record.run.runId)),

    async close() {
      closed = true;
      clearTimer();
      wake.close();
      await tail;
    },
  };
}
