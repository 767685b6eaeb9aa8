import {
  chmodSync,
  closeSync,
  futimesSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { said } from '../domain/said.ts';
import { SgridError } from '../protocol/errors.ts';
import { explainFileError } from '../system/atomic-file.ts';
import { type AdmittedEntry, type ArchiveLimits, DEFAULT_ARCHIVE_LIMITS } from './entry-policy.ts';
import { type ArchiveSummary, type EntrySink, readArchive } from './read-archive.ts';

/**
 * Unpacks an archive into a directory that it makes itself, under the same policy as `inspectArchive`. Everything
 * belongs to the current user; permission bits are the archive's within 0755, never setuid or setgid.
 *
 * Nothing is fsynced here: a package of a framework has tens of thousands of files, and one syncfs(2) by a caller that
 * needs durability costs a fraction of as many fsyncs.
 *
 * It writes synchronously: a process that has something else to do meanwhile runs it in a thread.
 *
 * @throws SgridError `already_exists` when `directory` is there, `package_invalid`, `no_space`, `permission_denied`; the
 * directory is removed again.
 */
export async function extractArchive(
  file: string,
  directory: string,
  limits: ArchiveLimits = DEFAULT_ARCHIVE_LIMITS,
): Promise<ArchiveSummary> {
  try {
    mkdirSync(directory, { mode: 0o755 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new SgridError('already_exists', said`${directory} exists already`, {
        hint: said`unpack into a fresh directory`,
        cause: error,
      });
    }
    throw explainFileError(error, directory);
  }
  const madeDirectories = new Set<string>(['.']);
  try {
    return await readArchive(file, (entry) => unpack(directory, entry, madeDirectories), limits);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

function unpack(root: string, entry: AdmittedEntry, madeDirectories: Set<string>): EntrySink | null {
  const path = join(root, entry.path);
  return explained(path, () => {
    const parent = dirname(entry.path);
    if (!madeDirectories.has(parent)) {
      mkdirSync(join(root, parent), { recursive: true, mode: 0o755 });
      madeDirectories.add(parent);
    }
    if (entry.kind === 'file') return writeFile(path, create(path, entry.mode), entry.modifiedAt);
    if (entry.kind === 'directory') {
      mkdirSync(path, { recursive: true });
      // Its children may have come first, or it came twice: mkdir leaves the mode of one that is there.
      chmodSync(path, entry.mode);
      madeDirectories.add(entry.path);
    } else placeLink(root, path, entry);
    return null;
  });
}

function explained<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explainFileError(error, path);
  }
}

/** O_EXCL: a new inode, so that nothing is written through a link, or into another name of the file before. */
function create(path: string, mode: number): number {
  try {
    return openSync(path, 'wx', mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    rmSync(path);
    return openSync(path, 'wx', mode);
  }
}

function writeFile(path: string, handle: number, modifiedAt: Date | undefined): EntrySink {
  return {
    write: (chunk) =>
      explained(path, () => {
        for (let done = 0; done < chunk.length; ) done += writeSync(handle, chunk, done);
      }),
    end: () =>
      explained(path, () => {
        try {
          // Web frameworks make ETags of it, which should agree between nodes.
          if (modifiedAt !== undefined) futimesSync(handle, modifiedAt, modifiedAt);
        } finally {
          closeSync(handle);
        }
      }),
    abandon: () => closeSync(handle),
  };
}

function placeLink(
  root: string,
  path: string,
  entry: Extract<AdmittedEntry, { kind: 'symlink' | 'link' }>,
): void {
  // A later entry of the same path wins.
  rmSync(path, { force: true });
  if (entry.kind === 'symlink') symlinkSync(entry.target, path);
  else linkSync(join(root, entry.target), path);
}
