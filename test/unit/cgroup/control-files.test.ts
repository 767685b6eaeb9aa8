import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createSmallFileReader,
  describePids,
  flatKeyed,
  parseNumber,
  readMembers,
  walkGroups,
} from '../../../node/cgroup/control-files.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-control-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a flat keyed file is read by whole keys', () => {
  const text = 'oom 3\noom_kill 2\nmax 18446744073709551615\nbad x\n';
  expect(flatKeyed(text, 'oom')).toBe(3);
  expect(flatKeyed(text, 'oom_kill')).toBe(2);
  expect(flatKeyed(text, 'kill')).toBeNull();
  expect(flatKeyed(text, 'bad')).toBeNull();
  expect(flatKeyed(null, 'oom')).toBeNull();
});

test('a number file may say max or be gone', () => {
  expect([
    parseNumber('42\n'),
    parseNumber('0'),
    parseNumber('max\n'),
    parseNumber(''),
    parseNumber(null),
  ]).toEqual([42, 0, null, null, null]);
});

test('a small-file reader keeps nothing of the file before', () => {
  const read = createSmallFileReader();
  writeFileSync(join(directory, 'long'), 'x'.repeat(100));
  writeFileSync(join(directory, 'short'), '7\n');
  expect(read(directory, 'long')).toHaveLength(100);
  expect(read(directory, 'short')).toBe('7\n');
  expect(read(directory, 'none')).toBeNull();
});

test('groups are walked deepest first, and members of all of them are counted once', () => {
  mkdirSync(join(directory, 'g/a/b'), { recursive: true });
  writeFileSync(join(directory, 'g/cgroup.procs'), '30\n0\n4\n');
  writeFileSync(join(directory, 'g/a/b/cgroup.procs'), '4\n12\n');
  expect(walkGroups(join(directory, 'g'))).toEqual([
    join(directory, 'g/a/b'),
    join(directory, 'g/a'),
    join(directory, 'g'),
  ]);
  expect(readMembers([join(directory, 'g'), join(directory, 'gone')])).toEqual([4, 12, 30]);
});

test('pids are named, the many are counted', () => {
  expect(describePids([7])).toBe('pid 7');
  expect(describePids(Array.from({ length: 12 }, (_, i) => i + 1))).toBe(
    'pids 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more',
  );
});
