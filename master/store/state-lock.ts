import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError, readFileIfThere, writeFileAtomic } from '../../common/system/atomic-file.ts';
import { identify, isAlive, processIdentitySchema } from '../../common/system/process-identity.ts';

export interface StateLock {
  release(): void;
}

/**
 * Takes the state directory for this process alone. The lock is SQLite's, on a file of its own: a kernel lock
 * (fcntl(2)), which cannot outlive its process and so needs no guessing whether it is stale. Who holds it is in a
 * file beside it, with the identity that tells a live holder from a reused pid.
 *
 * @throws SgridError `conflict` naming the holder's pid; `permission_denied`.
 */
export function lockStateDirectory(stateDir: string, pid: number): StateLock {
  const file = join(stateDir, 'master.lock');
  const holderFile = join(stateDir, 'master.pid');
  const lock = openLockFile(file);
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    if (!isBusy(cause)) throw cause;
    throw new SgridError('conflict', `another master ${holderOf(holderFile)}uses ${stateDir}`, {
      hint: 'stop that one first, or give this one another stateDir',
      cause,
    });
  }
  try {
    writeFileAtomic(holderFile, `${JSON.stringify(identify(pid))}\n`);
  } catch (error) {
    lock.close();
    throw error;
  }
  return { release: () => void lock.close() };
}

function openLockFile(file: string): Sqlite.Database {
  try {
    closeSync(openSync(file, 'a', 0o600));
  } catch (error) {
    throw explainFileError(error, file);
  }
  return new Sqlite(file, { timeout: 0 });
}

function holderOf(holderFile: string): string {
  const text = readFileIfThere(holderFile);
  if (text === null) return '';
  try {
    const holder = processIdentitySchema.parse(JSON.parse(text));
    return isAlive(holder) ? `(pid ${holder.pid}) ` : '';
  } catch {
    return '';
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY');
}
