import { expect, test } from 'vitest';
import { createFiguresRing } from '../../../master/fleet/figures-ring.ts';

const cpu = (ring: ReturnType<typeof createFiguresRing>, now: number) => ring.read(now).cpuMillicores;

test('an empty ring has no history', () => {
  expect(createFiguresRing(4).read(1_000_000)).toEqual({ cpuMillicores: [], memoryBytes: [] });
});

test('the newest samples are kept, oldest first, memory beyond 32 bits too', () => {
  const ring = createFiguresRing(3);
  for (let second = 1; second <= 5; second++) ring.push(second * 1000, second, second * 2 ** 34);
  expect(ring.read(5000)).toEqual({
    cpuMillicores: [3, 4, 5],
    memoryBytes: [3 * 2 ** 34, 4 * 2 ** 34, 5 * 2 ** 34],
  });
});

test('jitter makes no holes, a gap does', () => {
  const ring = createFiguresRing(10);
  for (const [at, value] of [
    [1000, 1],
    [2400, 2],
    [2950, 3],
    [4300, 4],
    [7300, 5],
  ] as const) {
    ring.push(at, value, 0);
  }
  expect(cpu(ring, 7300)).toEqual([1, 2, 3, 4, null, null, 5]);
});

test('what has been missing up to now is null, and after a ring’s length nothing is left', () => {
  const ring = createFiguresRing(4);
  ring.push(1000, 1, 0);
  ring.push(2000, 2, 0);
  expect(cpu(ring, 3400)).toEqual([1, 2]);
  expect(cpu(ring, 4000)).toEqual([1, 2, null]);
  expect(cpu(ring, 6000)).toEqual([2, null, null, null]);
  expect(cpu(ring, 60_000)).toEqual([]);
});

test('a clock that was set back loses nothing', () => {
  const ring = createFiguresRing(4);
  ring.push(10_000, 1, 0);
  ring.push(5_000, 2, 0);
  expect(cpu(ring, 5_000)).toEqual([1, 2]);
});
