import type { AgentEvent } from '../../common/domain/event.ts';
import type { Assignment, InstanceStatus } from '../../common/domain/instance.ts';
import type { ReleaseRef } from '../../common/domain/release.ts';
import { asReason, said } from '../../common/domain/said.ts';
import { describeLimits } from '../../common/domain/service.ts';
import { SgridError, tellError } from '../../common/protocol/errors.ts';
import { identify, type ProcessIdentity, readProcStat } from '../../common/system/process-identity.ts';
import type { ConfigReader } from '../config-files/config-files.ts';
import { recordName } from '../process/records.ts';
import type { SampleTarget } from '../stats/sampler.ts';
import type { DependencyVerdict } from './dependencies.ts';
import { runEvent } from './events.ts';
import { createHealthKeeper } from './health-keeper.ts';
import { loadInstanceState } from './instance-state.ts';
import { stopReason } from './lifecycle.ts';
import type { Ports } from './ports.ts';
import { shimWords } from './process-names.ts';
import { createReconciler } from './reconcile.ts';
import { MAX_REASON_LENGTH, type Run } from './record.ts';
import { type Resolution, resolveDoubt } from './resolve.ts';
import { createWake } from './wake.ts';

/** One instance, and the one queue in which things are done to it. */
export interface Instance {
  status(): InstanceStatus;
  /**
   * Looks at what an earlier agent left, and goes on with it. Resolves when its processes have been identified, with the
   * event that tells of it when one was adopted: of hundreds at once, which are written together.
   */
  adopt(): Promise<AgentEvent | null>;
  /** See `instance.apply` of the agent link. */
  apply(assignment: Assignment): Promise<InstanceStatus>;
  /** Stops it and forgets it. */
  remove(): Promise<void>;
  /** Ends the doubt about its processes. @throws SgridError `conflict` when there is none, or as `resolveDoubt` */
  resolve(resolution: Resolution): Promise<InstanceStatus>;
  /** A record of it changed, or its time has come: looks again. */
  poke(): void;
  /** Whether all is as it is believed to be; pokes if not. For once a second. */
  verify(): void;
  /** What runs, for sampling; null when nothing does. */
  running(): Omit<SampleTarget, 'instanceId'> | null;
  /** The run that reads its configuration now; null when nothing runs. */
  reader(): ConfigReader | null;
  /** Releases that must stay on this node for it: the one that runs and the one that is wanted. */
  releases(): ReleaseRef[];
  /** What is wanted of it; null before the first `apply`. */
  assignment(): Assignment | null;
  serviceName(): string | null;
  /** Name of the records of the run that is under way. */
  recordName(): string | null;
  /** Lets go: no timer and no waiter is left. Programs go on. */
  close(): Promise<void>;
}

/** So often a look goes by start time and boot too, and at the shim: reading /proc costs ten times what asking for a pid does. */
const THOROUGH_EVERY = 8;

