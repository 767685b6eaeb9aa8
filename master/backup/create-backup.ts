import { existsSync, readdirSync, renameSync, statSync } from 'node:fs';
import { chmod, copyFile, mkdir, open, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { create } from 'tar';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError, syncDirectory } from '../../common/system/atomic-file.ts';
import { copyDatabase, packagesOf } from '../store/copy-database.ts';
import {
  DATABASE_FILE,
  KEPT_DIRECTORIES,
  KEYS_FILE,
  MANIFEST_FILE,
  type Manifest,
  PACKAGES_DIRECTORY,
  sha256Of,
} from './manifest.ts';
import { makeStage, sweepStages } from './stage.ts';

export interface BackupOptions {
  stateDir: string;
  database: string;
  /** The archive to make. */
  file: string;
  /** With the packages of all releases. */
  withPackages: boolean;
  /** Put it in the place of a file that is there. */
  overwrite: boolean;
  now: () => number;
  version: string;
  /** Ends it before it is there. */
  signal?: AbortSignal;
}

/**
 * Writes what of a master cannot be made anew into one tar archive, which only its user can read: it holds keys and tokens. The
 * master may run, and goes on writing. The file appears when it is whole; what one that was killed left beside it goes.
 *
 * @returns how many packages are in it.
 * @throws SgridError `already_exists`, `not_found` when there is no master's state, `no_space`, `permission_denied`,
 * `cancelled`
 */
export async function createBackup(options: BackupOptions): Promise<{ packages: number }> {
  const { database, overwrite, signal } = options;
  const file = resolve(options.file);
  if (!existsSync(dirname(file)))
    throw new SgridError('not_found', `there is no directory ${dirname(file)}`, {
      hint: 'make it first, or choose another one',
    });
  if (existsSync(file) && statSync(file).isDirectory())
    throw new SgridError('bad_request', `${file} is a directory`, { hint: 'name a file in it' });
  if (existsSync(file) && !overwrite)
    throw new SgridError('already_exists', `${file} is there already`, {
      hint: 'choose another name, or give --force',
    });
  if (!existsSync(database))
    throw new SgridError('not_found', `there is no database ${database}`, {
      hint: 'name the state directory of the master with --state-dir or --config',
    });
  let stage: string | null = null;
  try {
    await sweepStages(dirname(file), options.now());
    stage = await makeStage(dirname(file));
    return await orAborted(writeBackup(options, file, stage), signal);
  } catch (error) {
    throw explainFileError(error, file);
  } finally {
    // What was interrupted may still put a file into it.
    if (stage !== null) await rm(stage, { recursive: true, force: true, maxRetries: 20 });
  }
}

/** What is under way is not waited for, it may take long: it ends behind its step, or finds its directory gone. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void =>
    aborted.reject(new SgridError('cancelled', 'the backup was interrupted; nothing is left of it'));
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  work.catch(() => {});
  try {
    return await Promise.race([aborted.promise, work]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

async function writeBackup(
  { stateDir, database, withPackages, version, now, signal }: BackupOptions,
  file: string,
  stage: string,
): Promise<{ packages: number }> {
  await copyDatabase(database, join(stage, DATABASE_FILE));
  signal?.throwIfAborted();
  // Whoever unpacks the archive by hand gets it with its mode.
  await chmod(join(stage, DATABASE_FILE), 0o600);
  const small = [DATABASE_FILE, ...(await copyKept(stateDir, database, stage))];
  const packages = withPackages ? await linkPackages(stateDir, stage) : [];
  signal?.throwIfAborted();
  const manifest: Manifest = { format: 1, productVersion: version, createdAt: now(), files: [] };
  for (const path of [...small, ...packages])
    manifest.files.push({ path, sha256: await sha256Of(join(stage, path)) });
  signal?.throwIfAborted();
  await writeFile(join(stage, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
  const archive = join(stage, 'archive.tar');
  // Packages are compressed mostly.
  const tarOptions = { cwd: stage, file: archive, gzip: packages.length === 0, follow: true, mode: 0o600 };
  await create({ ...tarOptions, portable: true }, [MANIFEST_FILE, ...small, ...packages]);
  await makeDurable(archive);
  // In one go: a signal comes before it or behind it.
  signal?.throwIfAborted();
  renameSync(archive, file);
  syncDirectory(dirname(file));
  return { packages: packages.length };
}

/** @returns their paths in the backup. */
async function copyKept(stateDir: string, database: string, stage: string): Promise<string[]> {
  const copied: string[] = [];
  if (existsSync(`${database}.keys`)) {
    await copyFile(`${database}.keys`, join(stage, KEYS_FILE));
    copied.push(KEYS_FILE);
  }
  for (const directory of KEPT_DIRECTORIES) {
    const from = join(stateDir, directory);
    if (!existsSync(from)) continue;
    await mkdir(join(stage, directory));
    for (const name of readdirSync(from)
      .filter((each) => !each.endsWith('.tmp'))
      .sort()) {
      await copyFile(join(from, name), join(stage, directory, name));
      copied.push(`${directory}/${name}`);
    }
  }
  return copied;
}

/** Packages are not copied, they may be many: the archive is made through links. */
async function linkPackages(stateDir: string, stage: string): Promise<string[]> {
  await mkdir(join(stage, PACKAGES_DIRECTORY));
  const linked: string[] = [];
  for (const sha256 of packagesOf(join(stage, DATABASE_FILE))) {
    const from = resolve(stateDir, PACKAGES_DIRECTORY, sha256);
    if (!existsSync(from)) continue;
    await symlink(from, join(stage, PACKAGES_DIRECTORY, sha256));
    linked.push(`${PACKAGES_DIRECTORY}/${sha256}`);
  }
  return linked;
}

async function makeDurable(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.chmod(0o600);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
