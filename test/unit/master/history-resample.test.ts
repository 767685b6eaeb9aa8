import { expect, test } from 'vitest';
import type { FigureBucket } from '../../../master/history/bucket.ts';
import { keptMs, LEVELS_MS } from '../../../master/history/levels.ts';
import { gridOf, type LevelBuckets, levelOrder, resample } from '../../../master/history/resample.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const bucket = (cpu: number, samples = 10): FigureBucket => ({
  samples,
  spans: [[cpu, cpu, cpu], null, null, null, null, null, null],
});
const NOTHING: LevelBuckets = { buckets: [], keptFrom: 0 };
/** Kept from its first bucket on. */
const level = (...buckets: [at: number, cpu: number][]): LevelBuckets => ({
  buckets: buckets.map(([at, cpu]) => ({ at, bucket: bucket(cpu) })),
  keptFrom: Math.min(...buckets.map(([at]) => at)),
});
const cpuOf = (levels: LevelBuckets[], grid: Parameters<typeof resample>[1]): (number | null)[] =>
  (resample(levels, grid).cpuMillicores ?? []).map((span) => span?.[1] ?? null);

test('a grid has at most as many points as asked for, and none is narrower than the finest bucket', () => {
  expect(gridOf(0, 5 * MINUTE, 240)).toEqual({ from: 0, stepMs: 10 * SECOND, count: 30 });
  const grid = gridOf(3 * SECOND, 3 * SECOND + DAY, 100);
  expect(grid.count).toBeLessThanOrEqual(100);
  expect(grid.stepMs % (10 * SECOND)).toBe(0);
  expect(grid.from + grid.count * grid.stepMs).toBeGreaterThanOrEqual(3 * SECOND + DAY);
});

test('the level that fits a step, then finer ones, then coarser ones', () => {
  expect(levelOrder({ stepMs: 10 * SECOND })).toEqual([0, 1, 2]);
  expect(levelOrder({ stepMs: 90 * SECOND })).toEqual([1, 0, 2]);
  expect(levelOrder({ stepMs: HOUR })).toEqual([2, 1, 0]);
});

test('points are made of the level that fits, and several buckets of a point are weighed', () => {
  const grid = { from: 0, stepMs: 2 * MINUTE, count: 2 };
  const fits = level([0, 10], [MINUTE, 30], [2 * MINUTE, 50], [3 * MINUTE, 50]);
  const finer = level([0, 999]);
  expect(cpuOf([finer, fits, NOTHING], grid)).toEqual([20, 50]);
});

test('what is not written at the level that fits is taken from the finer one', () => {
  const grid = { from: 0, stepMs: MINUTE, count: 3 };
  expect(cpuOf([level([MINUTE, 5], [2 * MINUTE, 7]), level([0, 10]), NOTHING], grid)).toEqual([10, 5, 7]);
});

test('a coarser level stands for the time that a finer one is kept no longer, and never for a gap in it', () => {
  const grid = { from: 0, stepMs: 10 * SECOND, count: 18 };
  const fine = level([MINUTE, 1], [MINUTE + 10 * SECOND, 1], [2 * MINUTE + 50 * SECOND, 1]);
  const minutes = level([0, 70], [MINUTE, 80], [2 * MINUTE, 90]);
  const points = cpuOf([fine, minutes, NOTHING], grid);
  expect(points.slice(0, 6)).toEqual([70, 70, 70, 70, 70, 70]);
  expect(points.slice(6)).toEqual([1, 1, ...new Array(9).fill(null), 1]);
});

test('what began in the middle of a coarse bucket does not look as if it had always been there', () => {
  const grid = { from: 0, stepMs: 10 * SECOND, count: 6 };
  const fine: LevelBuckets = { ...level([40 * SECOND, 5]), keptFrom: 0 };
  expect(cpuOf([fine, level([0, 5]), level([0, 5])], grid)).toEqual([null, null, null, null, 5, null]);
});

test('two rows of one span, before and after a restart of the master, are one point', () => {
  const level0: LevelBuckets = {
    buckets: [
      { at: 0, bucket: bucket(10, 3) },
      { at: 0, bucket: bucket(50, 1) },
    ],
    keptFrom: 0,
  };
  expect(resample([level0, NOTHING, NOTHING], { from: 0, stepMs: 10_000, count: 1 }).cpuMillicores).toEqual([
    [10, 20, 50],
  ]);
});

test('machines are kept whole; instances shorter as they become more, with a least time', () => {
  const kept = (scope: 'node' | 'instances', instances: number): number[] =>
    LEVELS_MS.map((_, at) => keptMs(scope, at, instances));
  expect(kept('node', 100_000)).toEqual([HOUR, DAY, 14 * DAY]);
  expect(kept('instances', 2_000)).toEqual([HOUR, DAY, 14 * DAY]);
  expect(kept('instances', 4_000)).toEqual([HOUR, 12 * HOUR, 7 * DAY]);
  expect(kept('instances', 1_000_000)).toEqual([HOUR, 6 * HOUR, DAY]);
});
