import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { InstanceStatus } from '../../common/domain/instance.ts';
import { identify } from '../../common/system/process-identity.ts';
import { detectDriver } from '../../node/cgroup/detect.ts';
import { newAgentDir, removeAgentDir } from '../support/agent-process.ts';
import { until } from '../support/agent-shim.ts';
import {
  aliveOf,
  assignmentOf,
  makeDataDir,
  openTestSupervisor,
  startsOf,
  type TestSupervisor,
} from '../support/agent-supervisor.ts';

const hasV1 = await detectDriver({ driver: 'cgroupfs-v1', parent: 'self/sgrid-agent-probe' }).then(
  async (driver) => {
    await driver.tidy();
    return true;
  },
  () => false,
);

/** Answers 200 on its port, and 503 while there is a file `sick`. */
const SERVER = `#!${process.execPath}
const { appendFileSync, existsSync } = require('node:fs');
const data = process.env.SGRID_DATA_DIR;
appendFileSync(data + '/starts', process.pid + '\\n');
require('node:http').createServer((_, response) => {
  response.writeHead(existsSync(data + '/sick') ? 503 : 200).end();
}).listen(Number(process.env.SGRID_TARGET_PORT), process.env.SGRID_TARGET_HOST);
`;
/** Lives; whether it is well is said by files. */
const SLEEPER = '#!/bin/sh\necho "$$" >>"$SGRID_DATA_DIR/starts"\nexec sleep 600\n';

let stateDir: string;
let supervisor: TestSupervisor;
let driver: string;
const setUp = async (name: string): Promise<void> => {
  driver = name;
  stateDir = newAgentDir();
  supervisor = await openTestSupervisor(stateDir, { driver });
};
afterEach(async () => {
  await supervisor.close();
  await removeAgentDir(stateDir, driver);
});

const reopen = async (): Promise<void> => {
  await supervisor.close();
  supervisor = await openTestSupervisor(stateDir, { driver });
};
const statusWhen = (what: string, check: (status: InstanceStatus) => boolean, instanceId = 1) =>
  until(what, () => {
    const status = supervisor.status(instanceId);
    return status !== null && check(status) ? status : null;
  });
const healthIs = (state: string) => statusWhen(state, ({ health }) => health.state === state);
const events = () => supervisor.ports.events.peek(1000);
const kinds = (): string[] => events().map(({ kind }) => kind);
const sickFile = (): string => join(stateDir, 'instances/1/data/sick');
const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};
const quick = { intervalMs: 100, timeoutMs: 2000, failureThreshold: 2 };

