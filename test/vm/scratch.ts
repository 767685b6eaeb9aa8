import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Makes a directory that says whose it is, and removes those that processes left behind which could not tidy up: nothing
 * survives a SIGKILL, and a disk image is a gigabyte.
 *
 * @param isAlive whether a process with this pid is there; one that took over the pid of another keeps its directory too
 */
export async function makeScratch(
  parent: string,
  prefix: string,
  isAlive: (pid: number) => boolean = processExists,
): Promise<string> {
  const ours = new RegExp(`^${prefix}(\\d+)-`);
  for (const name of await readdir(parent)) {
    const [, owner] = ours.exec(name) ?? [];
    if (owner !== undefined && !isAlive(Number(owner)))
      await rm(join(parent, name), { recursive: true, force: true });
  }
  return await mkdtemp(join(parent, `${prefix}${process.pid}-`));
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
