import { describe, expect, test } from 'vitest';
import {
  encodeProperties,
  instanceSlice,
  limitProperties,
  limitsHold,
  slicePath,
} from '../../../node/cgroup/systemd-units.ts';

describe('slices', () => {
  test.each([
    ['business.slice', '/business.slice'],
    ['a-b.slice', '/a.slice/a-b.slice'],
    ['a-b-c.1.slice', '/a.slice/a-b.slice/a-b-c.1.slice'],
  ])('%s is kept at %s', (slice, path) => {
    expect(slicePath(slice)).toBe(path);
  });

  test.each(['business', 'a--b.slice', '-a.slice', 'a-.slice', '.slice', 'a/b.slice', 'a.service'])(
    '%s is no slice',
    (name) => {
      expect(slicePath(name)).toBeNull();
    },
  );

  test('a key stays one level below its parent, whatever its dashes', () => {
    const slice = instanceSlice('business.slice', 'sgrid-3-my_web-12');
    expect(slice).toBe('business-sgrid.3.my_web.12.slice');
    expect(slicePath(slice)).toBe(`/business.slice/${slice}`);
  });

  test('two keys never share a slice', () => {
    const keys = ['a-b_c', 'a_b-c', 'a-b-c', 'a_b_c', 'ab-c'];
    expect(new Set(keys.map((key) => instanceSlice('business.slice', key))).size).toBe(keys.length);
  });

  test('the longest key makes a name that systemd takes', () => {
    // UNIT_NAME_MAX of systemd: 255 with the terminating NUL.
    expect(instanceSlice('business.slice', `a${'-'.repeat(127)}`).length).toBeLessThan(255);
  });
});

describe('limits as properties', () => {
  test('all of them, in the units of systemd', () => {
    expect(limitProperties({ cpuCores: 1.5, memoryMiB: 64, memoryHighMiB: 48, pids: 100 })).toEqual([
      ['MemoryMax', 't', '67108864'],
      ['MemoryHigh', 't', '50331648'],
      ['MemorySwapMax', 't', '0'],
      ['CPUQuotaPerSecUSec', 't', '1500000'],
      ['TasksMax', 't', '100'],
    ]);
  });

  test('an absent limit is lifted, the default of systemd included', () => {
    const infinity = '18446744073709551615';
    expect(limitProperties({}).map(([, , value]) => value)).toEqual(Array(5).fill(infinity));
  });

  test('are counted for the call', () => {
    expect(
      encodeProperties([
        ['Description', 's', 'a b'],
        ['MemoryAccounting', 'b', 'true'],
      ]),
    ).toEqual([...['2', 'Description', 's', 'a b', 'MemoryAccounting', 'b', 'true']]);
  });
});

describe('what the kernel has', () => {
  const limits = { cpuCores: 0.5, memoryMiB: 64, memoryHighMiB: 48, pids: 10 };
  const files: Record<string, string> = {
    'memory.max': '67108864\n',
    'memory.high': '50331648\n',
    'memory.swap.max': '0\n',
    'cpu.max': '50000 100000\n',
    'pids.max': '10\n',
  };
  const read =
    (changed: Record<string, string | null> = {}) =>
    (file: string): string | null =>
      file in changed ? (changed[file] ?? null) : (files[file] ?? null);

  test('is what was asked for', () => {
    expect(limitsHold(limits, read())).toBe(true);
  });

  test.each(Object.keys(files).filter((file) => file !== 'memory.swap.max'))('is not, without %s', (file) => {
    expect(limitsHold(limits, read({ [file]: null }))).toBe(false);
  });

  test.each([
    ['memory.max', 'max\n'],
    ['memory.high', 'max\n'],
    ['memory.swap.max', 'max\n'],
    ['cpu.max', '60000 100000\n'],
    ['cpu.max', 'max 100000\n'],
    ['pids.max', '11\n'],
  ])('is not, with %s at %j', (file, text) => {
    expect(limitsHold(limits, read({ [file]: text }))).toBe(false);
  });

  test('is the same share of a longer period', () => {
    expect(limitsHold({ ...limits, cpuCores: 0.01 }, read({ 'cpu.max': '10000 1000000\n' }))).toBe(true);
  });

  test('without limits, a controller that is not switched on is as good as its "max"', () => {
    expect(limitsHold({}, () => null)).toBe(true);
    expect(limitsHold({}, read())).toBe(false);
  });

  test('swap accounting may be missing', () => {
    expect(limitsHold(limits, read({ 'memory.swap.max': null }))).toBe(true);
  });
});
