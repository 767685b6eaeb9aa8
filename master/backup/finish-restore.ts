import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../../common/system/atomic-file.ts';
import {
  DATABASE_FILE,
  KEPT_DIRECTORIES,
  KEYS_FILE,
  MANIFEST_FILE,
  manifestSchema,
  PACKAGES_DIRECTORY,
} from './manifest.ts';

/** A backup that was unpacked and checked, and counts. */
export const READY_DIRECTORY = 'restore.ready';
/** In it: the name of the directory for what was there before. */
export const ASIDE_FILE = 'aside';

/**
 * Moves a backup that was unpacked and checked into its places; does nothing when there is none. Begun again after a kill at any
 * moment it comes to the same end: a file that is still in the backup was not put into its place yet.
 *
 * The lock of the state directory has to be held, and the database not be open.
 *
 * @returns the directory that holds what was there before, or null when nothing was.
 */
export async function finishRestore(stateDir: string, database: string): Promise<string | null> {
  const ready = join(stateDir, READY_DIRECTORY);
  if (!existsSync(ready)) return null;
  const aside = join(stateDir, readFileSync(join(ready, ASIDE_FILE), 'utf8').trim());
  const keys = join(ready, KEYS_FILE);
  if (existsSync(keys)) {
    await moveAside(`${database}.keys`, aside);
    await place(keys, `${database}.keys`);
  }
  const from = join(ready, DATABASE_FILE);
  if (existsSync(from)) {
    // What was not written into it yet belongs to the old one, never to the new.
    for (const suffix of ['', '-wal', '-shm']) await moveAside(`${database}${suffix}`, aside);
    // Keys of another database open none of its secrets.
    if (!holdsKeys(ready)) await moveAside(`${database}.keys`, aside);
    await place(from, database);
  }
  for (const directory of KEPT_DIRECTORIES) {
    for (const name of namesIn(join(ready, directory))) {
      const target = join(stateDir, directory, name);
      await moveAside(target, join(aside, directory));
      await place(join(ready, directory, name), target);
    }
  }
  for (const name of namesIn(join(ready, PACKAGES_DIRECTORY))) {
    const target = join(stateDir, PACKAGES_DIRECTORY, name);
    // Its name says its content.
    if (!existsSync(target)) await place(join(ready, PACKAGES_DIRECTORY, name), target);
  }
  await rm(ready, { recursive: true });
  syncDirectory(stateDir);
  return existsSync(aside) ? aside : null;
}

function holdsKeys(ready: string): boolean {
  const { files } = manifestSchema.parse(JSON.parse(readFileSync(join(ready, MANIFEST_FILE), 'utf8')));
  return files.some(({ path }) => path === KEYS_FILE);
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

async function moveAside(file: string, aside: string): Promise<void> {
  if (!existsSync(file)) return;
  await mkdir(aside, { recursive: true, mode: 0o700 });
  const target = join(aside, file.slice(dirname(file).length + 1));
  // What is aside already is what was there first.
  if (existsSync(target)) await rm(file);
  else await move(file, target);
}

async function place(from: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await move(from, target);
  syncDirectory(dirname(target));
}

/** Also to another file system, where rename(2) says EXDEV: the target appears whole there too. */
async function move(from: string, target: string): Promise<void> {
  try {
    await rename(from, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    const beside = `${target}.restoring`;
    await copyFile(from, beside);
    const handle = await open(beside, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, target);
    await rm(from);
  }
}
