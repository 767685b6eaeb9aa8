import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSmallFileReader, flatKeyed, parseNumber } from '../cgroup/control-files.ts';
import type { CgroupStat } from '../cgroup/driver.ts';
import { createGroupsV2 } from '../cgroup/group-v2.ts';
import { findHierarchies } from '../cgroup/hierarchies.ts';
import { NO_PRESSURE } from '../stats/pressure.ts';

/** Where the kernel counts for one container. */
export interface ContainerGroups {
  /** For people: its path below the hierarchy's root. */
  readonly path: string;
  stat(): CgroupStat;
}

/**
 * The cgroups of a container, by its main process. Null when that process is none of this container: with an engine on another
 * machine, or in a virtual one, its pid means nothing here. Docker names a container's cgroup after its id.
 */
export function findContainerGroups(
  pid: number,
  containerId: string,
  procRoot: string,
): ContainerGroups | null {
  let cgroups: string;
  let mountinfo: string;
  try {
    cgroups = readFileSync(join(procRoot, String(pid), 'cgroup'), 'utf8');
    mountinfo = readFileSync(join(procRoot, 'self/mountinfo'), 'utf8');
  } catch {
    return null;
  }
  const found = findHierarchies(mountinfo, cgroups).flatMap(
    ({ version, controllers, mountPoint, ownPath }) =>
      ownPath?.includes(containerId)
        ? [{ version, controllers, path: ownPath, directory: join(mountPoint, ownPath) }]
        : [],
  );
  const memory = found.find(({ controllers }) => controllers.includes('memory'));
  if (memory !== undefined) {
    const directoryOf = (controller: string): string | null =>
      found.find(({ controllers }) => controllers.includes(controller))?.directory ?? null;
    return { path: memory.path, stat: () => statV1(directoryOf) };
  }
  const unified = found.find(({ version }) => version === 2);
  if (unified === undefined) return null;
  const groups = createGroupsV2({ controllers: ['cpu', 'memory', 'pids'], procRoot });
  return { path: unified.path, stat: () => groups.stat(unified.directory) };
}

function statV1(directoryOf: (controller: string) => string | null): CgroupStat {
  const readSmall = createSmallFileReader();
  const read = (controller: string, file: string): string | null => {
    const directory = directoryOf(controller);
    return directory === null ? null : readSmall(directory, file);
  };
  const cpuNanos = parseNumber(read('cpuacct', 'cpuacct.usage'));
  const cpuStat = read('cpu', 'cpu.stat');
  return {
    cpuUsageMicros: cpuNanos === null ? null : Math.floor(cpuNanos / 1000),
    cpuPeriods: flatKeyed(cpuStat, 'nr_periods'),
    cpuThrottledPeriods: flatKeyed(cpuStat, 'nr_throttled'),
    memoryBytes: parseNumber(read('memory', 'memory.usage_in_bytes')),
    pids: parseNumber(read('pids', 'pids.current')),
    oomKills: flatKeyed(read('memory', 'memory.oom_control'), 'oom_kill'),
    pressure: NO_PRESSURE,
  };
}
