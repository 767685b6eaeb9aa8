import type { Assignment } from '../../common/domain/instance.ts';
import { english, isSameText, said, type Told } from '../../common/domain/said.ts';
import { SgridError, tellError } from '../../common/protocol/errors.ts';
import { isAlive } from '../../common/system/process-identity.ts';
import type { Launched } from '../process/launcher.ts';
import { sweepRecord } from '../process/records.ts';
import type { DependencyVerdict } from './dependencies.ts';
import { runEvent } from './events.ts';
import type { InstanceState } from './instance-state.ts';
import { type Action, decide, type Observation, type RunEnd, stopReason } from './lifecycle.ts';
import { observeRun } from './observe.ts';
import type { Ports } from './ports.ts';
import { describeProcesses, shimWords } from './process-names.ts';
import type { StopReason } from './record.ts';
import { settleRun } from './run-settle.ts';
import { isPermanent, prepareStart } from './run-start.ts';
import { endProgram, graceLeftMs, retryStopInMs } from './run-stop.ts';
import type { Wake } from './wake.ts';

/** Brings one instance to what is wanted of it. Its calls must not overlap: the instance's queue sees to that. */
export interface Reconciler {
  /**
   * Does what is to be done until there is nothing left, or something to wait for.
   *
   * @returns what failed on the way, or null.
   */
  reconcile(): Promise<unknown>;
  /** Looks at what an earlier agent left: takes down what ended meanwhile. @returns what is to be seen of its run now. */
  takeStock(): Promise<Observation | null>;
  /** From now on its processes cannot be told. */
  doubt(reason: Told): void;
  /** Starts nothing more. */
  close(): void;
}

export interface ReconcilerHooks {
  /** Whether what it depends on is up. */
  dependencies: (wanted: Assignment) => DependencyVerdict;
  /** Ends what is done beside a run, before the run is taken down. Resolves when nothing of it is left. */
  quiesce: () => Promise<void>;
}

/** How long a shim may take to say that its program runs, or how it ended, before we stop waiting in line for it. */
const RECORD_PATIENCE_MS = 10_000;
/** Changes of the records are watched; this is for one that the kernel's queue dropped: inotify(7). */
const LOOK_EVERY_MS = 1000;

/**
 * @param poke has the instance looked at again, in its turn.
 * @param wake rings when its records change.
 */
