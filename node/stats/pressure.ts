import type { Pressure } from '../../common/domain/figures.ts';

const PRESSURE = /^some avg10=(\d+(?:\.\d+)?) /m;

/**
 * `some avg10` of a pressure file in per mille, or null when it has none. The kernel tells it in per cent with two digits
 * behind the point: Documentation/accounting/psi.rst.
 */
export function parsePressure(text: string | null): number | null {
  const percent = PRESSURE.exec(text ?? '')?.[1];
  return percent === undefined ? null : Math.min(1000, Math.round(Number(percent) * 10));
}

/**
 * Pressure on the three resources.
 *
 * @param read the text of one resource's file; what it throws counts as not known: with `cgroup.pressure` at 0 a group's
 *   files are there and answer EOPNOTSUPP (cgroup-v2.rst).
 */
export function readPressure(read: (resource: keyof Pressure) => string | null): Pressure {
  const of = (resource: keyof Pressure): number | null => {
    try {
      return parsePressure(read(resource));
    } catch {
      return null;
    }
  };
  return { cpu: of('cpu'), memory: of('memory'), io: of('io') };
}

export const NO_PRESSURE: Pressure = { cpu: null, memory: null, io: null };
