import { readFileSync } from 'node:fs';
import { plainText } from '../../format/plain-text.ts';

const MAX_LENGTH = 80;

/**
 * What a process is, for people: its command line, which says more than the name of its main thread (`MainThread` for
 * every Node.js), else that name, as for a kernel thread. proc_pid_cmdline(5), proc_pid_comm(5).
 *
 * @throws when the process is gone.
 */
export function readProcessName(pid: number, procRoot = '/proc'): string {
  const words = readFileSync(`${procRoot}/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
  const name = plainText(words || readFileSync(`${procRoot}/${pid}/comm`, 'utf8').trim());
  return name.length > MAX_LENGTH ? `${name.slice(0, MAX_LENGTH - 1)}…` : name;
}
