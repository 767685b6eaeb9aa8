import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { findHierarchies } from '../../../node/cgroup/hierarchies.ts';
import { waitFor } from '../../support/wait-for.ts';

/**
 * Ends whatever is in a cgroup below this process's own, in every hierarchy, by its pid, and removes the group. For a bench
 * that was interrupted: an agent that has no time to stop its services leaves them running, as it should.
 */
export async function removeOwnGroup(name: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  const parents = findHierarchies(mounts, readFileSync('/proc/self/cgroup', 'utf8'))
    .flatMap(({ mountPoint, ownPath }) => (ownPath === null ? [] : [join(mountPoint, ownPath, name)]))
    .filter((parent) => existsSync(parent));
  await waitFor(`the cgroup ${name} to be gone`, () => parents.map(removeGroup).every((isGone) => isGone));
}

/** @returns whether it is gone; else there was something to end, and it takes another look */
function removeGroup(directory: string): boolean {
  if (!existsSync(directory)) return true;
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroup(join(directory, entry.name));
  try {
    for (const pid of readFileSync(join(directory, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean))
      process.kill(Number(pid), 'SIGKILL');
    rmdirSync(directory);
    return true;
  } catch {
    return false;
  }
}
