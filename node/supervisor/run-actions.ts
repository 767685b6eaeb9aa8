import type { Assignment } from '../../common/domain/instance.ts';
import { said } from '../../common/domain/said.ts';
import { sweepRecord } from '../process/records.ts';
import { runEvent } from './events.ts';
import type { InstanceState } from './instance-state.ts';
import type { Action, RunEnd } from './lifecycle.ts';
import type { Ports } from './ports.ts';
import type { StopReason } from './record.ts';
import type { RunObserver } from './run-observer.ts';
import { settleRun } from './run-settle.ts';
import { prepareStart } from './run-start.ts';
import { endProgram, graceLeftMs } from './run-stop.ts';
import type { Wake } from './wake.ts';

/** Does to an instance what `decide` decided, and takes it down: before it is done when a crash must not undo it, else after. */
export interface RunActions {
  /** @throws as `prepareStart`; nothing was spawned then. Spawns nothing when the agent ends meanwhile. */
  start(wanted: Assignment, byPolicy: boolean): Promise<void>;
  noteStarted(seen: Extract<Action, { do: 'note-started' }>): void;
  /** Ends the program, or goes on with ending it. @throws as `endProgram` */
  stop(wanted: Assignment, reason: StopReason): Promise<void>;
  /** Cleans up behind a run, or a start, that is over. @throws as `settleRun`; it is not over then */
  settle(wanted: Assignment, end: RunEnd): Promise<void>;
}

export interface RunActionsOptions {
  readonly observer: RunObserver;
  readonly sleep: Wake['sleep'];
  /** See `ReconcilerHooks`. */
  readonly quiesce: () => Promise<void>;
  /** Aborted when nothing may be started any more. */
  readonly closing: AbortSignal;
}

export function createRunActions(
  state: InstanceState,
  ports: Ports,
  { observer, sleep, quiesce, closing }: RunActionsOptions,
): RunActions {
  const { instanceId } = state;
  const { clock, monotonic, events } = ports;
  /** The stop that this agent began. */
  let stopBegan: { runId: string; atMs: number } | null = null;

  return {
    async start(wanted, byPolicy) {
      state.pass({ starting: true, note: '', adopted: false });
      const { record } = state;
      const { run, cgroup, request } = await prepareStart(ports, wanted, record, byPolicy);
      if (closing.aborted) return;
      const counters = byPolicy ? { restarts: record.restarts + 1 } : { restarts: 0, fastDeaths: 0 };
      // The intent is on the disk before anything is spawned.
      state.save({ ...record, ...counters, cgroup, run, runs: run.number, since: clock() });
      observer.noteSpawned(run.runId, ports.launcher.launch(request));
    },

    noteStarted({ program, shim, startedAt }) {
      const { run } = state.record;
      if (run === null) return;
      const text = said`started run ${run.number}, release ${run.release.version}, pid ${program.pid}`;
      events.append(runEvent(run.runId, 'instance.started', instanceId, startedAt, text));
      state.save({ ...state.record, run: { ...run, program, shim, startedAt }, since: startedAt });
    },

    async stop(wanted, reason) {
      const { run, groupKey } = state.record;
      if (run === null) return;
      state.pass({ starting: reason === 'changed' || reason === 'restart' });
      const stopping = run.stopping ?? { reason, at: clock() };
      if (run.stopping === null) {
        stopBegan = { runId: run.runId, atMs: monotonic() };
        state.save({ ...state.record, run: { ...run, stopping }, since: stopping.at });
      }
      const begunAgoMs = stopBegan?.runId === run.runId ? monotonic() - stopBegan.atMs : null;
      const quiet = quiesce();
      await endProgram({
        ports,
        instanceId,
        groupKey,
        run,
        deadlineMs: monotonic() + graceLeftMs(wanted.spec.graceMs, begunAgoMs, stopping.at, clock()),
        isOver: async () => {
          const seen = await observer.look();
          return seen?.kind !== 'alive' && seen?.kind !== 'pending';
        },
        sleep,
      });
      await quiet;
    },

    async settle(wanted, end) {
      const { recordPath } = state;
      await quiesce();
      state.save(await settleRun(ports, instanceId, wanted, state.record, recordPath, end));
      // Only now: had we been killed before, the next agent would need them.
      if (recordPath !== null) sweepRecord(recordPath);
      if (state.passing.stuck !== null) state.pass({ stuck: null });
    },
  };
}
