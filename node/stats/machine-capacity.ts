import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCpuCount, parseMeminfo } from './proc-text.ts';

/** CPUs online and memory of this machine, now: both can change while it runs. */
export function readMachineCapacity(procRoot = '/proc'): { cpuCount: number; memoryBytes: number } {
  const read = (name: string): string => readFileSync(join(procRoot, name), 'utf8');
  return { cpuCount: parseCpuCount(read('stat')), memoryBytes: parseMeminfo(read('meminfo')).totalBytes };
}
