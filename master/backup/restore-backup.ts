import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { extractArchive } from '../../common/archive/extract-archive.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError, syncDirectory } from '../../common/system/atomic-file.ts';
import { acquireLock } from '../../common/system/lock-file.ts';
import { checkDatabase } from '../store/check-database.ts';
import { ASIDE_FILE, finishRestore, READY_DIRECTORY } from './finish-restore.ts';
import { DATABASE_FILE, MANIFEST_FILE, type Manifest, manifestSchema, sha256Of } from './manifest.ts';

const UNPACKED_DIRECTORY = 'restore.tmp';

/**
 * Puts a backup in the place of a master's state. Everything is unpacked and checked first; from one rename on it counts, and
 * what a kill leaves undone behind that is finished by the next restore, or start, of the master. What was there before is
 * moved aside, not removed.
 *
 * @returns the directory that holds what was there before, or null.
 * @throws SgridError `conflict` while a master runs there; `already_exists` when there is a database and no `overwrite`;
 * `package_invalid` for what is no whole backup, or one of a later product; nothing was changed then
 */
export async function restoreBackup(options: {
  stateDir: string;
  database: string;
  file: string;
  overwrite: boolean;
  now: () => number;
}): Promise<{ manifest: Manifest; aside: string | null }> {
  const { stateDir, database, overwrite, now } = options;
  const file = resolve(options.file);
  if (!existsSync(file))
    throw new SgridError('not_found', `there is no file ${file}`, { hint: 'check the path' });
  await mkdir(stateDir, { recursive: true, mode: 0o700 }).catch((error) => {
    throw explainFileError(error, stateDir);
  });
  const lock = acquireLock(join(stateDir, 'master.pid'), stateDir);
  try {
    if (existsSync(database) && !overwrite)
      throw new SgridError('already_exists', `${database} is there already`, {
        hint: 'give --force to put the backup in its place; what is there is moved aside',
      });
    const unpacked = join(stateDir, UNPACKED_DIRECTORY);
    const ready = join(stateDir, READY_DIRECTORY);
    await rm(unpacked, { recursive: true, force: true });
    try {
      await unpack(file, unpacked);
      const manifest = await check(unpacked, file);
      const stamp = new Date(now()).toISOString().replaceAll(':', '-');
      await writeFile(join(unpacked, ASIDE_FILE), `before-restore-${stamp}\n`);
      await makeDurable(unpacked, [ASIDE_FILE, ...manifest.files.map(({ path }) => path)]);
      // One that was cut off is overtaken by this one.
      await rm(ready, { recursive: true, force: true });
      await rename(unpacked, ready);
      syncDirectory(stateDir);
      return { manifest, aside: await finishRestore(stateDir, database) };
    } catch (error) {
      await rm(unpacked, { recursive: true, force: true });
      throw explainFileError(error, stateDir);
    }
  } finally {
    lock.release();
  }
}

/** @throws SgridError `package_invalid` */
async function unpack(file: string, directory: string): Promise<void> {
  try {
    await extractArchive(file, directory);
  } catch (error) {
    if (error instanceof SgridError && error.code === 'package_invalid')
      throw invalid(file, error.message, error);
    throw error;
  }
}

/** @throws SgridError `package_invalid` */
async function check(directory: string, file: string): Promise<Manifest> {
  const manifest = readManifest(directory, file);
  for (const { path, sha256 } of manifest.files) {
    const isThere = existsSync(join(directory, path));
    if (isThere && (await sha256Of(join(directory, path))) === sha256) continue;
    throw invalid(file, `${path} is ${isThere ? 'damaged' : 'missing'}`);
  }
  if (!manifest.files.some(({ path }) => path === DATABASE_FILE)) throw invalid(file, 'it holds no database');
  const { integrity, schemaVersion, newestSchemaVersion } = checkDatabase(join(directory, DATABASE_FILE));
  if (integrity !== 'ok') throw invalid(file, `its database is damaged: ${integrity}`);
  if (schemaVersion > newestSchemaVersion)
    throw invalid(file, `it was made by ${manifest.productVersion}, and this sgridnext is older`);
  return manifest;
}

function readManifest(directory: string, file: string): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(readFileSync(join(directory, MANIFEST_FILE), 'utf8')));
  } catch (cause) {
    throw invalid(file, 'it has no readable manifest', cause);
  }
}

function invalid(file: string, why: string, cause?: unknown): SgridError {
  return new SgridError('package_invalid', `${file} is no whole backup: ${why}`, {
    hint: 'take another one, as "sgridnext backup" wrote it; nothing was changed',
    cause,
  });
}

async function makeDurable(directory: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const file = join(directory, path);
    await chmod(file, 0o600);
    const handle = await open(file, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
  const directories = new Set(paths.map((path) => resolve(directory, path, '..')));
  for (const each of directories) {
    if (each !== directory) await chmod(each, 0o700);
    syncDirectory(each);
  }
  syncDirectory(directory);
}