/** @param dependencies whether what an assignment depends on is up */
export function createInstance(
  instanceId: number,
  ports: Ports,
  onChange: () => void,
  dependencies: (wanted: Assignment) => DependencyVerdict,
): Instance {
  const { clock, driver, events, layout, logger } = ports;
  const state = loadInstanceState(instanceId, ports, onChange);
  const wake = createWake();
  const health = createHealthKeeper(state, ports, doInTurn, poke);
  const reconciler = createReconciler(state, ports, wake, poke, { dependencies, quiesce: health.quiesce });
  let tail: Promise<unknown> = Promise.resolve();
  let pokePending = false;
  let looks = 0;
  let closed = false;

  /** Everything is done in turn: two decisions at once could start a program twice. */
  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = tail.then(task);
    tail = result.catch(() => {});
    return result;
  }

  function doInTurn(task: () => void): void {
    void inTurn(async () => {
      if (!closed) task();
    });
  }

  async function reconcile(): Promise<unknown> {
    const failure = await reconciler.reconcile();
    if (!closed) health.follow();
    return failure;
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

  function refuseInDoubt(): void {
    if (state.passing.doubt === null) return;
    throw new SgridError('identity_in_doubt', said`instance ${instanceId}: ${state.passing.doubt}`, {
      hint: said`"sgrid resolve ${instanceId} --kill" ends all that is found of it (group ${state.record.groupKey}), --ended says that nothing of it runs any more; what was known of it is in ${layout.instance(instanceId).recordFile}`,
    });
  }

  /** Its shim has the last word on a run: without it nobody can say that it is over. */
  function notEnded({ number, shim }: Run): SgridError {
    const who = shimWords(shim);
    return new SgridError('stop_failed', said`run ${number} of instance ${instanceId} has not ended yet`, {
      hint: said`${who} has not said that it did: is it stopped, or the disk full? It is ended as soon as that says more`,
    });
  }

  /** It may have been removed while its release was on the way: taking that down would bring it back with the next agent. */
  function demandOpen(): void {
    if (!closed) return;
    throw new SgridError('cancelled', said`instance ${instanceId} was removed, or the agent is ending`);
  }

  /** Outside of the queue: a download takes its time, and the program that runs is supervised meanwhile. */
  async function fetchFirst({ spec, release, desired }: Assignment): Promise<void> {
    if (desired !== 'running' || release === null) return;
    if (state.assignment?.release?.sha256 === release.sha256) return;
    state.pass({ preparing: true });
    try {
      await ports.releaseStore.prepare(spec.name, release);
    } catch (error) {
      const text = said`release ${release.version} could not be prepared: ${tellError(error)}`;
      const { record } = state;
      if (state.assignment === null)
        state.keep({
          ...record,
          rest: { ...record.rest, state: 'failed', ...asReason(text, MAX_REASON_LENGTH) },
        });
      else state.pass({ note: text });
      throw error;
    } finally {
      state.pass({ preparing: false });
    }
  }

  /** Limits change live; refused ones change nothing, so they come before anything is taken down. */
  async function limitLive(next: Assignment): Promise<void> {
    const { run, groupKey } = state.record;
    const before = state.assignment?.limits ?? {};
    if (run === null || describeLimits(next.limits) === describeLimits(before)) return;
    await driver.limit(groupKey, next.limits);
    const text = said`limits of run ${run.number}: ${describeLimits(before)}, now ${describeLimits(next.limits)}`;
    events.append(runEvent(`${run.runId}/${next.revision}`, 'instance.limited', instanceId, clock(), text));
  }

  function isNews({ revision }: Assignment): boolean {
    return state.assignment === null || revision > state.assignment.revision;
  }

  /** Like `isAlive`, without reading the boot id each second for each instance: that does not change under us. */
  function isThere({ pid, startTicks, bootId }: ProcessIdentity): boolean {
    const stat = readProcStat(pid, ports.procRoot);
    return stat?.startTicks === startTicks && !'ZX'.includes(stat.state) && bootId === ports.bootId;
  }

  function isWellFor({ program, shim }: Run): boolean {
    const isWatched = state.passing.shimGone !== null || (shim !== null && isThere(shim));
    return program !== null && isThere(program) && isWatched;
  }

  /** There is no record of a run, but are there processes? */
  async function distrustStrayProcesses(): Promise<void> {
    if (state.hadRecord || state.broken !== null || state.assignment === null) return;
    const pids = await driver.pids(state.record.groupKey);
    if (pids.length > 0)
      state.distrust(said`there are processes (${pids.join(', ')}) but no record of a run`);
  }

  function noteAdopted(pid: number): AgentEvent | null {
    const { run } = state.record;
    if (run === null) return null;
    state.pass({ adopted: true });
    const adoption = `${run.runId}/${identify(process.pid)?.startTicks}`;
    const text = said`adopted pid ${pid} of run ${run.number}`;
    return runEvent(adoption, 'instance.adopted', instanceId, clock(), text);
  }

  /** An agent may have died between taking limits down and setting them. Nobody has to wait for it. */
  async function restoreLimits(): Promise<void> {
    const { assignment, record } = state;
    if (assignment === null || record.run === null) return;
    await driver.limit(record.groupKey, assignment.limits).catch((error: unknown) => {
      state.pass({ note: tellError(error) });
    });
  }

  return {
    status: state.status,

    adopt: () =>
      inTurn(async () => {
        await distrustStrayProcesses();
        if (state.broken !== null) {
          reconciler.doubt(state.broken);
          return null;
        }
        const seen = await reconciler.takeStock();
        const adoption = seen?.kind === 'alive' ? noteAdopted(seen.program.pid) : null;
        if (adoption !== null) void inTurn(restoreLimits);
        poke();
        return adoption;
      }),

    async apply(next) {
      if (isNews(next)) await fetchFirst(next);
      return await inTurn(async () => {
        demandOpen();
        if (!isNews(next)) return state.status();
        refuseInDoubt();
        await limitLive(next);
        state.want(next);
        state.pass({ note: '' });
        const failure = await reconcile();
        refuseInDoubt();
        if (failure !== null) throw failure;
        const { run } = state.record;
        if (run !== null && stopReason(next, run) !== null) {
          demandOpen();
          throw notEnded(run);
        }
        return state.status();
      });
    },

    remove: () =>
      inTurn(async () => {
        refuseInDoubt();
        if (state.assignment !== null) {
          // It stays stopped, whatever happens on the way.
          state.want({ ...state.assignment, desired: 'stopped' });
          const failure = await reconcile();
          refuseInDoubt();
          if (failure !== null) throw failure;
        }
        if (state.record.run !== null) throw notEnded(state.record.run);
        if (state.record.groupKey !== '') await driver.remove(state.record.groupKey);
        state.forget();
        closed = true;
      }),

    resolve: (resolution) =>
      inTurn(async () => {
        demandOpen();
        if (state.passing.doubt === null) {
          const { state: now } = state.status();
          throw new SgridError(
            'conflict',
            said`instance ${instanceId} is ${now}, there is nothing to resolve`,
          );
        }
        await resolveDoubt(state, ports, resolution);
        if (isNews(resolution.wanted)) state.want(resolution.wanted);
        // A start that fails now is no failure of this: its status says so.
        await reconcile();
        return state.status();
      }),

    poke,

    verify() {
      const { assignment } = state;
      const { run, rest } = state.record;
      // Both have their own time, or event, at which they are looked at again.
      if (state.passing.stuck !== null || state.passing.waiting !== null) return;
      if (run !== null) {
        const isThorough = looks % THOROUGH_EVERY === 0;
        looks += 1;
        const isWell = isThorough ? isWellFor(run) : run.program !== null && hasPid(run.program.pid);
        // A stop that failed half-way (nothing could be opened, or written down) set no timer.
        const isUnfinished =
          run.stopping !== null || (assignment !== null && stopReason(assignment, run) !== null);
        if (!isWell || isUnfinished) poke();
        return;
      }
      // A start that failed in a way that could not even be taken down (a full disk) set no timer.
      const due =
        rest.state === 'stopped' || (rest.state === 'backoff' && (rest.nextStartAt ?? 0) <= clock());
      if (due && assignment?.desired === 'running') poke();
    },

    running() {
      const { run, groupKey } = state.record;
      if (run === null) return null;
      const limits = state.assignment?.limits ?? {};
      return { groupKey, pid: run.program?.pid ?? null, runId: run.runId, limits };
    },

    reader() {
      const { run } = state.record;
      if (run === null) return null;
      const isToBeSignalled = run.stopping === null && state.passing.doubt === null;
      return { runId: run.runId, program: isToBeSignalled ? run.program : null };
    },

    releases: () => [state.assignment?.release, state.record.run?.release].filter((each) => each != null),
    assignment: () => state.assignment,
    serviceName: () => state.assignment?.spec.name ?? null,
    recordName: () => (state.record.run === null ? null : recordName(instanceId, state.record.run.runId)),

    async close() {
      closed = true;
      reconciler.close();
      wake.close();
      await health.quiesce();
      await tail;
      // What was under way may have begun them again.
      reconciler.close();
      await health.quiesce();
    },
  };
}

/** Whether there is a process of that pid, whosever it is: kill(2) with signal 0 sends nothing. */
function hasPid(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
