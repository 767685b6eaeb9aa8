import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { identify, isAlive, parseProcStat, signalProcess } from '../../../common/system/process-identity.ts';
import { findShims } from '../../../node/process/shims.ts';

test('a command name with spaces and parentheses does not shift the fields', () => {
  const text = `42 (a) b (c) S 7 42 9 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654321 1 1 18446744073709551615 ${'0 '.repeat(27)}`;
  expect(parseProcStat(text)).toEqual({
    pid: 42,
    state: 'S',
    parentPid: 7,
    sessionId: 9,
    startTicks: '987654321',
  });
  expect(parseProcStat('garbage')).toBeNull();
});

test('another start time or boot with the same pid is another process, and gets no signal', async () => {
  const child = spawn('sleep', ['60']);
  try {
    const identity = identify(child.pid ?? 0);
    if (identity === null) throw new Error('not running');
    expect(isAlive(identity)).toBe(true);
    for (const other of [
      { ...identity, startTicks: '1' },
      { ...identity, bootId: 'other' },
    ]) {
      expect(isAlive(other)).toBe(false);
      expect(signalProcess(other, 'SIGKILL')).toBe(false);
    }
    expect(isAlive(identity)).toBe(true);
    const exited = once(child, 'exit');
    expect(signalProcess(identity, 'SIGTERM')).toBe(true);
    await exited;
    expect(signalProcess(identity, 'SIGTERM')).toBe(false);
  } finally {
    child.kill('SIGKILL');
  }
});

test('a process that cannot be looked at is not taken for gone; one that is not there is', () => {
  const procRoot = mkdtempSync(join(tmpdir(), 'sgrid-proc-'));
  try {
    // Opens, and cannot be read, as any file when memory or file descriptors are out.
    mkdirSync(join(procRoot, '12', 'stat'), { recursive: true });
    mkdirSync(join(procRoot, '13', 'cmdline'), { recursive: true });
    const identity = { pid: 12, startTicks: '1', bootId: 'b' };
    expect(() => isAlive(identity, procRoot)).toThrow('EISDIR');
    expect(() => signalProcess(identity, 'SIGTERM', procRoot)).toThrow('EISDIR');
    expect(isAlive({ ...identity, pid: 14 }, procRoot)).toBe(false);
    expect(() => findShims(procRoot)).toThrow('EISDIR');
    rmSync(join(procRoot, '13'), { recursive: true });
    expect(findShims(procRoot).size).toBe(0);
  } finally {
    rmSync(procRoot, { recursive: true, force: true });
  }
});
