import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type * as z from 'zod';
import { portSchema } from '../domain/names.ts';
import { said } from '../domain/said.ts';
import { SgridError } from '../protocol/errors.ts';
import { explainFileError, readFileIfThere } from './atomic-file.ts';
import { identify, isAlive, type ProcessIdentity, processIdentitySchema } from './process-identity.ts';

/** A lock held by this process until `release`, or until it dies. */
export interface FileLock {
  release(): void;
}

/** What a lock file says of its holder. */
const lockHolderSchema = processIdentitySchema.extend({
  /** Where the holder can be asked, when it said so as it took the lock. */
  port: portSchema.optional(),
});
export type LockHolder = z.infer<typeof lockHolderSchema>;

/** Who holds a lock file now, or null when it is absent, unreadable as one, or its holder is dead. */
export function readLockHolder(file: string): LockHolder | null {
  const holder = parseHolder(readFileIfThere(file));
  return holder !== null && isAlive(holder) ? holder : null;
}

/**
 * Takes a lock that is a file with its holder's identity (pid, start time, boot), so that one left by a dead process,
 * or by one whose pid another now has, is taken over. The file appears with its content at once: link(2) fails when it
 * is there already.
 *
 * @param what names what is locked, for the message: `this state directory`.
 * @param port where the holder will listen, for those who look for it.
 * @param write makes a file that is not there yet.
 * @throws SgridError `conflict` naming the holder's pid; `permission_denied` or `no_space` naming the file.
 */
export function acquireLock(
  file: string,
  what: string,
  port?: number,
  write: (file: string, content: string) => void = writeNew,
): FileLock {
  const own = identify(process.pid);
  if (own === null) throw new SgridError('internal', said`this process cannot be found in /proc`);
  const content = `${JSON.stringify({ ...own, port })}\n`;
  const candidate = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    write(candidate, content);
    // Each turn ends with the lock, with a live holder, or with one dead holder's file out of the way.
    for (let turn = 0; turn < 100; turn += 1) {
      if (tryLink(candidate, file)) return { release: () => releaseLock(file, content) };
      const holder = readLockHolder(file);
      if (holder !== null) throw heldBy(holder, what, file);
      moveStaleAside(file);
    }
    throw new SgridError('conflict', said`${file} changes hands all the time`, { hint: said`try again` });
  } catch (error) {
    throw explainFileError(error, file);
  } finally {
    rmSync(candidate, { force: true });
  }
}

function writeNew(file: string, content: string): void {
  writeFileSync(file, content, { flag: 'wx', mode: 0o600 });
}

function heldBy(holder: ProcessIdentity, what: string, file: string): SgridError {
  return new SgridError('conflict', said`${what} is in use by process ${holder.pid}`, {
    hint: said`wait for it to end, or stop it; the lock is ${file}`,
  });
}

function tryLink(candidate: string, file: string): boolean {
  try {
    linkSync(candidate, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Rename picks exactly one file; should it turn out that a live process had just locked anew, it is put back. */
function moveStaleAside(file: string): void {
  const aside = `${file}.${randomBytes(6).toString('hex')}.stale`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readLockHolder(aside) !== null) tryLink(aside, file);
  rmSync(aside, { force: true });
}

function releaseLock(file: string, content: string): void {
  try {
    if (readFileSync(file, 'utf8') === content) rmSync(file, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function parseHolder(text: string | null): LockHolder | null {
  if (text === null) return null;
  try {
    return lockHolderSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
