import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identify, type ProcessIdentity, readBootId } from '../../../common/system/process-identity.ts';
import { createVerifier } from '../../../node/supervisor/verify.ts';
import { loadTestState } from '../../support/instance-on-disk.ts';

const NOW = 1_000_000;
const ports = { bootId: readBootId(), clock: () => NOW, procRoot: '/proc' };

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sgrid-verify-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function mustIdentify(pid: number): ProcessIdentity {
  const identity = identify(pid);
  if (identity === null) throw new Error(`there is no process ${pid}`);
  return identity;
}
/** They live for as long as this test. */
const program = mustIdentify(process.pid);
const shim = mustIdentify(process.ppid);
/** Beyond any pid: PID_MAX_LIMIT, proc_sys_kernel(5). */
const gone: ProcessIdentity = { ...program, pid: 2 ** 22 + 1 };

/** Eight looks, of which one goes by more than the pid. */
const looks = (found: Parameters<typeof loadTestState>[1], passing = {}): boolean[] => {
  const state = loadTestState(root, found);
  state.pass(passing);
  const isAsBelieved = createVerifier(state, ports);
  return Array.from({ length: 8 }, isAsBelieved);
};
const all = (value: boolean): boolean[] => Array.from({ length: 8 }, () => value);
const butOne = [false, ...all(true).slice(1)];

const running = { program, shim };
const stopping = { reason: 'operator', at: NOW } as const;
test.each([
  ['a program and its shim', { run: running }, all(true)],
  ['a program that is gone', { run: { ...running, program: gone } }, all(false)],
  [
    'a pid that is another program’s by now',
    { run: { ...running, program: { ...program, startTicks: '1' } } },
    butOne,
  ],
  ['a program of before a reboot', { run: { ...running, program: { ...program, bootId: 'x' } } }, butOne],
  ['a shim that is gone', { run: { ...running, shim: gone } }, butOne],
  ['a program that was not seen to start yet', { run: { ...running, program: null } }, all(false)],
  ['a stop that is under way', { run: { ...running, stopping } }, all(false)],
  ['a stop that has not begun', { run: running, assignment: { desired: 'stopped' } }, all(false)],
])('of a run: %s', (_what, found, expected) => {
  expect(looks(found)).toEqual(expected);
});

test.each([
  ['stopped, as it should be', { assignment: { desired: 'stopped' } }, true],
  ['stopped, and should run', {}, false],
  ['its pause is over', { rest: { state: 'backoff', nextStartAt: NOW } } as const, false],
  ['its pause is not over', { rest: { state: 'backoff', nextStartAt: NOW + 1 } } as const, true],
  [
    'its pause is over, and it should not run',
    { assignment: { desired: 'stopped' }, rest: { state: 'backoff', nextStartAt: NOW } } as const,
    true,
  ],
  ['it has ended well', { rest: { state: 'exited' } } as const, true],
])('at rest: %s', (_what, found, expected) => {
  expect(looks(found)).toEqual(all(expected));
});

test('what has its own time is not looked at, and a shim of which it was told is not missed again', () => {
  const unwell = { run: { ...running, program: gone } };
  expect(looks(unwell, { stuck: 'process 5 would not die' })).toEqual(all(true));
  expect(looks({}, { waiting: { reason: 'waiting for db', since: 1 } })).toEqual(all(true));
  expect(looks({ run: { ...running, shim: gone } }, { shimGone: 'its shim was killed' })).toEqual(all(true));
});
