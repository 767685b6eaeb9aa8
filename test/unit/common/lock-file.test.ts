import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireLock, readLockHolder } from '../../../common/system/lock-file.ts';
import { identify } from '../../../common/system/process-identity.ts';
import { killAfterTest } from '../../support/owned-process.ts';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-lock-'));
  file = join(directory, 'x.lock');
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

test('a second taker is refused with the holder’s pid, and gets it after the release', () => {
  const lock = acquireLock(file, 'the test');
  expect(readLockHolder(file)?.pid).toBe(process.pid);
  expect(() => acquireLock(file, 'the test')).toThrow(
    expect.objectContaining({ code: 'conflict', message: `the test is in use by process ${process.pid}` }),
  );
  lock.release();
  expect(existsSync(file)).toBe(false);
  acquireLock(file, 'the test').release();
  expect(readdirSync(directory)).toEqual([]);
});

test('the lock of a dead process is taken over', async () => {
  const child = killAfterTest(spawn('sleep', ['60']));
  const identity = identify(child.pid ?? 0);
  writeFileSync(file, JSON.stringify(identity));
  expect(() => acquireLock(file, 'the test')).toThrow(expect.objectContaining({ code: 'conflict' }));
  child.kill('SIGKILL');
  await once(child, 'exit');
  acquireLock(file, 'the test').release();
});

test('the lock of an earlier process with a pid that lives again is taken over', () => {
  writeFileSync(file, JSON.stringify({ ...identify(process.pid), startTicks: '1' }));
  acquireLock(file, 'the test').release();
});

test('a half-written lock is taken over', () => {
  writeFileSync(file, '{"pid":1');
  acquireLock(file, 'the test').release();
});

test('a directory that cannot be written is named', () => {
  expect(() => acquireLock(join(directory, 'missing', 'x.lock'), 'the test')).toThrow(/missing/);
});
