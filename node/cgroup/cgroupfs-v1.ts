import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { said } from '../../common/domain/said.ts';
import type { Limits } from '../../common/domain/service.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { NO_PRESSURE } from '../stats/pressure.ts';
import {
  createSmallFileReader,
  flatKeyed,
  makeGroup,
  parseNumber,
  readControl,
  readMembers,
  removeGroups,
  removeIfEmpty,
  unmakeGroup,
  writeControl,
} from './control-files.ts';
import type { CgroupDriver, CgroupJoin } from './driver.ts';
import { checkKey, SHIMS_KEY } from './group-key.ts';
import { killUntilEmpty, signalMembers } from './kill-members.ts';
import { applyWrites, checkLimits, limitWritesV1, type MachineCapacity } from './limits.ts';
import type { GroupParent } from './parent.ts';
import { createPressureReader } from './pressure-files.ts';
import { waitUntil } from './wait-until.ts';

const FREEZE_TIMEOUT_MS = 200;

/** The groups' parent in one hierarchy. */
export interface V1Parent {
  /**
   * Its controllers, or none for a hierarchy that is joined only so that a service manager, which tells units by it, does
   * not take the service for a part of the agent's unit (`name=systemd`, and the unified one of a hybrid system).
   */
  readonly controllers: readonly string[];
  readonly directory: string;
  readonly place: GroupParent;
  /** The unified hierarchy (cgroup v2) of a hybrid system. */
  readonly isUnified: boolean;
}

export interface CgroupfsV1Options {
  readonly parents: readonly V1Parent[];
  readonly capacity: () => MachineCapacity;
  readonly warning: string;
  readonly procRoot: string;
}

/**
 * Groups of the same name in each controller's own hierarchy. Kernel: admin-guide/cgroup-v1/*.rst.
 *
 * A controller that is not mounted is done without: its figures are null, its limits are not set, and `warning` says so.
 * `memoryBytes` is `memory.usage_in_bytes`, page cache included: it is what the limit is compared with.
 *
 * A group that is there already (of an earlier run, or an earlier agent) keeps its members and its counters.
 */