describe('an HTTP check', () => {
  let port: number;
  beforeEach(async () => {
    await setUp('none');
    port = await freePort();
  });
  const wanted = (more = {}, health: Record<string, unknown> | null = {}, spec = {}) =>
    assignmentOf(
      { release: supervisor.offer({ 'main.sh': SERVER }), port, ...more },
      health === null ? spec : { health: { kind: 'http', path: '/', ...quick, ...health }, ...spec },
    );

  test('is beside the state: each change once, with its reason, and the program goes on', async () => {
    // It counts from when it first answers, however long a busy machine takes until then.
    const { pid } = await supervisor.apply(wanted({}, { startPeriodMs: 600_000 }));
    expect(await healthIs('healthy')).toMatchObject({ state: 'running', pid, health: { reason: '' } });
    writeFileSync(sickFile(), '');
    const sick = await healthIs('unhealthy');
    expect(sick).toMatchObject({ state: 'running', pid, restarts: 0 });
    expect(sick.health.reason).toContain('status 503');
    rmSync(sickFile());
    expect(await healthIs('healthy')).toMatchObject({ pid, health: { reason: '' } });
    expect(kinds()).toEqual([
      'instance.started',
      'instance.healthy',
      'instance.unhealthy',
      'instance.healthy',
    ]);
    expect(events()[2]?.message).toContain('status 503');
    const stopped = await supervisor.apply(wanted({ revision: 2, desired: 'stopped' }));
    expect(stopped.health).toEqual({ state: 'none', reason: '', since: null });
  });

  test('an agent that comes after knows it at once, tells it once, and goes on checking', async () => {
    await supervisor.apply(wanted({}, { startPeriodMs: 600_000 }));
    const before = await healthIs('healthy');
    await reopen();
    expect(supervisor.status(1)).toMatchObject({ adopted: true, health: before.health });
    await supervisor.close();
    writeFileSync(sickFile(), '');
    supervisor = await openTestSupervisor(stateDir, { driver });
    await healthIs('unhealthy');
    await reopen();
    expect(supervisor.status(1)?.health.state).toBe('unhealthy');
    rmSync(sickFile());
    await healthIs('healthy');
    const told = kinds().filter((kind) => kind.endsWith('healthy'));
    expect(told).toEqual(['instance.healthy', 'instance.unhealthy', 'instance.healthy']);
  });

  test('a start period that is over does not begin anew with the agent', async () => {
    makeDataDir(stateDir);
    writeFileSync(sickFile(), '');
    await supervisor.apply(wanted({}, { startPeriodMs: 600_000 }));
    await supervisor.close();
    const file = join(stateDir, 'instances/1/run.json');
    const record = JSON.parse(readFileSync(file, 'utf8'));
    expect(record.run.health).toBeNull();
    record.run.startedAt -= 600_000;
    writeFileSync(file, JSON.stringify(record));
    supervisor = await openTestSupervisor(stateDir, { driver });
    await healthIs('unhealthy');
  });

  test('failures in the start period do not count', async () => {
    makeDataDir(stateDir);
    writeFileSync(sickFile(), '');
    await supervisor.apply(wanted({}, { startPeriodMs: 600_000, failureThreshold: 1 }));
    const status = await statusWhen('a failure', ({ health }) => health.reason.includes('503'));
    expect(status.health.state).toBe('starting');
    rmSync(sickFile());
    await healthIs('healthy');
    expect(kinds()).not.toContain('instance.unhealthy');
  });

  test('changes live: none, then checked, then otherwise, then none; no restart', async () => {
    const { pid } = await supervisor.apply(wanted({}, null));
    expect(supervisor.status(1)?.health.state).toBe('none');
    await until('its start', () => startsOf(stateDir).length === 1);
    await supervisor.apply(wanted({ revision: 2 }));
    await healthIs('healthy');
    // What is healthy stays so while it is asked something else; 200 is not what is wanted now.
    const otherwise = await supervisor.apply(wanted({ revision: 3 }, { status: [418, 418] }));
    expect(otherwise.health.state).toBe('healthy');
    await healthIs('unhealthy');
    expect((await supervisor.apply(wanted({ revision: 4 }, null))).health.state).toBe('none');
    expect(supervisor.status(1)).toMatchObject({ pid, restarts: 0, state: 'running' });
    expect(startsOf(stateDir)).toEqual([pid]);
  });

  test('restart: an unhealthy program is stopped and started again, as a failure by its policy', async () => {
    const restart = { mode: 'on-failure', initialDelayMs: 1, stableAfterMs: 0 };
    const first = await supervisor.apply(wanted({}, { restart: true, startPeriodMs: 600_000 }, { restart }));
    await healthIs('healthy');
    writeFileSync(sickFile(), '');
    await statusWhen('the stop', ({ pid }) => pid !== first.pid);
    rmSync(sickFile());
    const second = await statusWhen(
      'another',
      (now) => now.state === 'running' && now.health.state === 'healthy',
    );
    expect(second.restarts).toBeGreaterThan(0);
    expect(second.lastExit).toMatchObject({ cause: 'stopped', signal: 'SIGTERM' });
    expect(kinds()).toEqual(
      expect.arrayContaining(['instance.unhealthy', 'instance.stopped', 'instance.backoff']),
    );
    expect(events().find(({ kind }) => kind === 'instance.backoff')?.message).toContain('unhealthy: GET / ');
    expect(aliveOf(stateDir)).toEqual([second.pid]);
  });

  test('restart: one that never gets well ends in a crash loop', async () => {
    makeDataDir(stateDir);
    writeFileSync(sickFile(), '');
    const restart = { initialDelayMs: 1, maxDelayMs: 2, maxFastDeaths: 2, stableAfterMs: 50 };
    await supervisor.apply(wanted({}, { restart: true }, { restart }));
    const looping = await statusWhen('a crash loop', ({ state }) => state === 'crash-loop');
    // On a busy machine it is given up before it even listens.
    expect(looping).toMatchObject({
      restarts: 1,
      pid: null,
      reason: expect.stringMatching(/^unhealthy: GET /),
    });
    // Nor has it come to its first line then, so what it says itself of its starts is no measure.
    expect(kinds().filter((kind) => kind === 'instance.started')).toHaveLength(2);
    expect(aliveOf(stateDir)).toEqual([]);
  });
});

