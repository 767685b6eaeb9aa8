import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { findHierarchies } from '../../node/cgroup/hierarchies.ts';
import { pause } from './clock.ts';

/** The cgroups of a run, in every hierarchy that is mounted, below our own group. */
export interface GroupTree {
  /** Paths of the groups of instances that are there now. */
  instances(): string[];
  /** Value of a control file of an instance's group, such as `pids.max`; null where there is none. */
  control(group: string, file: string): string | null;
  /** Removes what is empty; waits a little for what is just ending. */
  remove(): Promise<void>;
}

export function groupTree(parentName: string): GroupTree {
  const hierarchies = findHierarchies(
    readFileSync('/proc/self/mountinfo', 'utf8'),
    readFileSync('/proc/self/cgroup', 'utf8'),
  );
  const parents = hierarchies.flatMap(({ mountPoint, ownPath }) =>
    ownPath === null ? [] : [join(mountPoint, ownPath, parentName)],
  );
  const groupsIn = (parent: string): string[] =>
    existsSync(parent)
      ? readdirSync(parent, { withFileTypes: true }).flatMap((entry) =>
          entry.isDirectory() ? [join(parent, entry.name)] : [],
        )
      : [];
  const removeAll = (): boolean => {
    let isGone = true;
    for (const directory of parents.flatMap((parent) => [...groupsIn(parent), parent])) {
      try {
        if (existsSync(directory)) rmdirSync(directory);
      } catch {
        isGone = false;
      }
    }
    return isGone;
  };

  return {
    instances: () => parents.flatMap(groupsIn).filter((group) => !group.endsWith('/sgrid-shims')),
    control(group, file) {
      const key = group.slice(group.lastIndexOf('/') + 1);
      for (const parent of parents) {
        const path = join(parent, key, file);
        if (existsSync(path)) return readFileSync(path, 'latin1').trim();
      }
      return null;
    },
    async remove() {
      for (let round = 0; round < 100 && !removeAll(); round += 1) await pause(50);
    },
  };
}
