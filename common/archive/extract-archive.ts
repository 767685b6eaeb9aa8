import { chmod, type FileHandle, link, mkdir, open, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SgridError } from '../protocol/errors.ts';
import { explainFileError } from '../system/atomic-file.ts';
import { type AdmittedEntry, type ArchiveLimits, DEFAULT_ARCHIVE_LIMITS } from './entry-policy.ts';
import { type ArchiveSummary, type EntryBody, readArchive } from './read-archive.ts';

/**
 * Unpacks an archive into a directory that it makes itself, under the same policy as `inspectArchive`. Everything
 * belongs to the current user; permission bits are the archive's within 0755, never setuid or setgid.
 *
 * Nothing is fsynced here: a package of a framework has tens of thousands of files, and one syncfs(2) by a caller that
 * needs durability costs a fraction of as many fsyncs.
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
    await mkdir(directory, { mode: 0o755 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new SgridError('already_exists', `${directory} exists already`, {
        hint: 'unpack into a fresh directory',
        cause: error,
      });
    }
    throw explainFileError(error, directory);
  }
  const madeDirectories = new Set<string>(['.']);
  try {
    return await readArchive(file, (entry, body) => unpack(directory, entry, body, madeDirectories), limits);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

async function unpack(
  root: string,
  entry: AdmittedEntry,
  body: EntryBody,
  madeDirectories: Set<string>,
): Promise<void> {
  const path = join(root, entry.path);
  try {
    const parent = dirname(entry.path);
    if (!madeDirectories.has(parent)) {
      await mkdir(join(root, parent), { recursive: true, mode: 0o755 });
      madeDirectories.add(parent);
    }
    if (entry.kind === 'directory') {
      await mkdir(path, { recursive: true });
      // Its children may have come first, or it came twice: mkdir leaves the mode of one that is there.
      await chmod(path, entry.mode);
      madeDirectories.add(entry.path);
    } else if (entry.kind === 'file') {
      await writeFile(await create(path, entry.mode), body, entry.modifiedAt);
    } else {
      await placeLink(root, path, entry);
    }
  } catch (error) {
    throw explainFileError(error, path);
  }
}

/** O_EXCL: a new inode, so that nothing is written through a link, or into another name of the file before. */
async function create(path: string, mode: number): Promise<FileHandle> {
  try {
    return await open(path, 'wx', mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await rm(path);
    return await open(path, 'wx', mode);
  }
}

async function writeFile(handle: FileHandle, body: EntryBody, modifiedAt: Date | undefined): Promise<void> {
  try {
    await body(async (chunk) => {
      for (let done = 0; done < chunk.length; ) {
        const { bytesWritten } = await handle.write(chunk, done, chunk.length - done);
        done += bytesWritten;
      }
    });
    // Web frameworks make ETags of it, which should agree between nodes.
    if (modifiedAt !== undefined) await handle.utimes(modifiedAt, modifiedAt);
  } finally {
    await handle.close();
  }
}

async function placeLink(
  root: string,
  path: string,
  entry: Extract<AdmittedEntry, { kind: 'symlink' | 'link' }>,
): Promise<void> {
  // A later entry of the same path wins.
  await rm(path, { force: true });
  if (entry.kind === 'symlink') await symlink(entry.target, path);
  else await link(join(root, entry.target), path);
}
