import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRunObserver, type ObserverPorts } from '../../../node/supervisor/run-observer.ts';
import { loadTestState } from '../../support/instance-on-disk.ts';

let root: string;
let nowMs: number;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sgrid-observer-'));
  nowMs = 0;
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const ports: ObserverPorts = {
  bootId: 'boot',
  procRoot: '/proc',
  findShims: () => new Map(),
  monotonic: () => nowMs,
  driver: { pids: async () => [] },
};
const nothing = (): void => {};
const awake = { sleep: async () => {} };

test('a shim of this agent is at work until it is over, and then its silence is a start that failed', async () => {
  const shim = Promise.withResolvers<void>();
  let ends = 0;
  const observer = createRunObserver(loadTestState(root, { run: {} }), ports, awake, () => {
    ends += 1;
  });
  observer.noteSpawned('1-a', { ended: shim.promise });
  expect(await observer.look()).toEqual({ kind: 'pending' });
  expect(ends).toBe(0);
  shim.resolve();
  await shim.promise;
  expect(ends).toBe(1);
  expect(await observer.look()).toMatchObject({ kind: 'not-started' });
});

test('of the shim of another run nothing is concluded, and where there is no run there is nothing to see', async () => {
  const observer = createRunObserver(loadTestState(root, { run: {} }), ports, awake, nothing);
  observer.noteSpawned('2-b', { ended: new Promise(nothing) });
  expect(await observer.look()).toEqual({ kind: 'never-spawned' });
  expect(await createRunObserver(loadTestState(root), ports, awake, nothing).look()).toBeNull();
});

test('a record is waited for, and no longer than 10 s by a clock that nobody sets', async () => {
  const shim = Promise.withResolvers<void>();
  let sleeps = 0;
  const sleep = async (maxMs: number): Promise<void> => {
    sleeps += 1;
    nowMs += maxMs;
    if (sleeps === 13) shim.resolve();
  };
  const observer = createRunObserver(loadTestState(root, { run: {} }), ports, { sleep }, nothing);
  observer.noteSpawned('1-a', { ended: shim.promise });
  expect(await observer.recordComes()).toBe(false);
  expect(sleeps).toBe(10);
  expect(await observer.recordComes()).toBe(true);
  expect(sleeps).toBe(13);
});
