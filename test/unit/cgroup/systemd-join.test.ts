import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { english } from '../../../common/domain/said.ts';
import { identify } from '../../../common/system/process-identity.ts';
import { explainNotStarted, readExit, readStarted } from '../../../node/process/records.ts';
import { noGroup, runShim, until } from '../../support/agent-shim.ts';

/** A start through a command that executes what follows it, as `systemd-run --scope … --` does: here `env`. */
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-join-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const via = (...execPrefix: string[]) => ({ ...noGroup, execPrefix });

describe.each(['dash', 'bash'].filter((name) => existsSync(`/usr/bin/${name}`)))('%s', (name) => {
  const shell = `/usr/bin/${name}`;

  test('the process that was recorded is the program, and goes on under its shim', async () => {
    const run = runShim(directory, ['/bin/sleep', '60'], {
      shell,
      group: via('/usr/bin/env', '--', 'MOVED=yes'),
    });
    const { program, shim } = await until('the started record', () => readStarted(run.record));
    const proc = (file: string): string => readFileSync(`/proc/${program.pid}/${file}`, 'utf8');
    try {
      // The kernel gives a program its name a moment before its environment.
      await until('the program', () => proc('comm') === 'sleep\n' && proc('environ') !== '');
      expect(identify(program.pid)?.startTicks).toBe(program.startTicks);
      expect(shim).toEqual({ pid: run.shimPid, startTicks: identify(run.shimPid)?.startTicks });
      const environment = proc('environ').split('\0');
      expect(environment).toContain('MOVED=yes');
      expect(environment).toContain('SGRID_INSTANCE_KEY=sgrid-test-7');
      expect(environment.filter((entry) => entry.startsWith('SGRID_SHIM'))).toEqual([]);
    } finally {
      process.kill(program.pid, 'SIGKILL');
      await run.ended;
    }
    expect(readExit(run.record)).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  test('arguments arrive as they are', async () => {
    const odd = ['a b', '--', '--via', '$HOME', '', '\'"\\', 'é\n'];
    const run = runShim(directory, ['/usr/bin/printf', '[%s]', ...odd], {
      shell,
      group: via('/usr/bin/env', '--'),
    });
    await run.ended;
    expect(run.log()).toBe(odd.map((text) => `[${text}]`).join(''));
  });

  const failing = (script: string) => via('/bin/sh', '-c', script, '--');
  const reasonOf = (record: string): string => {
    const exit = readExit(record);
    return exit === null ? 'no exit' : english(explainNotStarted(record, exit));
  };

  test('a command that fails is a failed start with its own words: nothing ran, nothing is in the log', async () => {
    const group = failing('echo "Failed to start transient scope unit: Access denied" >&2; exit 1');
    const run = runShim(directory, ['/bin/echo', 'it ran'], { shell, group });
    await run.ended;
    expect(readStarted(run.record)).toBeNull();
    expect(readExit(run.record)).toMatchObject({ code: 1 });
    expect(reasonOf(run.record)).toBe(
      'its process never became the program: Failed to start transient scope unit: Access denied',
    );
    expect(run.log()).toBe('');
  });

  test.each([
    ['that is killed', failing('kill -9 $$'), 'its process ended with SIGKILL before it became the program'],
    ['that says nothing', failing('exit 3'), 'its process ended with 3 before it became the program'],
    ['that is not there', via('/no/such/systemd-run', '--'), '/no/such/systemd-run'],
  ])('a command %s is a failed start', async (_, group, reason) => {
    const run = runShim(directory, ['/bin/echo', 'it ran'], { shell, group });
    await run.ended;
    expect(readStarted(run.record)).toBeNull();
    expect(reasonOf(run.record)).toContain(reason);
    expect(run.log()).toBe('');
  });

  test('a command that complains and goes on loses no start, and the program has its stderr in the log', async () => {
    const group = failing(`printf '%0500d\\n' 0 >&2; exec "$@"`);
    const run = runShim(directory, ['/bin/sh', '-c', 'echo out; echo err >&2; exit 4'], { shell, group });
    await run.ended;
    expect(readStarted(run.record)).not.toBeNull();
    expect(readExit(run.record)).toMatchObject({ code: 4 });
    expect(run.log()).toBe('out\nerr\n');
  });

  test('a program that ends with 1 was started all the same', async () => {
    const run = runShim(directory, ['/bin/sh', '-c', 'exit 1'], { shell, group: via('/usr/bin/env', '--') });
    await run.ended;
    expect(readStarted(run.record)).not.toBeNull();
    expect(readExit(run.record)).toMatchObject({ code: 1, signal: null });
  });
});
