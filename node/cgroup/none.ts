import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readProcStat } from '../../common/system/process-identity.ts';
import { isErrno, readControl, refuseMembers } from './control-files.ts';
import type { CgroupDriver } from './driver.ts';
import { checkKey } from './group-key.ts';
import { killUntilEmpty, signalMembers } from './kill-members.ts';
import { checkLimits, type MachineCapacity } from './limits.ts';

/** Names the group in the environment of its processes, which every descendant inherits. */
export const GROUP_KEY_ENV = 'SGRID_INSTANCE_KEY';

/** After so many looks that each find new processes, the rest is left to the next round of killing. */
const STOP_PASSES = 20;

/** So many looks in a row that find nobody make a group empty. */
const EMPTY_LOOKS = 3;

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
  const members = (key: string): number[] => findMembers(procRoot, checkKey(key));

  /** Stopped processes cannot fork, so all are stopped, until a look finds no new one, before any is killed. */
  function stopAndKill(key: string): void {
    const stopped = new Set<number>();
    for (let passesLeft = STOP_PASSES; passesLeft > 0; passesLeft -= 1) {
      const found = members(key).filter((pid) => !stopped.has(pid));
      if (found.length === 0) break;
      signalMembers(() => members(key), 'SIGSTOP', procRoot);
      for (const pid of found) stopped.add(pid);
    }
    signalMembers(() => members(key), 'SIGKILL', procRoot);
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
      };
    },
    async pids(key) {
      return members(key);
    },
    async killAll(key) {
      await killUntilEmpty(
        key,
        () => lookRepeatedly(() => members(key)),
        () => stopAndKill(key),
      );
    },
    async remove(key) {
      refuseMembers(key, members(key));
    },
    async tidy() {},
  };
}

/** /proc is no snapshot: one empty look may have met a process between its fork and its exit. */
function lookRepeatedly(look: () => number[]): number[] {
  for (let looksLeft = EMPTY_LOOKS; looksLeft > 0; looksLeft -= 1) {
    const found = look();
    if (found.length > 0) return found;
  }
  return [];
}

function findMembers(procRoot: string, key: string): number[] {
  const parents = new Map<number, number>();
  const members = new Set<number>();
  // The newest first: a process that passes itself on by forking and exiting is looked at while it is still there.
  for (const name of readdirSync(procRoot).reverse()) {
    const stat = /^\d+$/.test(name) ? readProcStat(Number(name), procRoot) : null;
    if (stat === null || stat.state === 'Z' || stat.state === 'X') continue;
    parents.set(stat.pid, stat.parentPid);
    if (environHas(procRoot, stat.pid, `${GROUP_KEY_ENV}=${key}`)) members.add(stat.pid);
  }
  for (const pid of parents.keys()) {
    // Up the tree: whoever has a member above it is one, although its own environment no longer says so.
    for (let above = parents.get(pid); above !== undefined; above = parents.get(above)) {
      if (!members.has(above)) continue;
      members.add(pid);
      break;
    }
  }
  return [...members].sort((a, b) => a - b);
}

/** proc_pid_environ(5): entries end in NUL. Another user's is not readable, and such a process is not ours. */
function environHas(procRoot: string, pid: number, entry: string): boolean {
  try {
    return `\0${readControl(join(procRoot, String(pid), 'environ')) ?? ''}`.includes(`\0${entry}\0`);
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM')) return false;
    throw error;
  }
}