export function createReconciler(
  state: InstanceState,
  ports: Ports,
  wake: Wake,
  poke: () => void,
  hooks: ReconcilerHooks,
): Reconciler {
  const { instanceId } = state;
  const { clock, monotonic, events, logger } = ports;
  /** The stop that this agent began. */
  let stopBegan: { runId: string; atMs: number } | null = null;
  let failedStops = 0;
  let spawned: (Launched & { runId: string; isOver: boolean }) | null = null;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function observe(): Promise<Observation | null> {
    const { recordPath } = state;
    const { run, groupKey } = state.record;
    if (run === null || recordPath === null) return null;
    const mine = spawned?.runId === run.runId ? spawned : null;
    const shimOfMine = mine === null ? 'unknown' : mine.isOver ? 'over' : 'alive';
    return await observeRun(run, recordPath, shimOfMine, {
      bootId: ports.bootId,
      procRoot: ports.procRoot,
      findShims: ports.findShims,
      pids: () => ports.driver.pids(groupKey),
    });
  }

  async function reconcile(): Promise<unknown> {
    let failure: unknown = null;
    clearTimeout(timer);
    while (!closed && state.assignment !== null && state.broken === null) {
      const { assignment } = state;
      try {
        const seen = await observe();
        const action = decide(assignment, state.record, seen, clock());
        // A shim that says nothing is no answer to a doubt.
        const isOpen = action.do === 'doubt' || action.do === 'await-record';
        if (!isOpen && state.passing.doubt !== null) state.pass({ doubt: null });
        noteShim(seen);
        const verdict = action.do === 'start' ? hooks.dependencies(assignment) : null;
        if (verdict?.kind === 'wait') {
          awaitDependencies(assignment, verdict);
          break;
        }
        if (state.passing.waiting !== null) state.pass({ waiting: null });
        if (verdict?.kind === 'cycle') {
          failure = await refuseCycle(assignment, verdict.path);
          continue;
        }
        if (action.do === 'nothing') break;
        if (action.do === 'wait') {
          timer = setTimeout(poke, Math.max(1, action.until - clock()));
          break;
        }
        if (action.do === 'doubt') {
          doubt(action.reason);
          break;
        }
        if (action.do === 'await-record') {
          // Who doubts already does not wait again, and keeps nobody waiting who would resolve it.
          if (state.passing.doubt === null && (await recordComes())) continue;
          doubtSilence(assignment);
          break;
        }
        failure = (await act(action, assignment)) ?? failure;
      } catch (error) {
        if (closed) break;
        // Left as it is, to be looked at again; nothing is retried in a hurry.
        logger.error({ instanceId, err: error }, 'instance left as it is');
        if (error instanceof SgridError && error.code === 'stop_failed') await noteStuck(error);
        else state.pass({ note: tellError(error) });
        failure = error;
        break;
      }
    }
    if (state.passing.starting) state.pass({ starting: false });
    return failure;
  }

  /** Waits until the records say more than that a shim is at work. */
  async function recordComes(): Promise<boolean> {
    const deadlineMs = monotonic() + RECORD_PATIENCE_MS;
    while (!closed && monotonic() < deadlineMs) {
      if ((await observe())?.kind !== 'pending') return true;
      await wake.sleep(LOOK_EVERY_MS);
    }
    // It may have been ourselves who did nothing all the time.
    return !closed && (await observe())?.kind !== 'pending';
  }

  /** A shim says nothing, and nothing goes on until it does: of a program that is gone, or that is to go. */
  function doubtSilence(wanted: Assignment): void {
    const { run } = state.record;
    if (closed || run === null) return;
    const shim = shimWords(run.shim);
    const why = said`is it stopped, or the disk full?`;
    if (run.program !== null) doubt(said`its program is gone, and ${shim} does not say how it ended: ${why}`);
    else if (stopReason(wanted, run) !== null) doubt(said`${shim} does not say whether it started: ${why}`);
  }

  function noteShim(seen: Observation | null): void {
    const isMissing = seen?.kind === 'alive' && seen.isShimGone;
    const shimGone = isMissing
      ? said`its shim, process ${seen.shim.pid}, was killed: how it ends will be seen by nobody`
      : null;
    if (!isSameText(shimGone, state.passing.shimGone)) state.pass({ shimGone });
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
        noteStarted(action);
        return null;
      case 'stop':
        await stop(wanted, action.reason);
        return null;
      case 'give-up':
        state.save({ ...state.record, ...action.rest, since: clock() });
        return null;
      case 'settle':
        await settleAs(wanted, action.end);
        if (action.end.kind !== 'not-started') return null;
        return new SgridError('start_failed', said`${wanted.spec.name}: ${action.end.reason}`, {
          hint: said`look at the instance's log and its limits`,
        });
    }
  }

  /** It is looked at again when one of them changes. */
  function awaitDependencies(
    wanted: Assignment,
    verdict: Extract<DependencyVerdict, { kind: 'wait' }>,
  ): void {
    const { reason, announced } = verdict;
    if (isSameText(state.passing.waiting?.reason ?? null, reason)) return;
    state.pass({ waiting: { reason, since: state.passing.waiting?.since ?? clock() } });
    // By the start that waits, so that it is told once, also over starts of the agent.
    const start = `${state.record.runs + 1}/${wanted.revision}`;
    if (announced) events.append(runEvent(start, 'instance.waiting', instanceId, clock(), reason));
  }

  async function refuseCycle(wanted: Assignment, path: readonly string[]): Promise<SgridError> {
    const reason = said`its dependencies wait for one another: ${path.join(' → ')}`;
    await settleAs(wanted, { kind: 'not-started', reason, permanent: true });
    return new SgridError('conflict', said`${wanted.spec.name}: ${reason}`, {
      hint: said`take one of them off dependsOn`,
    });
  }

  /** Names who would not die. The run is not over, so nothing is started; it is tried again. */
  async function noteStuck(error: SgridError): Promise<void> {
    const { run, groupKey } = state.record;
    if (run === null || closed) return;
    failedStops += 1;
    timer = setTimeout(poke, retryStopInMs(failedStops));
    const left = new Set(await ports.driver.pids(groupKey));
    if (run.program !== null && isAlive(run.program, ports.procRoot)) left.add(run.program.pid);
    const why = tellError(error);
    const reason =
      left.size === 0 ? why : said`${describeProcesses([...left], ports.procRoot)} would not die: ${why}`;
    state.pass({ stuck: reason, starting: false });
    events.append(runEvent(run.runId, 'instance.stop-failed', instanceId, clock(), reason));
  }

  async function start(wanted: Assignment, byPolicy: boolean): Promise<unknown> {
    state.pass({ starting: true, note: '', adopted: false });
    const { record } = state;
    try {
      const { run, cgroup, request } = await prepareStart(ports, wanted, record, byPolicy);
      if (closed) return null;
      const counters = byPolicy ? { restarts: record.restarts + 1 } : { restarts: 0, fastDeaths: 0 };
      // The intent is on the disk before anything is spawned.
      state.save({ ...record, ...counters, cgroup, run, runs: run.number, since: clock() });
      const launched = { ...ports.launcher.launch(request), runId: run.runId, isOver: false };
      spawned = launched;
      void launched.ended.then(() => {
        launched.isOver = true;
        poke();
      });
      return null;
    } catch (error) {
      // Its download was ended with this agent: no failure, and the next agent starts it.
      if (closed) throw error;
      logger.warn({ instanceId, err: error }, 'start failed');
      const permanent = isPermanent(error);
      await settleAs(wanted, { kind: 'not-started', reason: tellError(error), permanent });
      return error;
    }
  }

  function noteStarted(seen: Extract<Action, { do: 'note-started' }>): void {
    const { program, shim, startedAt } = seen;
    const { run } = state.record;
    if (run === null) return;
    const text = said`started run ${run.number}, release ${run.release.version}, pid ${program.pid}`;
    events.append(runEvent(run.runId, 'instance.started', instanceId, startedAt, text));
    state.save({ ...state.record, run: { ...run, program, shim, startedAt }, since: startedAt });
  }

  async function stop(wanted: Assignment, reason: StopReason): Promise<void> {
    const { run, groupKey } = state.record;
    if (run === null) return;
    state.pass({ starting: reason === 'changed' || reason === 'restart' });
    const stopping = run.stopping ?? { reason, at: clock() };
    if (run.stopping === null) {
      stopBegan = { runId: run.runId, atMs: monotonic() };
      state.save({ ...state.record, run: { ...run, stopping }, since: stopping.at });
    }
    const begunAgoMs = stopBegan?.runId === run.runId ? monotonic() - stopBegan.atMs : null;
    const quiet = hooks.quiesce();
    await endProgram({
      ports,
      instanceId,
      groupKey,
      run,
      deadlineMs: monotonic() + graceLeftMs(wanted.spec.graceMs, begunAgoMs, stopping.at, clock()),
      isOver: async () => {
        const seen = await observe();
        return seen?.kind !== 'alive' && seen?.kind !== 'pending';
      },
      sleep: wake.sleep,
    });
    await quiet;
  }

  async function settleAs(wanted: Assignment, end: RunEnd): Promise<void> {
    const { recordPath } = state;
    await hooks.quiesce();
    state.save(await settleRun(ports, instanceId, wanted, state.record, recordPath, end));
    // Only now: had we been killed before, the next agent would need them.
    if (recordPath !== null) sweepRecord(recordPath);
    failedStops = 0;
    if (state.passing.stuck !== null) state.pass({ stuck: null });
  }

  function doubt(reason: Told): void {
    if (isSameText(state.passing.doubt, reason)) return;
    const isNew = state.passing.doubt === null;
    state.pass({ doubt: reason, starting: false });
    // The reason names processes, which come and go: it is one doubt all the same.
    if (!isNew) return;
    logger.error({ instanceId, reason: english(reason) }, 'instance cannot be identified');
    const now = clock();
    // Without a record nothing else tells it from an earlier doubt.
    const id = `${state.record.run?.runId ?? 'none'}/${now}`;
    events.append(runEvent(id, 'instance.unknown', instanceId, now, reason));
  }

  return {
    reconcile,
    doubt,
    async takeStock() {
      const seen = await observe();
      const { assignment } = state;
      const action = assignment === null ? null : decide(assignment, state.record, seen, clock());
      // What ended meanwhile is taken down before anybody is told that it runs.
      if (assignment !== null && action?.do === 'settle') await settleAs(assignment, action.end);
      return seen;
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
