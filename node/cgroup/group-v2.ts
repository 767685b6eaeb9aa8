import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Limits } from '../../common/domain/service.ts';
import {
  createSmallFileReader,
  flatKeyed,
  isErrno,
  parseNumber,
  readControl,
  readMembers,
  writeControl,
} from './control-files.ts';
import type { CgroupDriver, CgroupStat } from './driver.ts';
import { killUntilEmpty, signalMembers } from './kill-members.ts';
import { MIB_BYTES, outOfRange } from './limits.ts';
import { createPressureReader } from './pressure-files.ts';
import { waitUntil } from './wait-until.ts';

const FREEZE_TIMEOUT_MS = 200;

/** What every driver on cgroup v2 does to a group that it has the directory of. Groups below count with it. */
export interface GroupsV2 {
  stat(directory: string): CgroupStat;
  /** What drivers do to a group by its key alone. @param directoryOf the group's, of a key that it checks */
  byKey(directoryOf: (key: string) => string): Pick<CgroupDriver, 'stat' | 'workingSet' | 'pids' | 'killAll'>;
  /** An agent that was killed between freezing and thawing left a group in which nothing would ever start. */
  thaw(directory: string): void;
}

/** @param controllers those that were found to work here */
export function createGroupsV2(options: {
  readonly controllers: readonly string[];
  readonly procRoot: string;
}): GroupsV2 {
  const { controllers, procRoot } = options;
  const readSmall = createSmallFileReader();
  const pressureOf = createPressureReader(readSmall, procRoot);

  /** Kernels before 5.14 have no `cgroup.kill`: a frozen member cannot fork, and SIGKILL ends it although frozen. */
  async function freezeAndKill(directory: string): Promise<void> {
    writeControl(join(directory, 'cgroup.freeze'), '1');
    try {
      const events = join(directory, 'cgroup.events');
      await waitUntil(() => flatKeyed(readControl(events), 'frozen') !== 0, FREEZE_TIMEOUT_MS);
      await signalMembers(() => readMembers([directory]), 'SIGKILL', procRoot);
    } finally {
      thaw(directory);
    }
  }

  function thaw(directory: string): void {
    const file = join(directory, 'cgroup.freeze');
    if (readControl(file)?.trim() === '1') writeControl(file, '0');
  }

  const group = {
    stat(directory: string): CgroupStat {
      const cpuStat = readSmall(directory, 'cpu.stat');
      const has = (controller: string): 0 | null => (controllers.includes(controller) ? 0 : null);
      return {
        // The kernel keeps the time itself for every group, with or without the controller.
        cpuUsageMicros: flatKeyed(cpuStat, 'usage_usec') ?? 0,
        cpuPeriods: flatKeyed(cpuStat, 'nr_periods') ?? has('cpu'),
        cpuThrottledPeriods: flatKeyed(cpuStat, 'nr_throttled') ?? has('cpu'),
        memoryBytes: parseNumber(readSmall(directory, 'memory.current')) ?? has('memory'),
        oomKills: flatKeyed(readSmall(directory, 'memory.events'), 'oom_kill') ?? has('memory'),
        pids: parseNumber(readSmall(directory, 'pids.current')) ?? has('pids'),
        pressure: pressureOf(directory),
      };
    },

    workingSet(directory: string): number | null {
      const current = parseNumber(readSmall(directory, 'memory.current'));
      const inactive = flatKeyed(readSmall(directory, 'memory.stat'), 'inactive_file');
      if (current === null) return controllers.includes('memory') ? 0 : null;
      return Math.max(0, current - (inactive ?? 0));
    },

    async killAll(label: string, directory: string): Promise<void> {
      await killUntilEmpty(
        label,
        () => readMembers([directory]),
        async () => {
          try {
            writeControl(join(directory, 'cgroup.kill'), '1');
          } catch (error) {
            if (!isErrno(error, 'ENOENT')) throw error;
            if (existsSync(directory)) await freezeAndKill(directory);
          }
        },
      );
    },
  };

  return {
    thaw,
    stat: group.stat,
    byKey: (directoryOf) => ({
      stat: async (key) => group.stat(directoryOf(key)),
      workingSet: async (key) => group.workingSet(directoryOf(key)),
      pids: async (key) => readMembers([directoryOf(key)]),
      killAll: async (key) => group.killAll(key, directoryOf(key)),
    }),
  };
}

/**
 * Where v1 refuses a memory limit below what cannot be reclaimed, v2 takes it and kills. A limit that is changed live is
 * refused here too: an operator who lowers a number does not ask for a kill.
 *
 * @throws SgridError `out_of_range`
 */
export function refuseBelowUse(directory: string, { memoryMiB }: Limits): void {
  const stat = readControl(join(directory, 'memory.stat'));
  const current = parseNumber(readControl(join(directory, 'memory.current')));
  if (memoryMiB === undefined || current === null) return;
  // Page cache can be given back; shmem is counted in `file` but cannot.
  const reclaimable = (flatKeyed(stat, 'file') ?? 0) - (flatKeyed(stat, 'shmem') ?? 0);
  const neededMiB = Math.ceil((current - reclaimable) / MIB_BYTES);
  if (memoryMiB < neededMiB)
    throw outOfRange(`memory limit of ${memoryMiB} MiB`, `${neededMiB} MiB, in use now, and above`);
}
