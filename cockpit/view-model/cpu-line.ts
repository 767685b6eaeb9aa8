import type { InstanceView } from '../../common/domain/instance.ts';
import { sparkline } from '../format/sparkline.ts';
import type { Segment } from './line.ts';

/** Cells of a line of the last 20 samples: a character shows two. */
export const CPU_LINE_CELLS = 10;
/** One that uses less than this all the time has a flat line, not a mountain range, in thousandths of a core. */
const LEAST_FULL_MILLICORES = 50;

/** What an instance used lately, against its limit where it has one, else against its own peak. */
export function cpuLine(history: readonly (number | null)[], { limits }: InstanceView): Segment {
  const greatest = history.reduce<number>((top, sample) => Math.max(top, sample ?? 0), LEAST_FULL_MILLICORES);
  const full = limits.cpuCores === undefined ? greatest : limits.cpuCores * 1000;
  return { text: sparkline(history, CPU_LINE_CELLS, full), tone: 'accent' };
}
