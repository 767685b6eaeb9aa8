import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { said } from '../../common/domain/said.ts';
import type { Limits } from '../../common/domain/service.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { makeGroup, removeGroups, removeIfEmpty, unmakeGroup } from './control-files.ts';
import { enableControllers } from './delegate-v2.ts';
import type { CgroupDriver, CgroupJoin } from './driver.ts';
import { checkKey, SHIMS_KEY } from './group-key.ts';
import { createGroupsV2, refuseBelowUse } from './group-v2.ts';
import { applyWrites, checkLimits, limitWritesV2, type MachineCapacity } from './limits.ts';
import type { GroupParent } from './parent.ts';

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
  const groups = createGroupsV2({ controllers, procRoot });
  const directoryOf = (key: string): string => `${parent}/${checkKey(key)}`;
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

  return {
    ...groups.byKey(directoryOf),
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
        groups.thaw(directory);
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
      if (!existsSync(directory)) throw new SgridError('not_found', said`there is no group ${key}`);
      refuseBelowUse(directory, limits);
      setLimits(directory, limits);
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
