import { join } from 'node:path';
import pidusage from 'pidusage';
import { readPseudoFile } from '../../common/system/proc-file.ts';
import { parseThreadCount } from './proc-text.ts';

/** Figures of one process. */
export interface ProcessUsage {
  /** User and system time since it started. */
  readonly cpuMicros: number;
  readonly memoryBytes: number;
  /** Its threads: what can be told of `pids` without a cgroup. */
  readonly threads: number;
}

/**
 * Figures of main processes, for what their groups cannot tell. A process that is gone is left out.
 *
 * Of pidusage's figures the counter `ctime` is taken, not the rate `cpu`: that one averages over the whole life at the first
 * call and between anybody's calls after it.
 */
export async function readProcessUsage(
  pids: readonly number[],
  procRoot: string,
): Promise<Map<number, ProcessUsage>> {
  const usages = new Map<number, ProcessUsage>();
  if (pids.length === 0) return usages;
  let found: Awaited<ReturnType<typeof askPidusage>>;
  try {
    found = await askPidusage(pids);
  } catch {
    // It fails as a whole only when none of them is there.
    return usages;
  }
  for (const pid of pids) {
    const usage = found[pid];
    // Null for one that was gone before it could be opened, undefined for one that went while it was read.
    if (usage == null) continue;
    usages.set(pid, {
      cpuMicros: usage.ctime * 1000,
      memoryBytes: usage.memory,
      threads: readThreads(procRoot, pid),
    });
  }
  return usages;
}

function askPidusage(pids: readonly number[]): Promise<Record<string, pidusage.Status | null | undefined>> {
  return pidusage([...pids]);
}

function readThreads(procRoot: string, pid: number): number {
  try {
    return parseThreadCount(readPseudoFile(join(procRoot, String(pid), 'stat')));
  } catch {
    return 0;
  }
}
