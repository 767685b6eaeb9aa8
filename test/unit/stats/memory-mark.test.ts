import { describe, expect, test } from 'vitest';
import { english } from '../../../common/domain/said.ts';
import { isOverMark, memoryMarkOf, overMarkText } from '../../../node/stats/memory-mark.ts';

const MIB = 1024 * 1024;

describe('the mark', () => {
  test.each([
    ['no limit', {}, null],
    ['nine tenths of the hard limit', { memoryMiB: 100 }, 90 * MIB],
    ['its own', { memoryMiB: 100, memoryHighMiB: 50 }, 50 * MIB],
    ['its own without a hard limit', { memoryHighMiB: 50 }, 50 * MIB],
  ])('%s', (_what, limits, mark) => {
    expect(memoryMarkOf(limits)).toBe(mark);
  });
});

test('once over it counts as over until it is below eight tenths of the mark', () => {
  const seen: boolean[] = [];
  let isOver = false;
  for (const bytes of [999, 1000, 1200, 999, 800, 799, 900, 999, 1000]) {
    isOver = isOverMark(isOver, bytes, 1000);
    seen.push(isOver);
  }
  expect(seen).toEqual([false, true, true, true, true, false, false, false, true]);
});

test('what is said names use, mark and limit', () => {
  expect(english(overMarkText(93.7 * MIB, 90 * MIB, { memoryMiB: 100 }))).toBe(
    'uses 93 MiB of memory, its mark is 90 MiB; at 100 MiB the kernel ends processes of it',
  );
  expect(english(overMarkText(93.7 * MIB, 90 * MIB, { memoryHighMiB: 90 }))).not.toContain('kernel');
});
