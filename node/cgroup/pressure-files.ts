import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Pressure } from '../../common/domain/figures.ts';
import { NO_PRESSURE, readPressure } from '../stats/pressure.ts';
import type { SmallFileReader } from './control-files.ts';

/**
 * Reads `cpu.pressure`, `memory.pressure` and `io.pressure` of groups of cgroup v2.
 *
 * A kernel without PSI, or booted with `psi=0`, has no `/proc/pressure`; its groups are then not asked, since three files
 * that are missing cost more than all that are there.
 */
export function createPressureReader(
  readSmall: SmallFileReader,
  procRoot: string,
): (directory: string) => Pressure {
  if (!existsSync(join(procRoot, 'pressure'))) return () => NO_PRESSURE;
  return (directory) => readPressure((resource) => readSmall(join(directory, `${resource}.pressure`)));
}
