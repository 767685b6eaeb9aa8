import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Limits } from '../../common/domain/service.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import {
  createSmallFileReader,
  flatKeyed,
  isErrno,
  makeGroup,
  parseNumber,
  readControl,
  readMembers,
  removeGroups,
  removeIfEmpty,
  unmakeGroup,
  writeControl,
} from './control-files.ts';
import { enableControllers } from './delegate-v2.ts';
import type { CgroupDriver, CgroupJoin } from './driver.ts';
import { checkKey, SHIMS_KEY } from './group-key.ts';
import { killUntilEmpty, signalMembers } from './kill-members.ts';
import {
  applyWrites,
  checkLimits,
  limitWritesV2,
  type MachineCapacity,
  MIB_BYTES,
  outOfRange,
} from './limits.ts';
import type { GroupParent } from './parent.ts';
import { waitUntil } from './wait-until.ts';

const FREEZE_TIMEOUT_MS = 200;

export interface CgroupfsV2Options {
  readonly mountPoint: string;
  /** Controllers are handed down from its `basePath` on. */
  readonly place: GroupParent;
  /** Controllers that were found to work here; limits of others are not written. */
  readonly controllers: readonly string[];
  readonly capacity: () => MachineCapacity;
  readonly warning: string;
  readonly procRoot: string;
}

/**
 * Groups in the unified hierarchy, written to directly. Kernel: admin-guide/cgroup-v2.rst.
 *
 * `memoryBytes` is `memory.current`, page cache included: it is what the limit is compared with. `memory.oom.group` stays
 * 0: the kernel kills the one process that it picks, as on a machine without groups, so a service of several processes may
 * lose a worker and live on; when it picks the main process, the restart policy acts.
 *
 * A group that is there already (of an earlier run, or an earlier agent) keeps its members and its counters.
 */
export function createCgroupfsV2Driver(options: CgroupfsV2Options): CgroupDriver {
  const { mountPoint, controllers, procRoot } = options;
  const { parentPath, isPrivate } = options.place;
  const parent = join(mountPoint, parentPath);
  const readSmall = createSmallFileReader();
  const directoryOf = (key: string): string => join(parent, checkKey(key));
  const members = (key: string): number[] => readMembers([directoryOf(key)]);
  const joinOf = (directory: string, key: string): CgroupJoin => ({
    procsFiles: [join(directory, 'cgroup.procs')],
    execPrefix: [],
    path: join(parentPath, key),
  });
  const ensureGroup = (directory: string): string | null => {
    const first = makeGroup(directory);
    // Again each time: a service manager that rewrites its tree may have taken a controller back.
    enableControllers(mountPoint, options.place, controllers);
    return first;
  };

  function setLimits(directory: string, limits: Limits): void {
    const writes = limitWritesV2(limits).filter(({ controller }) => controllers.includes(controller));
    applyWrites(writes.map((write) => ({ ...write, file: join(directory, write.file) })));
  }

  /** Kernels before 5.14 have no `cgroup.kill`: a frozen member cannot fork, and SIGKILL ends it although frozen. */
  async function freezeAndKill(directory: string): Promise<void> {
    writeControl(join(directory, 'cgroup.freeze'), '1');
    try {
      const events = join(directory, 'cgroup.events');
      await waitUntil(() => flatKeyed(readControl(events), 'frozen') !== 0, FREEZE_TIMEOUT_MS);
      signalMembers(() => readMembers([directory]), 'SIGKILL', procRoot);
    } finally {
      thaw(directory);
    }
  }

  function thaw(directory: string): void {
    const file = join(directory, 'cgroup.freeze');
    if (readControl(file)?.trim() === '1') writeControl(file, '0');
  }

  return {
    name: 'cgroupfs-v2',
    warning: options.warning,

    async joinForShims() {
      const directory = join(parent, SHIMS_KEY);
      ensureGroup(directory);
      return joinOf(directory, SHIMS_KEY);
    },

    async create(key, limits) {
      checkLimits(limits, options.capacity());
      const directory = directoryOf(key);
      const first = ensureGroup(directory);
      try {
        // An agent that was killed between freezing and thawing left a group in which nothing would ever start.
        thaw(directory);
        setLimits(directory, limits);
      } catch (error) {
        unmakeGroup(directory, first);
        throw error;
      }
      return joinOf(directory, key);
    },

    async limit(key, limits) {
      checkLimits(limits, options.capacity());
      const directory = directoryOf(key);
      if (!existsSync(directory)) throw new SgridError('not_found', `there is no group ${key}`);
      refuseBelowUse(directory, limits);
      setLimits(directory, limits);
    },

    async stat(key) {
      const directory = directoryOf(key);
      const cpuStat = readSmall(join(directory, 'cpu.stat'));
      const has = (controller: string): 0 | null => (controllers.includes(controller) ? 0 : null);
      return {
        // The kernel keeps the time itself for every group, with or without the controller.
        cpuUsageMicros: flatKeyed(cpuStat, 'usage_usec') ?? 0,
        cpuPeriods: flatKeyed(cpuStat, 'nr_periods') ?? has('cpu'),
        cpuThrottledPeriods: flatKeyed(cpuStat, 'nr_throttled') ?? has('cpu'),
        memoryBytes: parseNumber(readSmall(join(directory, 'memory.current'))) ?? has('memory'),
        oomKills: flatKeyed(readSmall(join(directory, 'memory.events')), 'oom_kill') ?? has('memory'),
        pids: parseNumber(readSmall(join(directory, 'pids.current'))) ?? has('pids'),
      };
    },

    async pids(key) {
      return members(key);
    },

    async killAll(key) {
      const directory = directoryOf(key);
      await killUntilEmpty(
        key,
        () => members(key),
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

    async remove(key) {
      await removeGroups(key, [directoryOf(key)]);
    },

    async tidy() {
      removeIfEmpty(join(parent, SHIMS_KEY));
      if (isPrivate) removeIfEmpty(parent);
    },
  };
}

/**
 * Where v1 refuses a memory limit below what cannot be reclaimed, v2 takes it and kills. A limit that is changed live is
 * refused here too: an operator who lowers a number does not ask for a kill.
 */
function refuseBelowUse(directory: string, { memoryMiB }: Limits): void {
  const stat = readControl(join(directory, 'memory.stat'));
  const current = parseNumber(readControl(join(directory, 'memory.current')));
  if (memoryMiB === undefined || current === null) return;
  // Page cache can be given back; shmem is counted in `file` but cannot.
  const reclaimable = (flatKeyed(stat, 'file') ?? 0) - (flatKeyed(stat, 'shmem') ?? 0);
  const neededMiB = Math.ceil((current - reclaimable) / MIB_BYTES);
  if (memoryMiB < neededMiB)
    throw outOfRange(`memory limit of ${memoryMiB} MiB`, `${neededMiB} MiB, in use now, and above`);
}