export function createCgroupfsV1Driver(options: CgroupfsV1Options): CgroupDriver {
  const { parents, procRoot } = options;
  const readSmall = createSmallFileReader();
  const pressureOf = createPressureReader(readSmall, procRoot);
  /** Pressure is told by v2 alone, for every group and without a controller. */
  const unified = parents.find(({ isUnified }) => isUnified);
  const parentOf = (controller: string): V1Parent | undefined =>
    parents.find(({ controllers }) => controllers.includes(controller));
  const directoriesOf = (key: string): string[] =>
    parents.map(({ directory }) => join(directory, checkKey(key)));
  const directoryOf = (controller: string, key: string): string | null => {
    const parent = parentOf(controller);
    return parent === undefined ? null : `${parent.directory}/${checkKey(key)}`;
  };
  const members = (key: string): number[] => readMembers(directoriesOf(key));
  const joinOf = (key: string): CgroupJoin => ({
    procsFiles: parents.map(({ directory }) => join(directory, key, 'cgroup.procs')),
    execPrefix: [],
    path: join((parentOf('memory') ?? parents[0])?.place.parentPath ?? '/', key),
  });

  function setLimits(key: string, limits: Limits): void {
    const memory = directoryOf('memory', key);
    const memsw = memory === null ? null : readControl(join(memory, 'memory.memsw.limit_in_bytes'));
    const writes = limitWritesV1(limits, parseNumber(memsw)).flatMap((write) => {
      const directory = directoryOf(write.controller, key);
      return directory === null ? [] : [{ ...write, file: join(directory, write.file) }];
    });
    applyWrites(writes);
  }

  function thaw(key: string): void {
    const directory = directoryOf('freezer', key);
    if (directory === null) return;
    const state = join(directory, 'freezer.state');
    if ((readControl(state)?.trim() ?? 'THAWED') !== 'THAWED') writeControl(state, 'THAWED');
  }

  /** Frozen, no member can fork away; the signal takes effect when it thaws. freezer-subsystem.rst */
  async function freezeAndKill(key: string): Promise<void> {
    const directory = directoryOf('freezer', key);
    const state = directory === null ? null : join(directory, 'freezer.state');
    const isFrozen = (): boolean => {
      if (state === null || readControl(state)?.trim() === 'FROZEN') return true;
      // Written again each time: a member that forked meanwhile can leave the group in FREEZING.
      if (existsSync(state)) writeControl(state, 'FROZEN');
      return !existsSync(state);
    };
    try {
      await waitUntil(isFrozen, FREEZE_TIMEOUT_MS);
      await signalMembers(() => members(key), 'SIGKILL', procRoot);
    } finally {
      thaw(key);
    }
  }

  return {
    name: 'cgroupfs-v1',
    warning: options.warning,

    async joinForShims() {
      for (const { directory } of parents) makeGroup(join(directory, SHIMS_KEY));
      return joinOf(SHIMS_KEY);
    },

    async create(key, limits) {
      checkLimits(limits, options.capacity());
      const made: { directory: string; first: string | null }[] = [];
      try {
        for (const directory of directoriesOf(key)) made.push({ directory, first: makeGroup(directory) });
        // An agent that was killed between freezing and thawing left a group in which nothing would ever start.
        thaw(key);
        setLimits(key, limits);
      } catch (error) {
        for (const { directory, first } of made) unmakeGroup(directory, first);
        throw error;
      }
      return joinOf(key);
    },

    async limit(key, limits) {
      checkLimits(limits, options.capacity());
      if (!directoriesOf(key).every((directory) => existsSync(directory))) {
        throw new SgridError('not_found', said`there is no group ${key}`);
      }
      setLimits(key, limits);
    },

    async stat(key) {
      /** Null where the controller is absent; 0 where it is there and the group is not. */
      const read = (
        controller: string,
        file: string,
        parse: (text: string) => number | null,
      ): number | null => {
        const directory = directoryOf(controller, key);
        if (directory === null) return null;
        const text = readSmall(directory, file);
        return text === null ? 0 : parse(text);
      };
      const cpu = directoryOf('cpu', key);
      const cpuStat = cpu === null ? null : (readSmall(cpu, 'cpu.stat') ?? 'nr_periods 0\nnr_throttled 0\n');
      const cpuNanos = read('cpuacct', 'cpuacct.usage', parseNumber);
      return {
        cpuUsageMicros: cpuNanos === null ? null : Math.floor(cpuNanos / 1000),
        cpuPeriods: flatKeyed(cpuStat, 'nr_periods'),
        cpuThrottledPeriods: flatKeyed(cpuStat, 'nr_throttled'),
        memoryBytes: read('memory', 'memory.usage_in_bytes', parseNumber),
        // Counted there since Linux 4.13.
        oomKills: read('memory', 'memory.oom_control', (text) => flatKeyed(text, 'oom_kill')),
        pids: read('pids', 'pids.current', parseNumber),
        pressure: unified === undefined ? NO_PRESSURE : pressureOf(`${unified.directory}/${checkKey(key)}`),
      };
    },

    async workingSet(key) {
      const directory = directoryOf('memory', key);
      if (directory === null) return null;
      const usage = parseNumber(readSmall(directory, 'memory.usage_in_bytes'));
      // Without "total_" the groups below are left out, which the usage counts.
      const inactive = flatKeyed(readSmall(directory, 'memory.stat'), 'total_inactive_file');
      return usage === null ? 0 : Math.max(0, usage - (inactive ?? 0));
    },

    async pids(key) {
      return members(key);
    },

    async killAll(key) {
      await killUntilEmpty(
        key,
        () => members(key),
        () => freezeAndKill(key),
      );
    },

    async remove(key) {
      await removeGroups(key, directoriesOf(key));
    },

    async tidy() {
      for (const { directory, place } of parents) {
        removeIfEmpty(join(directory, SHIMS_KEY));
        if (place.isPrivate) removeIfEmpty(directory);
      }
    },
  };
}
