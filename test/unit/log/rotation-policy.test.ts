import { expect, test } from 'vitest';
import { logRotationSchema } from '../../../common/domain/log.ts';
import { excessArchives, isRotationDue, rotationPolicy } from '../../../node/log/rotation-policy.ts';

const HOUR_MS = 3_600_000;
const policy = { maxFileBytes: 100_000, maxAgeMs: HOUR_MS, maxTotalBytes: 1000 };

test('the defaults of a service: 64 MiB, a day, 1 GiB', () => {
  expect(rotationPolicy(logRotationSchema.parse({}))).toEqual({
    maxFileBytes: 64 * 1024 ** 2,
    maxAgeMs: 24 * HOUR_MS,
    maxTotalBytes: 1024 ** 3,
  });
});

test('due by size or by age, but never when there is hardly anything', () => {
  const due = (liveBytes: number, liveSince: number | null, now: number) =>
    isRotationDue({ liveBytes, liveSince }, policy, now);
  expect(due(99_999, 0, HOUR_MS - 1)).toBe(false);
  expect(due(100_000, 0, 0)).toBe(true);
  expect(due(100_000, null, 0)).toBe(true);
  expect(due(10_000, 0, HOUR_MS)).toBe(true);
  expect(due(10_000, null, HOUR_MS)).toBe(false);
  expect(due(8191, 0, 100 * HOUR_MS)).toBe(false);
});

test('the oldest archives go until the rest is within the cap', () => {
  const archives = [400, 300, 200, 100].map((sizeBytes) => ({ sizeBytes }));
  const excess = (liveBytes: number) =>
    excessArchives(archives, liveBytes, policy).map(({ sizeBytes }) => sizeBytes);
  expect(excess(0)).toEqual([]);
  expect(excess(1)).toEqual([400]);
  expect(excess(401)).toEqual([400, 300]);
  // The live file is what it is.
  expect(excess(5000)).toEqual([400, 300, 200, 100]);
  expect(excessArchives([], 5000, policy)).toEqual([]);
});
