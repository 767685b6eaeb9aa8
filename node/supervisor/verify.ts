import { type ProcessIdentity, readProcStat } from '../../common/system/process-identity.ts';
import type { InstanceState } from './instance-state.ts';
import { stopReason } from './lifecycle.ts';
import type { Ports } from './ports.ts';
import type { Run } from './record.ts';

/** So often a look goes by start time and boot too, and at the shim: reading /proc costs ten times what asking for a pid does. */
const THOROUGH_EVERY = 8;

/**
 * The cheap half of the safety net, for once a second and instance: whether all is as it is believed to be, so that it need
 * not be looked at again.
 */
export function createVerifier(
  state: InstanceState,
  ports: Pick<Ports, 'bootId' | 'clock' | 'procRoot'>,
): () => boolean {
  let looks = 0;

  /** Like `isAlive`, without reading the boot id each second for each instance: that does not change under us. */
  function isThere({ pid, startTicks, bootId }: ProcessIdentity): boolean {
    const stat = readProcStat(pid, ports.procRoot);
    return stat?.startTicks === startTicks && !'ZX'.includes(stat.state) && bootId === ports.bootId;
  }

  function isWellFor({ program, shim }: Run): boolean {
    const isWatched = state.passing.shimGone !== null || (shim !== null && isThere(shim));
    return program !== null && isThere(program) && isWatched;
  }

  function runIsAsBelieved(run: Run): boolean {
    const { assignment } = state;
    const isThorough = looks % THOROUGH_EVERY === 0;
    looks += 1;
    const isWell = isThorough ? isWellFor(run) : run.program !== null && hasPid(run.program.pid);
    // A stop that failed half-way (nothing could be opened, or written down) set no timer.
    const isUnfinished =
      run.stopping !== null || (assignment !== null && stopReason(assignment, run) !== null);
    return isWell && !isUnfinished;
  }

  /** A start that failed in a way that could not even be taken down (a full disk) set no timer. */
  function isDue(): boolean {
    const { rest } = state.record;
    if (state.assignment?.desired !== 'running') return false;
    return rest.state === 'stopped' || (rest.state === 'backoff' && (rest.nextStartAt ?? 0) <= ports.clock());
  }

  return () => {
    // Both have their own time, or event, at which they are looked at again.
    if (state.passing.stuck !== null || state.passing.waiting !== null) return true;
    const { run } = state.record;
    return run === null ? !isDue() : runIsAsBelieved(run);
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
