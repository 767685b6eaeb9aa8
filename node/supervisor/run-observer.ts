import type { Launched } from '../process/launcher.ts';
import type { InstanceState } from './instance-state.ts';
import type { Observation } from './lifecycle.ts';
import { observeRun } from './observe.ts';
import type { Ports } from './ports.ts';
import type { Wake } from './wake.ts';

/** Looks at the run of an instance that is under way, and remembers which shim this agent spawned for it. */
export interface RunObserver {
  /** What is to be seen of the run now; null when there is none. */
  look(): Promise<Observation | null>;
  /**
   * Waits until the records say more than that a shim is at work. @returns false when its patience was over before
   *
   * @throws SgridError `cancelled` when the agent ends
   */
  recordComes(): Promise<boolean>;
  /** This agent has spawned the shim of a run: of how it is, no process needs to be looked for. */
  noteSpawned(runId: string, launched: Pick<Launched, 'ended'>): void;
}

export type ObserverPorts = Pick<Ports, 'bootId' | 'findShims' | 'monotonic' | 'procRoot'> & {
  driver: Pick<Ports['driver'], 'pids'>;
};

/** How long a shim may take to say that its program runs, or how it ended, before we stop waiting in line for it. */
const RECORD_PATIENCE_MS = 10_000;
/** Changes of the records are watched; this is for one that the kernel's queue dropped: inotify(7). */
const LOOK_EVERY_MS = 1000;

/**
 * @param wake rings when the records change.
 * @param onShimEnd told when a shim that this agent spawned is over.
 */
export function createRunObserver(
  state: InstanceState,
  ports: ObserverPorts,
  wake: Pick<Wake, 'sleep'>,
  onShimEnd: () => void,
): RunObserver {
  const { monotonic } = ports;
  let spawned: { runId: string; isOver: boolean } | null = null;

  async function look(): Promise<Observation | null> {
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

  return {
    look,

    async recordComes() {
      const deadlineMs = monotonic() + RECORD_PATIENCE_MS;
      while (monotonic() < deadlineMs) {
        if ((await look())?.kind !== 'pending') return true;
        await wake.sleep(LOOK_EVERY_MS);
      }
      // It may have been ourselves who did nothing all the time.
      return (await look())?.kind !== 'pending';
    },

    noteSpawned(runId, { ended }) {
      const mine = { runId, isOver: false };
      spawned = mine;
      void ended.then(() => {
        mine.isOver = true;
        onShimEnd();
      });
    },
  };
}
