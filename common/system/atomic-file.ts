import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { said } from '../domain/said.ts';
import { SgridError } from '../protocol/errors.ts';

/**
 * Replaces a file so that a reader, or a crash at any moment, sees the old content or the new, never a part: write a
 * sibling, fsync it, rename over, fsync the directory (rename(2); the directory's fsync makes the rename durable).
 *
 * Synchronous on purpose: callers order their next step (spawning, answering) behind it.
 *
 * @throws SgridError `no_space` or `permission_denied`, naming the file; other errors as they are.
 */
export function writeFileAtomic(file: string, content: string | Uint8Array, mode = 0o600): void {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const handle = openSync(temporary, 'wx', mode);
    try {
      writeFileSync(handle, content);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw explainFileError(error, file);
  }
  syncDirectory(dirname(file));
}

/** Makes the last rename or removal in a directory durable. */
export function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The text of a file, or null when it does not exist. */
export function readFileIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw explainFileError(error, file);
  }
}

/** Names what is wrong with a file in the words of its errno, with what to do; unknown errors pass unchanged. */
export function explainFileError(error: unknown, file: string): unknown {
  const { code, syscall, path = file } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SgridError('no_space', said`no space left for ${file}`, {
      hint: said`free some space on that file system`,
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new SgridError('permission_denied', said`${file} cannot be used by this user (${code})`, {
      hint: said`check the owner and mode of ${dirname(file)}, or choose another directory`,
      cause: error,
    });
  }
  if (code === 'EISDIR')
    return new SgridError('bad_request', said`${file} is a directory`, {
      hint: said`name a file in it`,
      cause: error,
    });
  if (code === 'ENOTDIR' || (code === 'EEXIST' && syscall === 'mkdir'))
    return new SgridError(
      'bad_request',
      code === 'EEXIST'
        ? said`${path} is no directory`
        : said`${path} lies in something that is no directory`,
      { hint: said`choose another path, or move away what is there`, cause: error },
    );
  return error;
}
