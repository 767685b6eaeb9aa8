import type { AgentEvent } from '../../common/domain/event.ts';
import type { Assignment, InstanceStatus } from '../../common/domain/instance.ts';
import type { ReleaseRef } from '../../common/domain/release.ts';
import type { ConfigReader } from '../config-files/config-files.ts';
import { recordName } from '../process/records.ts';
import type { SampleTarget } from '../stats/sampler.ts';
import { distrustStrayProcesses, noteAdopted } from './adoption.ts';
import type { DependencyVerdict } from './dependencies.ts';
import { fetchFirst } from './fetch-first.ts';
import { createHealthKeeper } from './health-keeper.ts';
import { loadInstanceState } from './instance-state.ts';
import { stopReason } from './lifecycle.ts';
import { limitLive, restoreLimits } from './live-limits.ts';
import type { Ports } from './ports.ts';
import { createReconciler } from './reconcile.ts';
import { gone, notEnded, nothingToResolve, refuseInDoubt } from './refusals.ts';
import { type Resolution, resolveDoubt } from './resolve.ts';
import { createVerifier } from './verify.ts';
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

/** @param dependencies whether what an assignment depends on is up */
export function createInstance(
  instanceId: number,
  ports: Ports,
  onChange: () => void,
  dependencies: (wanted: Assignment) => DependencyVerdict,
): Instance {
  const { driver, layout, logger } = ports;
  const state = loadInstanceState(instanceId, ports, onChange);
  const wake = createWake();
  const health = createHealthKeeper(state, ports, doInTurn, poke);
  const reconciler = createReconciler(state, ports, wake, poke, { dependencies, quiesce: health.quiesce });
  const isAsBelieved = createVerifier(state, ports);
  let tail: Promise<unknown> = Promise.resolve();
  let pokePending = false;
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

  /** It may have been removed while its release was on the way: taking that down would bring it back with the next agent. */
  function demandOpen(): void {
    if (closed) throw gone(instanceId);
  }

  function isNews({ revision }: Assignment): boolean {
    return state.assignment === null || revision > state.assignment.revision;
  }

  return {
    status: state.status,

    adopt: () =>
      inTurn(async () => {
        await distrustStrayProcesses(state, ports);
        if (state.broken !== null) {
          reconciler.doubt(state.broken);
          return null;
        }
        const seen = await reconciler.takeStock();
        const adoption = seen?.kind === 'alive' ? noteAdopted(state, ports, seen.program.pid) : null;
        // Behind this, so that nobody has to wait for it.
        if (adoption !== null) void inTurn(() => restoreLimits(state, ports));
        poke();
        return adoption;
      }),

    async apply(next) {
      if (isNews(next)) await fetchFirst(state, ports, next);
      return await inTurn(async () => {
        demandOpen();
        if (!isNews(next)) return state.status();
        refuseInDoubt(state, layout);
        await limitLive(state, ports, next);
        state.want(next);
        state.pass({ note: '' });
        const failure = await reconcile();
        refuseInDoubt(state, layout);
        if (failure !== null) throw failure;
        const { run } = state.record;
        if (run !== null && stopReason(next, run) !== null) {
          demandOpen();
          throw notEnded(instanceId, run);
        }
        return state.status();
      });
    },

    remove: () =>
      inTurn(async () => {
        refuseInDoubt(state, layout);
        if (state.assignment !== null) {
          // It stays stopped, whatever happens on the way.
          state.want({ ...state.assignment, desired: 'stopped' });
          const failure = await reconcile();
          refuseInDoubt(state, layout);
          if (failure !== null) throw failure;
        }
        if (state.record.run !== null) throw notEnded(instanceId, state.record.run);
        if (state.record.groupKey !== '') await driver.remove(state.record.groupKey);
        state.forget();
        closed = true;
      }),

    resolve: (resolution) =>
      inTurn(async () => {
        demandOpen();
        if (state.passing.doubt === null) throw nothingToResolve(state.status());
        await resolveDoubt(state, ports, resolution);
        if (isNews(resolution.wanted)) state.want(resolution.wanted);
        // A start that fails now is no failure of this: its status says so.
        await reconcile();
        return state.status();
      }),

    poke,

    verify() {
      if (!isAsBelieved()) poke();
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
