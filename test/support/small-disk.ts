import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { newAgentDir } from './agent-process.ts';

/** Makes the directory a disk of 8 MiB of its own; false where mounting is not allowed. */
export function mountSmallDisk(directory: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'none', directory], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export function unmountSmallDisk(directory: string): void {
  execFileSync('umount', ['-l', directory]);
  rmSync(directory, { recursive: true });
}

/** Whether this user may mount, found out by doing it. */
export function canMountDisks(): boolean {
  const probe = newAgentDir();
  const canMount = mountSmallDisk(probe);
  if (canMount) unmountSmallDisk(probe);
  else rmSync(probe, { recursive: true });
  return canMount;
}

/** Fills the disk that the directory is on, to its last block, with a file `fill` in it. */
export function fillDisk(directory: string): void {
  // The last blocks are taken in ever smaller pieces.
  for (const bytes of [1 << 20, 1 << 16, 4096]) {
    try {
      for (;;) writeFileSync(join(directory, 'fill'), Buffer.alloc(bytes), { flag: 'a' });
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    }
  }
}
