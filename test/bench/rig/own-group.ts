import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { findHierarchies } from '../../../node/cgroup/hierarchies.ts';
import { waitFor } from '../../support/wait-for.ts';

/** The directories of a cgroup below this process's own, in every hierarchy that has it. */
function directoriesOf(name: string): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  return findHierarchies(mounts, readFileSync('/proc/self/cgroup', 'utf8'))
    .flatMap(({ mountPoint, ownPath }) => (ownPath === null ? [] : [join(mountPoint, ownPath, name)]))
    .filter((directory) => existsSync(directory));
}

/** All processes in it and below it. */
export function ownGroupPids(name: string): Set<number> {
  const pids = new Set<number>();
  for (const directory of directoriesOf(name))
    for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true }))
      if (entry.name === 'cgroup.procs') for (const pid of pidsOf(entry.parentPath)) pids.add(pid);
  return pids;
}

const pidsOf = (directory: string): number[] =>
  readFileSync(join(directory, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean).map(Number);

/**
 * Ends whatever is in a cgroup below this process's own, in every hierarchy, by its pid, and removes the group. For a bench
 * that was interrupted: an agent that has no time to stop its services leaves them running, as it should.
 */
export async function removeOwnGroup(name: string): Promise<void> {
  const parents = directoriesOf(name);
  await waitFor(`the cgroup ${name} to be gone`, () => parents.map(removeGroup).every((isGone) => isGone));
}

/** @returns whether it is gone; else there was something to end, and it takes another look */
function removeGroup(directory: string): boolean {
  if (!existsSync(directory)) return true;
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroup(join(directory, entry.name));
  try {
    for (const pid of pidsOf(directory)) process.kill(pid, 'SIGKILL');
    rmdirSync(directory);
    return true;
  } catch {
    return false;
  }
}
