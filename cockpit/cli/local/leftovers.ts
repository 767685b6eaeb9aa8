import { readdirSync, readFileSync } from 'node:fs';
import { identify, type ProcessIdentity, readProcStat } from '../../../common/system/process-identity.ts';
import { readProcessName } from './process-name.ts';

export interface LocalProcess {
  identity: ProcessIdentity;
  /** Its command line, cut to a readable length. */
  name: string;
}

/**
 * Every process that runs on behalf of an agent's state directory: each program and its shim carry `SGRID_NODE_DIR` in
 * their environment, and so does all that they start, in whatever session or group (proc_pid_environ(5)). The agent
 * itself does not.
 */
export function findServiceProcesses(nodeDirectory: string, procRoot = '/proc'): LocalProcess[] {
  const wanted = `\0SGRID_NODE_DIR=${nodeDirectory}\0`;
  return readdirSync(procRoot).flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    const pid = Number(entry);
    try {
      const environment = readFileSync(`${procRoot}/${pid}/environ`, 'latin1');
      if (!`\0${environment}`.includes(wanted)) return [];
    } catch {
      return [];
    }
    const identity = identify(pid, procRoot);
    if (identity === null || readProcStat(pid, procRoot) === null) return [];
    return [{ identity, name: nameOf(pid, procRoot) }];
  });
}

function nameOf(pid: number, procRoot: string): string {
  try {
    return readProcessName(pid, procRoot);
  } catch {
    return '?';
  }
}
