import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyWrites, checkLimits, limitWritesV1, limitWritesV2 } from '../../../node/cgroup/limits.ts';

const MIB = 1024 ** 2;
const lines = (writes: readonly { file: string; value: string }[]): string[] =>
  writes.map(({ file, value }) => `${file}=${value}`);

test('v2: limits, and no swap beside a memory limit', () => {
  const limits = { cpuCores: 1.5, memoryMiB: 64, memoryHighMiB: 48, pids: 10 };
  expect(lines(limitWritesV2(limits))).toEqual([
    `memory.max=${64 * MIB}`,
    `memory.high=${48 * MIB}`,
    'memory.swap.max=0',
    'cpu.max=150000 100000',
    'pids.max=10',
  ]);
});

test('an absent limit lifts the one before', () => {
  expect(lines(limitWritesV2({}))).toEqual([
    'memory.max=max',
    'memory.high=max',
    'memory.swap.max=max',
    'cpu.max=max 100000',
    'pids.max=max',
  ]);
  expect(lines(limitWritesV1({}, 64 * MIB))).toEqual([
    'memory.memsw.limit_in_bytes=-1',
    'memory.limit_in_bytes=-1',
    'cpu.cfs_period_us=100000',
    'cpu.cfs_quota_us=-1',
    'pids.max=max',
  ]);
});

test('v1: memory stays below memory and swap at every moment, raising and lowering', () => {
  const memoryFiles = (memoryMiB: number): string[] =>
    limitWritesV1({ memoryMiB }, 64 * MIB)
      .filter(({ controller }) => controller === 'memory')
      .map(({ file }) => file);
  expect(memoryFiles(128)).toEqual(['memory.memsw.limit_in_bytes', 'memory.limit_in_bytes']);
  expect(memoryFiles(32)).toEqual(['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes']);
});

test('the smallest CPU limit is the smallest quota that the kernel takes', () => {
  expect(lines(limitWritesV2({ cpuCores: 0.01 }))).toContain('cpu.max=1000 100000');
});

test('v1 has no mark of pressure: it sets what it sets without one', () => {
  expect(limitWritesV1({ memoryMiB: 64, memoryHighMiB: 32 }, null)).toEqual(
    limitWritesV1({ memoryMiB: 64 }, null),
  );
});

describe('limits beyond the machine', () => {
  const machine = { cpuCount: 2, memoryBytes: 100.9 * MIB, pidMax: 32_768 };

  test.each([
    {},
    { cpuCores: 2, memoryMiB: 100, memoryHighMiB: 99, pids: 32_768 },
    { cpuCores: 0.01, memoryMiB: 5, memoryHighMiB: 4, pids: 1 },
    { memoryHighMiB: 100 },
  ])('%j passes', (limits) => {
    checkLimits(limits, machine);
  });

  test.each([
    [{ cpuCores: 2.1 }, 'CPU limit of 2.1 cores', '0.01 to 2 cores'],
    [{ cpuCores: 0.001 }, 'CPU limit of 0.001 cores', '0.01 to 2 cores'],
    [{ memoryMiB: 101 }, 'memory limit of 101 MiB', '4 to 100 MiB'],
    [{ memoryMiB: 3 }, 'memory limit of 3 MiB', '4 to 100 MiB'],
    [{ memoryHighMiB: 101 }, 'memory pressure mark of 101 MiB', '4 to 100 MiB'],
    [{ memoryMiB: 64, memoryHighMiB: 64 }, 'memory pressure mark of 64 MiB', '4 to 63 MiB'],
    [{ pids: 32_769 }, 'process limit of 32769', '1 to 32768 processes and threads'],
    [{ pids: 0 }, 'process limit of 0', '1 to 32768 processes and threads'],
  ])('%j is refused with the range', (limits, what, range) => {
    const refusal = expect.objectContaining({ code: 'out_of_range', message: expect.stringContaining(what) });
    expect(() => checkLimits(limits, machine)).toThrow(refusal);
    expect(() => checkLimits(limits, machine)).toThrow(`allowed are ${range}`);
  });
});

describe('applyWrites', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sgrid-limits-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const at = (name: string): string => join(directory, name);

  test('one that fails takes those before it back', () => {
    writeFileSync(at('a'), '1\n');
    writeFileSync(at('b'), '1\n');
    expect(() =>
      applyWrites([
        { file: at('a'), value: '2' },
        { file: at('b'), value: '2' },
        { file: at('missing'), value: '2' },
      ]),
    ).toThrow(/missing/);
    expect([readFileSync(at('a'), 'utf8')[0], readFileSync(at('b'), 'utf8')[0]]).toEqual(['1', '1']);
  });

  test('an optional one that is missing is left out', () => {
    writeFileSync(at('a'), '1');
    applyWrites([
      { file: at('missing'), value: '2', optional: true },
      { file: at('a'), value: '2' },
    ]);
    expect(readFileSync(at('a'), 'utf8')).toBe('2');
  });
});