for (const name of hasV1 ? ['none', 'cgroupfs-v1'] : ['none']) {
  describe(`a command with ${name}`, () => {
    beforeEach(() => setUp(name));
    const wanted = (command: string[], health = {}, more = {}) =>
      assignmentOf(
        { release: supervisor.offer({ 'main.sh': SLEEPER }), ...more },
        { env: { GREETING: 'hello' }, health: { kind: 'command', command, ...quick, ...health } },
      );
    const dataFile = (file: string): string => join(stateDir, 'instances/1/data', file);

    test('runs in the group, directory and environment of the program', async () => {
      const script =
        'cat /proc/self/cgroup >"$SGRID_DATA_DIR/group"; echo "$GREETING" >"$SGRID_DATA_DIR/word"; pwd >"$SGRID_DATA_DIR/cwd"';
      const { pid } = await supervisor.apply(wanted(['sh', '-c', script]));
      await healthIs('healthy');
      const groupOf = (file: string): string[] =>
        readFileSync(file, 'utf8')
          .split('\n')
          .filter((line) => line.includes('sgrid-agent-test'));
      expect(groupOf(dataFile('group'))).toEqual(groupOf(`/proc/${pid}/cgroup`));
      if (name === 'cgroupfs-v1') expect(groupOf(dataFile('group')).length).toBeGreaterThan(0);
      expect(readFileSync(dataFile('word'), 'utf8')).toBe('hello\n');
      expect(readFileSync(dataFile('cwd'), 'utf8')).toContain(join(stateDir, 'releases'));
    });

    test('its last line is the reason', async () => {
      await supervisor.apply(wanted(['sh', '-c', 'echo first; echo the database is gone >&2; exit 7']));
      const { health } = await healthIs('unhealthy');
      expect(health.reason).toBe('sh: exited with 7: the database is gone');
    });

    test('at its time-out, and when the program is stopped, all of it is ended', async () => {
      const script = 'setsid sleep 601 & echo "$! $$" >>"$SGRID_DATA_DIR/checks"; sleep 602';
      const checks = (): number[] =>
        existsSync(dataFile('checks'))
          ? readFileSync(dataFile('checks'), 'utf8').trim().split(/\s+/).map(Number)
          : [];
      const alive = (): number[] => checks().filter((pid) => identify(pid) !== null);
      const { pid } = await supervisor.apply(wanted(['sh', '-c', script], { timeoutMs: 100 }));
      const sick = await healthIs('unhealthy');
      expect(sick).toMatchObject({ pid, health: { reason: 'sh: no end within the time-out' } });
      await supervisor.apply(wanted(['sh', '-c', script], { timeoutMs: 600_000 }, { revision: 2 }));
      const before = checks().length;
      await until('a check that hangs', () => checks().length > before && alive().length > 0);
      const stopped = await supervisor.apply(
        wanted(['sh', '-c', script], { timeoutMs: 600_000 }, { revision: 3, desired: 'stopped' }),
      );
      expect(stopped.state).toBe('stopped');
      expect(alive()).toEqual([]);
      expect(readFileSync(join(stateDir, 'logs/1/stdout.log'), 'utf8')).not.toContain('left');
    });

    test('an agent that goes takes its check with it', async () => {
      const script = 'echo "$$" >>"$SGRID_DATA_DIR/checks"; sleep 603';
      await supervisor.apply(wanted(['sh', '-c', script], { timeoutMs: 600_000 }));
      const pid = await until(
        'a check',
        () => existsSync(dataFile('checks')) && Number(readFileSync(dataFile('checks'), 'utf8')),
      );
      await supervisor.close();
      expect(identify(pid)).toBeNull();
      expect(aliveOf(stateDir)).toHaveLength(1);
      supervisor = await openTestSupervisor(stateDir, { driver });
    });
  });
}
