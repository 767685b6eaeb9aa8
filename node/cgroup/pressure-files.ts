import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Pressure } from '../../common/domain/figures.ts';
import { NO_PRESSURE, readPressure } from '../stats/pressure.ts';
import type { SmallFileReader } from './control-files.ts';

/**
 * The kernel brings its averages up to date every two seconds (`PSI_FREQ`, kernel/sched/psi.c): of samples taken each second
 * every other one would read the same again, three files for each group.
 */
const FRESH_MS = 1_500;

/**
 * Reads `cpu.pressure`, `memory.pressure` and `io.pressure` of groups of cgroup v2, at most every second and a half.
 *
 * A kernel without PSI, or booted with `psi=0`, has no `/proc/pressure`; its groups are then not asked, since three files
 * that are missing cost more than all that are there.
 *
 * @param monotonicClock milliseconds
 */
export function createPressureReader(
  readSmall: SmallFileReader,
  procRoot: string,
  monotonicClock: () => number = () => performance.now(),
): (directory: string) => Pressure {
  if (!existsSync(join(procRoot, 'pressure'))) return () => NO_PRESSURE;
  // Dropped as a whole, so that groups that are gone leave nothing behind.
  let known = new Map<string, Pressure>();
  let knownSinceMs = Number.NEGATIVE_INFINITY;
  return (directory) => {
    const nowMs = monotonicClock();
    if (nowMs - knownSinceMs >= FRESH_MS) {
      known = new Map();
      knownSinceMs = nowMs;
    }
    const last = known.get(directory);
    if (last !== undefined) return last;
    const pressure = readPressure((resource) => readSmall(directory, `${resource}.pressure`));
    known.set(directory, pressure);
    return pressure;
  };
}
