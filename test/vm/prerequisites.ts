import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Commands that the harness runs, each with the Debian package that brings it. */
const TOOLS: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  mmdebstrap: 'mmdebstrap',
  'mkfs.ext4': 'e2fsprogs',
  setpriv: 'util-linux',
};

/** Exit code of `test:vm` when it cannot run here: automake's code for a skipped test. */
export const EXIT_CANNOT_RUN = 77;

/** What keeps the virtual machine from running here, as sentences that say what to do; empty when nothing does. */
export async function findObstacles(env: NodeJS.ProcessEnv, uid: number | undefined): Promise<string[]> {
  // A login as a plain user often lacks sbin, where mkfs lives.
  const path = [...(env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const missing = new Set<string>();
  for (const [tool, debianPackage] of Object.entries(TOOLS)) {
    if (!(await isOnPath(tool, path))) missing.add(debianPackage);
  }
  const obstacles: string[] = [];
  if (process.arch !== 'x64') obstacles.push(`the image is made for x86-64, this machine is ${process.arch}`);
  if (missing.size > 0)
    obstacles.push(
      `missing tools; install them with: apt-get install -y --no-install-recommends ${[...missing].join(' ')}`,
    );
  if (uid !== 0)
    obstacles.push('building the image needs root (the files in it belong to root); run it with sudo');
  return obstacles;
}

async function isOnPath(tool: string, path: readonly string[]): Promise<boolean> {
  for (const directory of path) {
    try {
      await access(join(directory, tool), constants.X_OK);
      return true;
    } catch {
      // Not in this directory; the next may have it.
    }
  }
  return false;
}
