import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findMarked } from '../../../node/cgroup/marked-processes.ts';

/** A /proc in which one can stop the time; real processes are in the contract suite. */
let procRoot: string;
beforeEach(() => {
  procRoot = mkdtempSync(join(tmpdir(), 'sgrid-proc-'));
});
afterEach(() => rmSync(procRoot, { recursive: true }));

const MARK = 'KEY=web-1';
interface Shape {
  parent?: number;
  state?: string;
  environ?: string;
  vsize?: number;
  envStart?: number;
  envEnd?: number;
}

function put(pid: number, shape: Shape): void {
  const { parent = 1, state = 'S', environ = '', vsize = 4096, envStart = 70, envEnd = 99 } = shape;
  const fields = Array.from({ length: 50 }, () => '0');
  Object.assign(fields, { 0: state, 1: parent, 19: 5000, 20: vsize, 47: envStart, 48: envEnd });
  mkdirSync(join(procRoot, String(pid)), { recursive: true });
  writeFileSync(join(procRoot, String(pid), 'stat'), `${pid} (a) b) ${fields.join(' ')}\n`);
  writeFileSync(join(procRoot, String(pid), 'environ'), environ);
}
const MID_EXEC: Shape = { envStart: 0, envEnd: 0 };

test('whole entries only, wherever they stand, and descendants of those', async () => {
  put(10, { environ: `A=1\0${MARK}\0` });
  put(11, { environ: `${MARK}\0B=2\0` });
  put(12, { environ: `${MARK}0\0` });
  put(13, { environ: `X${MARK}\0` });
  put(20, { parent: 11, environ: 'emptied=1\0' });
  put(21, { parent: 20, environ: '', envStart: 99, envEnd: 99 });
  put(30, { parent: 12, environ: '' });
  mkdirSync(join(procRoot, 'sys'));
  expect(await findMarked(MARK, procRoot)).toEqual([10, 11, 20, 21]);
});

test('zombies are nobody', async () => {
  put(10, { environ: `${MARK}\0`, state: 'Z' });
  expect(await findMarked(MARK, procRoot)).toEqual([]);
});

test('a process in the middle of execve is waited for before the answer is nobody', async () => {
  put(10, MID_EXEC);
  const answer = findMarked(MARK, procRoot);
  put(10, { environ: `${MARK}\0` });
  expect(await answer).toEqual([10]);
});

test('so is one that ended its execve between the two reads', async () => {
  put(10, { environ: '' });
  const answer = findMarked(MARK, procRoot);
  put(10, { environ: `${MARK}\0` });
  expect(await answer).toEqual([10]);
});

test.each([
  ['a kernel thread', { vsize: 0, envStart: 0, envEnd: 0 }],
  ['an environment that is empty', { envStart: 99, envEnd: 99 }],
])('%s is not waited for', async (_, shape) => {
  put(10, shape);
  const answer = findMarked(MARK, procRoot);
  put(10, { environ: `${MARK}\0` });
  expect(await answer).toEqual([]);
});

test('one that stays in doubt for ever does not hold the answer up for ever', async () => {
  put(10, MID_EXEC);
  expect(await findMarked(MARK, procRoot)).toEqual([]);
});
