import { join } from 'node:path';
import { readMachineCapacity } from '../stats/machine-capacity.ts';
import { parseNumber, readControl } from './control-files.ts';
import type { MachineCapacity } from './limits.ts';

/** `PID_MAX_LIMIT` of a 64-bit kernel: no `pid_max` is above. For where `/proc/sys` is hidden. */
const PID_MAX_LIMIT = 4_194_304;

/** What limits are measured against, now: all of it may change while the machine runs. */
export function readCapacity(procRoot = '/proc'): MachineCapacity {
  const pidMax = parseNumber(readControl(join(procRoot, 'sys/kernel/pid_max'))) ?? PID_MAX_LIMIT;
  return { ...readMachineCapacity(procRoot), pidMax };
}
