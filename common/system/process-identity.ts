import * as z from 'zod';
import { readProcessFile, readPseudoFile } from './proc-file.ts';

/**
 * What makes a process itself: a pid alone is reused, so it is tied to the process's start time and to the boot.
 * No signal is sent without all three matching.
 */
export const processIdentitySchema = z.object({
  pid: z.int().positive(),
  /** `/proc/<pid>/stat` field 22: clock ticks after boot, as text since it may exceed 2^53. proc_pid_stat(5). */
  startTicks: z.string().regex(/^\d+$/),
  /** `/proc/sys/kernel/random/boot_id`. random(4). */
  bootId: z.string().min(1).max(64),
});
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

/** The fields of `/proc/<pid>/stat` that we use. */
export interface ProcStat {
  pid: number;
  /** One letter: R, S, D, Z (zombie), … */
  state: string;
  parentPid: number;
  sessionId: number;
  startTicks: string;
}

/**
 * Parses `/proc/<pid>/stat`. The second field is the command name in parentheses, which may itself hold spaces and
 * parentheses, so fields are counted from the last `)`.
 */
export function parseProcStat(text: string): ProcStat | null {
  const nameEnd = text.lastIndexOf(')');
  if (nameEnd < 0) return null;
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(nameEnd + 2).split(' ');
  const [state, parentPid, , sessionId] = fields;
  const startTicks = fields[19];
  if (!Number.isInteger(pid) || state === undefined || parentPid === undefined || sessionId === undefined)
    return null;
  if (startTicks === undefined || !/^\d+$/.test(startTicks)) return null;
  return { pid, state, parentPid: Number(parentPid), sessionId: Number(sessionId), startTicks };
}

/** Reads one process's stat, or null when there is no such process (any more). @throws as `readProcessFile` */
export function readProcStat(pid: number, procRoot = '/proc'): ProcStat | null {
  const text = readProcessFile(`${procRoot}/${pid}/stat`);
  return text === null ? null : parseProcStat(text);
}

export function readBootId(procRoot = '/proc'): string {
  return readPseudoFile(`${procRoot}/sys/kernel/random/boot_id`).trim();
}

/** The identity of a process that runs now, or null when there is none, or only its zombie. */
export function identify(pid: number, procRoot = '/proc'): ProcessIdentity | null {
  const stat = readProcStat(pid, procRoot);
  if (stat === null || stat.state === 'Z' || stat.state === 'X') return null;
  return { pid, startTicks: stat.startTicks, bootId: readBootId(procRoot) };
}

/** Whether exactly this process, and not a later one with its pid, is alive. A zombie is not. */
export function isAlive(identity: ProcessIdentity, procRoot = '/proc'): boolean {
  const now = identify(identity.pid, procRoot);
  return now !== null && now.startTicks === identity.startTicks && now.bootId === identity.bootId;
}

/**
 * Sends a signal to exactly this process. Between the check and the signal the pid could in theory be reused; Linux
 * hands out pids in a circle, so that would take a whole turn of pid_max within microseconds.
 *
 * @returns false when that process is gone.
 */
export function signalProcess(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
  procRoot = '/proc',
): boolean {
  if (!isAlive(identity, procRoot)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
