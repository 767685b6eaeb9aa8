import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identify, type ProcessIdentity, readBootId } from '../../../common/system/process-identity.ts';
import { readStarted } from '../../../node/process/records.ts';
import { findShims } from '../../../node/process/shims.ts';
import { type ObserveDeps, observeRun } from '../../../node/supervisor/observe.ts';
import type { Run } from '../../../node/supervisor/record.ts';
import { noGroup, runShim, until } from '../../support/agent-shim.ts';
import { inEnglish } from '../../support/in-english.ts';

let directory: string;
const bootId = readBootId();
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-observe-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const run = (runId: string, more: Partial<Run> = {}): Run => ({
  number: 1,
  runId,
  intentAt: 1,
  bootId,
  launchKey: '',
  restartGeneration: 0,
  byPolicy: false,
  release: { releaseId: 1, version: '1', sha256: '', sizeBytes: 0 },
  oomKillsBefore: null,
  program: null,
  shim: null,
  startedAt: null,
  stopping: null,
  health: null,
  ...more,
});
const deps = (more: Partial<ObserveDeps> = {}): ObserveDeps => ({
  bootId,
  procRoot: '/proc',
  findShims: () => findShims(),
  pids: async () => [],
  ...more,
});
const noShims = (): Map<string, ProcessIdentity> => new Map();

test('a shim that has not come to its program is found by its run id, so that no second one is started', async () => {
  // Opening a fifo blocks until it is read: the program stands before its cgroup.
  const gate = join(directory, 'gate');
  spawnSync('mkfifo', [gate]);
  const shim = runShim(directory, ['/bin/sleep', '60'], {
    runId: '1-slow',
    group: { ...noGroup, procsFiles: [gate] },
  });
  try {
    await until('the shim', () => findShims().has('1-slow'));
    expect(await observeRun(run('1-slow'), shim.record, 'unknown', deps())).toEqual({ kind: 'pending' });
    expect(await observeRun(run('1-slow'), shim.record, 'alive', deps({ findShims: noShims }))).toEqual({
      kind: 'pending',
    });
  } catch (error) {
    process.kill(shim.shimPid, 'SIGKILL');
    throw error;
  }
  const reader = openSync(gate, 'r');
  const started = await until('its start', () => readStarted(shim.record));
  closeSync(reader);
  expect(await observeRun(run('1-slow'), shim.record, 'unknown', deps())).toMatchObject({
    kind: 'alive',
    program: { pid: started.program.pid },
    startedAt: started.startedAt,
  });
  process.kill(started.program.pid, 'SIGKILL');
  await shim.ended;
  expect(await observeRun(run('1-slow'), shim.record, 'over', deps())).toMatchObject({
    kind: 'ended',
    code: null,
    signal: 'SIGKILL',
    startedAt: started.startedAt,
  });
});

test('nothing spawned, nothing there: as if never tried; by this agent: a failed start', async () => {
  const record = join(directory, '7.1-none');
  expect(await observeRun(run('1-none'), record, 'unknown', deps())).toEqual({ kind: 'never-spawned' });
  expect(await observeRun(run('1-none'), record, 'over', deps())).toMatchObject({ kind: 'not-started' });
});

test('no shim and no record but somebody in the group: in doubt', async () => {
  const record = join(directory, '7.1-doubt');
  const seen = await observeRun(run('1-doubt'), record, 'unknown', deps({ pids: async () => [4711] }));
  expect(inEnglish(seen)).toMatchObject({ kind: 'in-doubt', reason: expect.stringContaining('4711') });
});

test('another program with the pid, or another boot, is not ours', async () => {
  const self = identify(process.pid);
  if (self === null) throw new Error('no /proc');
  const record = join(directory, '7.1-old');
  const earlier = { ...self, startTicks: '1' };
  expect(
    await observeRun(
      run('1-old', { program: earlier, shim: earlier, startedAt: 5 }),
      record,
      'unknown',
      deps(),
    ),
  ).toMatchObject({ kind: 'lost', rebooted: false, startedAt: 5 });
  expect(
    await observeRun(run('1-old', { program: self, shim: self, bootId: 'other' }), record, 'unknown', deps()),
  ).toMatchObject({ kind: 'lost', rebooted: true });
});

test('an agent that can open no file takes no program for gone, and none for never started', async () => {
  const child = fileURLToPath(new URL('../../support/agent-no-files-child.ts', import.meta.url));
  const looks = (of: Run, record: string): unknown => {
    const command = ['-c', 'ulimit -n 64 && exec "$0" "$@"', process.execPath, child];
    const { stdout, stderr } = spawnSync('sh', [...command, JSON.stringify({ run: of, record })], {
      encoding: 'utf8',
    });
    return stdout === '' ? stderr : JSON.parse(stdout);
  };
  const shim = runShim(directory, ['/bin/sleep', '60'], { runId: '1-full' });
  const started = await until('its start', () => readStarted(shim.record));
  const known = run('1-full', {
    program: { ...started.program, bootId },
    shim: { ...started.shim, bootId },
  });
  try {
    expect(looks(known, shim.record)).toEqual(['EMFILE', 'alive']);
    expect(looks(run('1-full'), shim.record)).toEqual(['EMFILE', 'alive']);
    expect(looks(run('1-full'), join(directory, 'elsewhere'))).toEqual(['EMFILE', 'pending']);
  } finally {
    process.kill(started.program.pid, 'SIGKILL');
    await shim.ended;
  }
  expect(looks(known, shim.record)).toEqual(['EMFILE', 'ended']);
});

test('a run whose record of its end cannot be read has not been lost', async () => {
  const record = join(directory, '7.1-shut');
  mkdirSync(`${record}.exit`);
  const gone = { pid: 2 ** 22 + 1, startTicks: '1', bootId };
  const looked = observeRun(run('1-shut', { program: gone, shim: gone }), record, 'unknown', deps());
  await expect(looked).rejects.toThrow('is a directory');
  rmSync(`${record}.exit`, { recursive: true });
  const look = observeRun(run('1-shut', { program: gone, shim: gone }), record, 'unknown', deps());
  expect((await look).kind).toBe('lost');
});
