import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPressureReader } from '../../../node/cgroup/pressure-files.ts';
import { NO_PRESSURE } from '../../../node/stats/pressure.ts';

let procRoot: string;
let percent: string;
let reads: string[];
let nowMs: number;
const open = () =>
  createPressureReader(
    (directory, name) => {
      reads.push(`${directory}/${name}`);
      return `some avg10=${percent} avg60=0.00 avg300=0.00 total=0\n`;
    },
    procRoot,
    () => nowMs,
  );

beforeEach(() => {
  procRoot = mkdtempSync(join(tmpdir(), 'sgrid-pressure-'));
  percent = '1.00';
  reads = [];
  nowMs = 0;
});
afterEach(() => rmSync(procRoot, { recursive: true }));

test('each group is read every other second, and by itself', () => {
  mkdirSync(join(procRoot, 'pressure'));
  const pressureOf = open();
  expect(pressureOf('/g/1')).toEqual({ cpu: 10, memory: 10, io: 10 });
  expect(reads).toEqual(['/g/1/cpu.pressure', '/g/1/memory.pressure', '/g/1/io.pressure']);
  percent = '2.00';
  nowMs = 1_000;
  expect(pressureOf('/g/1').cpu).toBe(10);
  expect(pressureOf('/g/2').cpu).toBe(20);
  nowMs = 2_000;
  expect(pressureOf('/g/1').cpu).toBe(20);
});

test('a kernel without pressure is not asked for that of groups', () => {
  expect(open()('/g/1')).toEqual(NO_PRESSURE);
  expect(reads).toEqual([]);
});
