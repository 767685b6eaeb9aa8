import { type FigureSpan, type FiguresOverTime, HISTORY_METRICS } from '../../common/domain/history.ts';
import { addBucket, bucketOf, type FigureBucket, newSums, type Sums } from './bucket.ts';
import { LEVELS_MS } from './levels.ts';

/** What is known of a series at one level of detail. */
export interface LevelBuckets {
  readonly buckets: readonly { readonly at: number; readonly bucket: FigureBucket }[];
  /** From when on all that there was is kept at this level. */
  readonly keptFrom: number;
}

/** Points evenly apart; a point is at least a bucket of the finest level, so that none is empty for being too narrow. */
export interface Grid {
  readonly from: number;
  readonly stepMs: number;
  readonly count: number;
}

export function gridOf(from: number, to: number, points: number): Grid {
  const finest = LEVELS_MS[0];
  const stepMs = Math.max(1, Math.ceil((to - from) / points / finest)) * finest;
  const start = from - (from % stepMs);
  // Both ends may lie inside a step: one point more than asked for is left out at the older end.
  const count = Math.ceil((to - start) / stepMs);
  const left = Math.max(0, count - points);
  return { from: start + left * stepMs, stepMs, count: count - left };
}

/** The level that a grid is best made of, and the others in the order in which they are asked for what it does not know. */
export function levelOrder({ stepMs }: Pick<Grid, 'stepMs'>): number[] {
  const best = Math.max(
    0,
    LEVELS_MS.findLastIndex((resolutionMs) => resolutionMs <= stepMs),
  );
  const finer = LEVELS_MS.flatMap((_, level) => (level < best ? [level] : [])).reverse();
  const coarser = LEVELS_MS.flatMap((_, level) => (level > best ? [level] : []));
  return [best, ...finer, ...coarser];
}

/**
 * Puts buckets of several levels on one grid. Each point is made of one level only. A coarser level than the best one is used
 * only for the time that finer ones are kept no longer: after that, nothing means that nothing was there.
 *
 * @param levels the finest first, as in `LEVELS_MS`
 */
export function resample(levels: readonly LevelBuckets[], grid: Grid): FiguresOverTime['metrics'] {
  const { from, stepMs, count } = grid;
  const points: (Sums | null)[] = new Array(count).fill(null);
  const order = levelOrder(grid);
  const [best = 0] = order;
  for (const level of order) {
    const resolutionMs = LEVELS_MS[level] ?? 0;
    const until = level > best ? keptFromOf(levels, level) : Number.POSITIVE_INFINITY;
    const filled = points.map((sums) => sums !== null);
    for (const { at, bucket } of levels[level]?.buckets ?? []) {
      const middle = Math.floor((at + resolutionMs / 2 - from) / stepMs);
      const isWide = resolutionMs > stepMs;
      const first = isWide ? Math.floor((at - from) / stepMs) : middle;
      const last = isWide ? Math.floor((at + resolutionMs - 1 - from) / stepMs) : middle;
      for (let point = Math.max(0, first); point <= Math.min(count - 1, last); point++) {
        if (filled[point] === true || from + point * stepMs >= until) continue;
        const sums = points[point] ?? newSums();
        points[point] = sums;
        addBucket(sums, bucket);
      }
    }
  }
  const buckets = points.map((sums) => (sums === null ? null : bucketOf(sums)));
  const spansOf = (metric: number): (FigureSpan | null)[] =>
    buckets.map((bucket) => bucket?.spans[metric] ?? null);
  const [cpu, memory, throttled, cpuPressure, memoryPressure, ioPressure, load] = HISTORY_METRICS.map(
    (_, metric) => spansOf(metric),
  );
  return {
    cpuMillicores: cpu ?? [],
    memoryBytes: memory ?? [],
    throttledPermille: throttled ?? [],
    cpuPressurePermille: cpuPressure ?? [],
    memoryPressurePermille: memoryPressure ?? [],
    ioPressurePermille: ioPressure ?? [],
    loadHundredths: load ?? [],
  };
}

/** From when on a finer level than this one knows better. */
function keptFromOf(levels: readonly LevelBuckets[], level: number): number {
  return Math.min(...levels.slice(0, level).map(({ keptFrom }) => keptFrom));
}
