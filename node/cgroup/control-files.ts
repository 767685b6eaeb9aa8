import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmdirSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError } from '../../common/system/atomic-file.ts';
import { readPseudoFile } from '../../common/system/proc-file.ts';
import { waitUntil } from './wait-until.ts';

/** Longest file that a small-file reader takes in; the files that are sampled are far below. */
const SMALL_FILE_BYTES = 4096;

/** Text of a file of at most 4 KiB in a directory, or null when it, or what it describes, is not there. */
export type SmallFileReader = (directory: string, name: string) => string | null;

/**
 * Reads small pseudo-files for the sampler. Synchronous, into one buffer: a kernel file never waits for a disk, and
 * `open, read, close` costs 8 µs where `readFileSync` costs 15 and `readFile` of promises 104 (measured). Handles are not
 * kept between reads although that would cost 2 µs: they would be as many as instances times files. Paths are put together
 * without `path.join`, which was half of all that a sample allocated.
 */
export function createSmallFileReader(): SmallFileReader {
  const buffer = Buffer.allocUnsafe(SMALL_FILE_BYTES);
  return (directory, name) => {
    let handle: number;
    try {
      handle = openSync(`${directory}/${name}`, 'r');
    } catch (error) {
      return nullIfGone(error);
    }
    try {
      return buffer.toString('latin1', 0, readSync(handle, buffer, 0, SMALL_FILE_BYTES, null));
    } catch (error) {
      return nullIfGone(error);
    } finally {
      closeSync(handle);
    }
  };
}

/** A whole pseudo-file of any size, or null when it, or what it describes, is not there. */
export function readControl(file: string): string | null {
  try {
    return readPseudoFile(file);
  } catch (error) {
    return nullIfGone(error);
  }
}

/** A group that is removed while one of its files is open reads as ENODEV, a process that ends as ESRCH. */
function nullIfGone(error: unknown): null {
  if (isErrno(error, 'ENOENT', 'ENODEV', 'ESRCH', 'ENOTDIR')) return null;
  throw error;
}

export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Writes to a control file that exists; O_CREAT would turn a missing one into a misleading EACCES. */
export function writeControl(file: string, value: string): void {
  const handle = openSync(file, constants.O_WRONLY);
  try {
    writeSync(handle, value);
  } finally {
    closeSync(handle);
  }
}

/** The number in a file like `memory.current`; null for `max`, for anything else that is no number, and for null. */
export function parseNumber(text: string | null): number | null {
  return text !== null && /^\d+\n?$/.test(text) ? Number(text) : null;
}

/** One value of a flat keyed file (`key value` a line, cgroup-v2.rst "Format"), or null when it has no such key. */
export function flatKeyed(text: string | null, key: string): number | null {
  if (text === null) return null;
  const at = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `);
  if (at < 0) return null;
  const value = Number.parseInt(text.slice(text.indexOf(' ', at) + 1), 10);
  return Number.isNaN(value) ? null : value;
}

/** A group and every group below it, deepest first (the order in which rmdir works); empty when it is not there. */
export function walkGroups(directory: string): string[] {
  let entries: { name: string; isDirectory(): boolean }[];
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    nullIfGone(error);
    return [];
  }
  const below = entries.filter((entry) => entry.isDirectory());
  return [...below.flatMap((entry) => walkGroups(join(directory, entry.name))), directory];
}

/**
 * Every process in these groups and in groups that a service made below them, ascending. Processes outside of our pid
 * namespace read as 0 and are left out: they cannot be named.
 */
export function readMembers(directories: readonly string[]): number[] {
  const pids = new Set<number>();
  for (const group of directories.flatMap(walkGroups)) {
    for (const line of (readControl(join(group, 'cgroup.procs')) ?? '').split('\n')) {
      if (line !== '' && line !== '0') pids.add(Number(line));
    }
  }
  return [...pids].sort((a, b) => a - b);
}

/** Makes a group and its parents. @returns the first directory that was not there, or null when all were. */
export function makeGroup(directory: string): string | null {
  try {
    return mkdirSync(directory, { recursive: true }) ?? null;
  } catch (error) {
    throw explainFileError(error, directory);
  }
}

/** Undoes `makeGroup` of `directory`: removes it and its parents up to `first`, as far as they are empty. */
export function unmakeGroup(directory: string, first: string | null): void {
  if (first === null) return;
  try {
    for (let at = directory; at.startsWith(first); at = dirname(at)) rmdirSync(at);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EBUSY', 'ENOTEMPTY')) throw error;
  }
}

/** Removes a group that has no group below it, unless it is in use. */
export function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EBUSY', 'ENOTEMPTY')) throw error;
  }
}

/** How long a group whose last process has ended may still count as busy in the kernel. */
const RMDIR_TIMEOUT_MS = 2_000;

/**
 * Removes groups with all groups below.
 *
 * An ended process leaves its group a moment after it was reaped (kernels from 6.19 unlink it after its last context
 * switch), so EBUSY is waited out as long as nobody is in there.
 *
 * @throws SgridError `conflict` naming the pids when processes are in it.
 */
export async function removeGroups(label: string, directories: readonly string[]): Promise<void> {
  refuseMembers(label, readMembers(directories));
  const removed = await waitUntil(() => {
    try {
      for (const group of directories.flatMap(walkGroups)) rmdirSync(group);
      return true;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return false;
      if (!isErrno(error, 'EBUSY')) throw explainFileError(error, label);
      refuseMembers(label, readMembers(directories));
      return false;
    }
  }, RMDIR_TIMEOUT_MS);
  if (!removed)
    throw new SgridError('conflict', said`group ${label} has no process but the kernel calls it busy`);
}

/** @throws SgridError `conflict` naming the pids when there are any. */
export function refuseMembers(label: string, pids: readonly number[]): void {
  if (pids.length === 0) return;
  throw new SgridError('conflict', said`group ${label} is not empty: ${describePids(pids)}`, {
    hint: said`stop these processes first`,
  });
}

/** `pid 12` or `pids 12, 13, 14 and 5 more`. */
export function describePids(pids: readonly number[]): string {
  const shown = pids.slice(0, 10).join(', ');
  const more = pids.length > 10 ? ` and ${pids.length - 10} more` : '';
  return `${pids.length === 1 ? 'pid' : 'pids'} ${shown}${more}`;
}
