import { expect, test } from 'vitest';
import type { FigureSpan } from '../../../common/domain/history.ts';
import {
  addBucket,
  addSample,
  bucketOf,
  type FigureBucket,
  newSums,
} from '../../../master/history/bucket.ts';
import { decodeBucket, encodeBuckets } from '../../../master/history/codec.ts';
import { createRandom } from '../../support/random.ts';

const KIB = 1024;

test('what is written is read back: unknown, zero, constant and varying figures, memory in whole KiB', () => {
  const busy: FigureBucket = {
    samples: 10,
    spans: [
      [12, 340, 64_000],
      [5 * KIB, 7 * KIB, 3_000_000 * KIB],
      [0, 0, 0],
      null,
      [1, 1, 1],
      [0, 3, 1000],
      null,
    ],
  };
  const idle: FigureBucket = {
    samples: 1,
    spans: [[0, 0, 0], null, null, null, null, null, [250, 250, 250]],
  };
  const bytes = encodeBuckets([
    [70_000, idle],
    [3, busy],
  ]);
  expect(decodeBucket(bytes, 3)).toEqual(busy);
  expect(decodeBucket(bytes, 70_000)).toEqual(idle);
  for (const absent of [0, 1, 4, 69_999, 70_001]) expect(decodeBucket(bytes, absent)).toBeNull();
  expect(decodeBucket(encodeBuckets([]), 1)).toBeNull();
});

test('least, average and greatest stay in this order, whatever is rounded', () => {
  const random = createRandom(7);
  for (let round = 0; round < 500; round++) {
    const values = [random.below(5_000), random.below(5_000), random.below(5_000)].sort((a, b) => a - b);
    const span: FigureSpan = [values[0] ?? 0, values[1] ?? 0, values[2] ?? 0];
    const bytes = encodeBuckets([[1, { samples: 3, spans: [span, span, null, null, null, null, null] }]]);
    const [cpu, memory] = decodeBucket(bytes, 1)?.spans ?? [];
    expect(cpu).toEqual(span);
    const [least, average, greatest] = memory ?? [0, 0, 0];
    expect(least).toBeLessThanOrEqual(average);
    expect(average).toBeLessThanOrEqual(greatest);
    expect(Math.abs(greatest - span[2])).toBeLessThanOrEqual(KIB / 2);
  }
});

test('an instance that idles takes some 15 bytes, a busy one 33', () => {
  const idle: FigureBucket = {
    samples: 60,
    spans: [[1, 2, 4], [40e6, 40e6, 40e6], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], null],
  };
  const busy: FigureBucket = {
    samples: 60,
    spans: [
      [900, 1200, 2000],
      [400e6, 420e6, 500e6],
      [0, 120, 800],
      [3, 40, 200],
      [0, 2, 9],
      [0, 5, 80],
      null,
    ],
  };
  const bytesOf = (bucket: FigureBucket): number =>
    encodeBuckets(Array.from({ length: 20 }, (_, at) => [at + 1, bucket] as const)).length / 20;
  expect(bytesOf(idle)).toBeLessThanOrEqual(15);
  expect(bytesOf(busy)).toBeLessThanOrEqual(33);
});

test('sums of samples, and of buckets by the number of their samples', () => {
  const sums = newSums();
  expect(bucketOf(sums)).toBeNull();
  for (const cpu of [10, 20, 60]) addSample(sums, 0, cpu);
  const first = bucketOf(sums);
  expect(first).toEqual({ samples: 3, spans: [[10, 30, 60], null, null, null, null, null, null] });
  const above = newSums();
  if (first !== null) addBucket(above, first);
  addBucket(above, { samples: 1, spans: [[0, 0, 0], [8, 8, 8], null, null, null, null, null] });
  // 3 samples of 30 on average, and one of 0.
  expect(bucketOf(above)?.spans.slice(0, 2)).toEqual([
    [0, 23, 60],
    [8, 8, 8],
  ]);
});
