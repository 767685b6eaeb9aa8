import { readFile, realpath, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskFigures } from '../../common/domain/figures.ts';
import { type Mount, mountOf, parseMounts } from './mounts.ts';

/** How full the file systems of some directories are. */
export interface Disks {
  /** As they were when last asked; empty until all have answered once. Has them asked again when that is long ago. */
  figures(): readonly DiskFigures[];
}

/** A file system fills up in seconds at the fastest. */
const ASK_EVERY_MS = 5_000;

/**
 * Asked beside the samples, never waited for: a file system that hangs (NFS without its server) must not take all figures
 * along. Each file system is told once, in the order of the directories.
 *
 * @param monotonicClock milliseconds
 */
export function createDisks(options: {
  readonly directories: readonly string[];
  readonly procRoot: string;
  readonly monotonicClock: () => number;
}): Disks {
  const { directories, procRoot, monotonicClock } = options;
  let known: readonly DiskFigures[] = [];
  let askedAtMs = 0;
  let isAsking = false;

  async function ask(): Promise<void> {
    askedAtMs = monotonicClock();
    isAsking = true;
    try {
      known = await readDisks(directories, procRoot);
    } catch {
      // What was known stays.
    } finally {
      isAsking = false;
    }
  }

  void ask();
  return {
    figures() {
      if (!isAsking && monotonicClock() - askedAtMs >= ASK_EVERY_MS) void ask();
      return known;
    },
  };
}

/** The file systems of these directories, now. A directory that is not there, or cannot be asked, is left out. */
export async function readDisks(directories: readonly string[], procRoot: string): Promise<DiskFigures[]> {
  const mounts = parseMounts(await readFile(join(procRoot, 'self/mountinfo'), 'utf8'));
  const seen = new Map<string, Promise<DiskFigures | null>>();
  for (const directory of directories) {
    const path = await realpath(directory).catch(() => null);
    const mount = path === null ? null : mountOf(path, mounts);
    if (path !== null && mount !== null && !seen.has(mount.device))
      seen.set(mount.device, figuresOf(path, mount));
  }
  return (await Promise.all(seen.values())).filter((figures) => figures !== null);
}

/** Size and used bytes as df(1) shows them. */
async function figuresOf(path: string, { mountPoint }: Mount): Promise<DiskFigures | null> {
  try {
    const { bsize, blocks, bfree } = await statfs(path);
    return { mountPoint, usedBytes: (blocks - bfree) * bsize, totalBytes: blocks * bsize };
  } catch {
    return null;
  }
}
