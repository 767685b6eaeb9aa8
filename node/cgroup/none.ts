import { NO_PRESSURE } from '../stats/pressure.ts';
import { refuseMembers } from './control-files.ts';
import type { CgroupDriver } from './driver.ts';
import { checkKey } from './group-key.ts';
import { killUntilEmpty, signalMembers } from './kill-members.ts';
import { checkLimits, type MachineCapacity } from './limits.ts';
import { findMarked } from './marked-processes.ts';

/** Names the group in the environment of its processes, which every descendant inherits. */
export const GROUP_KEY_ENV = 'SGRID_INSTANCE_KEY';

/** After so many looks that each find new processes, the rest is left to the next round of killing. */
const STOP_PASSES = 20;

export interface NoneOptions {
  readonly capacity: () => MachineCapacity;
  readonly warning: string;
  readonly procRoot: string;
}

/**
 * No groups: members are told by a variable in their environment (`/proc/<pid>/environ`, readable for the same user), which
 * survives setsid and double forks, and as the descendants of those. Limits are checked and not enforced; `stat` is all
 * null.
 *
 * As far as the kernel allows: a process that both empties its environment (or overwrites it, as some daemons do for their
 * title) and is no descendant of a member any more is not found.
 */
export function createNoneDriver({ capacity, warning, procRoot }: NoneOptions): CgroupDriver {
  const members = async (key: string): Promise<number[]> =>
    findMarked(`${GROUP_KEY_ENV}=${checkKey(key)}`, procRoot);

  /** Stopped processes cannot fork, so all are stopped, until a look finds no new one, before any is killed. */
  async function stopAndKill(key: string): Promise<void> {
    const stopped = new Set<number>();
    for (let passesLeft = STOP_PASSES; passesLeft > 0; passesLeft -= 1) {
      const found = (await members(key)).filter((pid) => !stopped.has(pid));
      if (found.length === 0) break;
      await signalMembers(() => members(key), 'SIGSTOP', procRoot);
      for (const pid of found) stopped.add(pid);
    }
    await signalMembers(() => members(key), 'SIGKILL', procRoot);
  }

  return {
    name: 'none',
    warning,
    async joinForShims() {
      return { procsFiles: [], execPrefix: [], path: '' };
    },
    async create(key, limits) {
      checkLimits(limits, capacity());
      return { procsFiles: [], execPrefix: ['env', `${GROUP_KEY_ENV}=${checkKey(key)}`], path: '' };
    },
    async limit(key, limits) {
      checkKey(key);
      checkLimits(limits, capacity());
    },
    async stat(key) {
      checkKey(key);
      return {
        cpuUsageMicros: null,
        cpuPeriods: null,
        cpuThrottledPeriods: null,
        memoryBytes: null,
        oomKills: null,
        pids: null,
        pressure: NO_PRESSURE,
      };
    },
    async workingSet(key) {
      checkKey(key);
      return null;
    },
    async pids(key) {
      return members(key);
    },
    async killAll(key) {
      await killUntilEmpty(
        key,
        () => members(key),
        () => stopAndKill(key),
      );
    },
    async remove(key) {
      refuseMembers(key, await members(key));
    },
    async tidy() {},
  };
}
