import { readFileSync } from 'node:fs';
import { said, type Told } from '../../common/domain/said.ts';
import type { ProcessIdentity } from '../../common/system/process-identity.ts';

const SHOWN = 10;

/** `process 12 (sh)` or `processes 12 (sh), 13 (dd) and 5 more`: for people who have to look at them. proc_pid_comm(5) */
export function describeProcesses(pids: readonly number[], procRoot: string): string {
  const shown = pids.slice(0, SHOWN).map((pid) => `${pid}${nameOf(pid, procRoot)}`);
  const more = pids.length > SHOWN ? ` and ${pids.length - SHOWN} more` : '';
  return `${pids.length === 1 ? 'process' : 'processes'} ${shown.join(', ')}${more}`;
}

function nameOf(pid: number, procRoot: string): string {
  try {
    return ` (${readFileSync(`${procRoot}/${pid}/comm`, 'utf8').trim()})`;
  } catch {
    return '';
  }
}

/** The shim of a run as the subject of a sentence: "its shim, process 962,"; null for one of which no pid is known. */
export function shimWords(shim: Pick<ProcessIdentity, 'pid'> | null): Told {
  return shim === null ? said`its shim` : said`its shim, process ${shim.pid},`;
}
