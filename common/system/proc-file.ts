import { readFileSync } from 'node:fs';

/**
 * The whole text of a pseudo-file (proc(5), sysfs(5), cgroups(7)). Bytes that are no UTF-8, as a process may have them in
 * its name, read as U+FFFD.
 *
 * As UTF-8 since Node.js has a way of its own for that; with any other encoding it takes 64 KiB for each file whose size
 * reads as 0, which all of these are, and costs twice the time.
 *
 * @throws what `readFileSync` throws.
 */
export const readPseudoFile = (file: string): string => readFileSync(file, 'utf8');

/**
 * A file of a process (`/proc/<pid>/…`), or null when the process is gone, or hidden from this user (hidepid, proc(5)).
 *
 * @throws what else went wrong (EMFILE, ENOMEM): of a process that cannot be looked at nobody may say that it is gone.
 */
export function readProcessFile(file: string): string | null {
  try {
    return readPseudoFile(file);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(code)) return null;
    throw error;
  }
}
