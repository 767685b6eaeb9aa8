import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { InstanceStatus } from '../../common/domain/instance.ts';
import type { Limits } from '../../common/domain/service.ts';
import { identify } from '../../common/system/process-identity.ts';
import { detectDriver } from '../../node/cgroup/detect.ts';
import { findShims } from '../../node/process/shims.ts';
import { newAgentDir, removeAgentDir } from '../support/agent-process.ts';
import { until } from '../support/agent-shim.ts';
import {
  aliveOf,
  assignmentOf,
  openTestSupervisor,
  standardRelease,
  startsOf,
  type TestSupervisor,
  withFailingKill,
} from '../support/agent-supervisor.ts';

const hasV1 = await detectDriver({ driver: 'cgroupfs-v1', parent: 'self/sgrid-agent-probe' }).then(
  async (driver) => {
    await driver.tidy();
    return true;
  },
  () => false,
);

for (const driver of hasV1 ? ['none', 'cgroupfs-v1'] : ['none']) {
  describe(`with ${driver}`, () => {
    let stateDir: string;
    let supervisor: TestSupervisor;
    beforeEach(async () => {
      stateDir = newAgentDir();
      supervisor = await openTestSupervisor(stateDir, { driver });
    });
    afterEach(async () => {
      await supervisor.close();
      await removeAgentDir(stateDir, driver);
    });

    const reopen = async (): Promise<void> => {
      await supervisor.close();
      supervisor = await openTestSupervisor(stateDir, { driver });
    };
    const statusWhen = (what: string, check: (status: InstanceStatus) => boolean): Promise<InstanceStatus> =>
      until(what, () => {
        const status = supervisor.status(1);
        return status !== null && check(status) ? status : null;
      });
    const kinds = (): string[] => supervisor.ports.events.peek(1000).map(({ kind }) => kind);
    const endWith = async (pid: number, status: number): Promise<void> => {
      const fifo = join(stateDir, 'instances/1/data', `fifo.${pid}`);
      await until('the fifo', () => existsSync(fifo));
      writeFileSync(fifo, `${status}\n`);
    };

    test('starts once, and the same or an older revision changes nothing', async () => {
      const status = await supervisor.apply(assignmentOf({ revision: 5 }));
      expect(status).toMatchObject({ state: 'running', revision: 5, adopted: false, restarts: 0 });
      await supervisor.apply(assignmentOf({ revision: 5, restartGeneration: 9 }));
      await supervisor.apply(assignmentOf({ revision: 4, desired: 'stopped' }));
      expect(supervisor.status(1)).toEqual(status);
      await until('its start', () => startsOf(stateDir).length > 0);
      expect(startsOf(stateDir)).toEqual([status.pid]);
    });

    test('a stop that failed, since nothing could be opened, is gone on with at the next look', async () => {
      await supervisor.close();
      let failures = 1;
      supervisor = await openTestSupervisor(stateDir, {
        driver,
        ports: withFailingKill(() =>
          failures-- > 0 ? Object.assign(new Error('too many open files'), { code: 'EMFILE' }) : null,
        ),
      });
      await supervisor.apply(assignmentOf({}, { graceMs: 0 }));
      const stop = assignmentOf({ revision: 2, desired: 'stopped' }, { graceMs: 0 });
      await expect(supervisor.apply(stop)).rejects.toThrow('too many open files');
      expect(supervisor.status(1)?.state).toBe('stopping');
      supervisor.verify();
      await statusWhen('its stop', ({ state }) => state === 'stopped');
      expect(aliveOf(stateDir)).toEqual([]);
    });

    test('an instance that is removed while its release is on the way does not come back', async () => {
      await supervisor.close();
      const asked = Promise.withResolvers<void>();
      const gate = Promise.withResolvers<void>();
      supervisor = await openTestSupervisor(stateDir, {
        driver,
        ports: (real) => ({
          ...real,
          releaseStore: {
            ...real.releaseStore,
            async prepare(...release) {
              asked.resolve();
              await gate.promise;
              return real.releaseStore.prepare(...release);
            },
          },
        }),
      });
      const refused = expect(supervisor.apply(assignmentOf())).rejects.toMatchObject({ code: 'cancelled' });
      await asked.promise;
      await supervisor.remove(1);
      gate.resolve();
      await refused;
      await reopen();
      expect(supervisor.statuses()).toEqual([]);
    });

    test('an exit is recorded truly and restarted once; the shim and its records are gone', async () => {
      const { pid } = await supervisor.apply(assignmentOf());
      await endWith(pid ?? 0, 137);
      const next = await statusWhen('the next run', (now) => now.state === 'running' && now.pid !== pid);
      expect(next).toMatchObject({
        restarts: 1,
        lastExit: { code: 137, signal: null, cause: 'exited', oomKilled: false },
      });
      await until('its start', () => startsOf(stateDir).length === 2);
      expect(aliveOf(stateDir)).toEqual([next.pid]);
      expect(kinds()).toEqual([
        'instance.started',
        'instance.exited',
        'instance.backoff',
        'instance.started',
      ]);
      expect(readdirSync(join(stateDir, 'runs')).every((name) => name.startsWith('1.2-'))).toBe(true);
    });

    test('an end without an agent: the true status, decided once', async () => {
      const { pid } = await supervisor.apply(assignmentOf());
      await supervisor.close();
      await endWith(pid ?? 0, 42);
      await until('its end', () => identify(pid ?? 0) === null);
      supervisor = await openTestSupervisor(stateDir, { driver });
      const next = await statusWhen('the next run', (now) => now.state === 'running' && now.pid !== pid);
      expect(next).toMatchObject({ restarts: 1, adopted: false, lastExit: { code: 42 } });
      await reopen();
      expect(supervisor.status(1)).toMatchObject({ adopted: true, restarts: 1, pid: next.pid });
      expect(kinds().filter((kind) => kind === 'instance.exited')).toHaveLength(1);
    });

    test('a shim that was killed: lost, what is left of it ended, then restarted once', async () => {
      const { pid } = await supervisor.apply(assignmentOf());
      await until('its first start', () => startsOf(stateDir).length === 1);
      const shim = findShims().get(readRun().run.runId);
      expect(shim?.pid).toBe(readRun().run.shim.pid);
      process.kill(shim?.pid ?? 0, 'SIGKILL');
      process.kill(pid ?? 0, 'SIGKILL');
      await until('their end', () => identify(shim?.pid ?? 0) === null && identify(pid ?? 0) === null);
      supervisor.verify();
      const next = await statusWhen('the next run', (now) => now.state === 'running' && now.pid !== pid);
      expect(next.lastExit).toMatchObject({ code: null, signal: null, cause: 'lost' });
      await until('its start', () => startsOf(stateDir).length === 2);
    });

    const readRun = () => JSON.parse(readFileSync(join(stateDir, 'instances/1/run.json'), 'utf8'));

    test('a shim that was killed while its program lives: the program stays, and is still supervised', async () => {
      const { pid } = await supervisor.apply(assignmentOf());
      process.kill(readRun().run.shim.pid, 'SIGKILL');
      await reopen();
      expect(supervisor.status(1)).toMatchObject({ state: 'running', adopted: true, pid });
      process.kill(pid ?? 0, 'SIGKILL');
      await until('the end', () => aliveOf(stateDir).length === 0);
      supervisor.verify();
      await statusWhen('the next run', (now) => now.state === 'running' && now.pid !== pid);
    });

    test('another boot: nothing is adopted, nothing is signalled, what should run is started', async () => {
      const { pid } = await supervisor.apply(assignmentOf());
      await supervisor.close();
      const record = readRun();
      // A machine that goes down takes the shim first, so to speak: nobody records anything.
      process.kill(record.run.shim.pid, 'SIGKILL');
      await until('its end', () => identify(record.run.shim.pid) === null);
      process.kill(pid ?? 0, 'SIGKILL');
      await until('the end', () => identify(pid ?? 0) === null);
      rmSync(join(stateDir, 'runs'), { recursive: true });
      for (const part of [record.run, record.run.program, record.run.shim]) part.bootId = 'another-boot';
      writeFileSync(join(stateDir, 'instances/1/run.json'), JSON.stringify(record));
      supervisor = await openTestSupervisor(stateDir, { driver });
      const next = await statusWhen('the next run', ({ state }) => state === 'running');
      expect(next).toMatchObject({ adopted: false, restarts: 0, lastExit: { cause: 'lost' } });
    });

    test('a record that cannot be read: unknown, never a second copy, and told what to do', async () => {
      const { pid } = await supervisor.apply(assignmentOf());
      await until('its start', () => startsOf(stateDir).length === 1);
      await supervisor.close();
      const record = readFileSync(join(stateDir, 'instances/1/run.json'), 'utf8');
      writeFileSync(join(stateDir, 'instances/1/run.json'), record.slice(0, 30));
      supervisor = await openTestSupervisor(stateDir, { driver });
      expect(supervisor.status(1)).toMatchObject({
        state: 'unknown',
        reason: expect.stringContaining('run.json'),
      });
      for (const more of [{ restartGeneration: 1 }, { desired: 'stopped' }]) {
        await expect(supervisor.apply(assignmentOf({ revision: 2, ...more }))).rejects.toMatchObject({
          code: 'identity_in_doubt',
          hint: expect.stringMatching(/sgrid resolve 1 .*run\.json/),
        });
      }
      await expect(supervisor.remove(1)).rejects.toMatchObject({ code: 'identity_in_doubt' });
      supervisor.verify();
      expect(aliveOf(stateDir)).toEqual([pid]);
      writeFileSync(join(stateDir, 'instances/1/run.json'), record);
      await reopen();
      expect(supervisor.status(1)).toMatchObject({ state: 'running', pid });
    });

    test('no record but processes in its group: unknown', async () => {
      const { pid } = await supervisor.apply(assignmentOf());
      await until('its start', () => startsOf(stateDir).length === 1);
      await supervisor.close();
      const record = readFileSync(join(stateDir, 'instances/1/run.json'), 'utf8');
      rmSync(join(stateDir, 'instances/1/run.json'));
      supervisor = await openTestSupervisor(stateDir, { driver });
      expect(supervisor.status(1)).toMatchObject({
        state: 'unknown',
        reason: expect.stringContaining(String(pid)),
      });
      expect(aliveOf(stateDir)).toEqual([pid]);
      writeFileSync(join(stateDir, 'instances/1/run.json'), record);
    });

    test('stop: politely first, then all of it, also children in a session of their own', async () => {
      const script = `#!/bin/sh
trap 'echo told >>"$SGRID_DATA_DIR/told"' TERM
echo "$$" >>"$SGRID_DATA_DIR/starts"
setsid sh -c 'trap "" TERM; echo "$$" >>"$SGRID_DATA_DIR/starts"; while :; do sleep 1; done' &
while :; do sleep 1; done
`;
      const wanted = { release: supervisor.offer({ 'main.sh': script }) };
      await supervisor.apply(assignmentOf(wanted, { graceMs: 50 }));
      await until('both', () => startsOf(stateDir).length === 2);
      const stopped = await supervisor.apply(
        assignmentOf({ ...wanted, revision: 2, desired: 'stopped' }, { graceMs: 50 }),
      );
      expect(stopped).toMatchObject({
        state: 'stopped',
        pid: null,
        lastExit: { signal: 'SIGKILL', cause: 'stopped' },
      });
      expect(aliveOf(stateDir)).toEqual([]);
      await reopen();
      expect(supervisor.status(1)).toMatchObject({ state: 'stopped' });
      expect(startsOf(stateDir)).toHaveLength(2);
    });

    test('children left behind by an exit are ended before the next start', async () => {
      const script = `#!/bin/sh
echo "$$" >>"$SGRID_DATA_DIR/starts"
[ -e "$SGRID_DATA_DIR/once" ] && exec sleep 60
: >"$SGRID_DATA_DIR/once"
setsid sleep 61 &
echo "$!" >>"$SGRID_DATA_DIR/starts"
exit 0
`;
      await supervisor.apply(assignmentOf({ release: supervisor.offer({ 'main.sh': script }) }));
      const next = await statusWhen('the next run', (now) => now.state === 'running' && now.restarts === 1);
      await until('its start', () => startsOf(stateDir).length === 3);
      expect(aliveOf(stateDir)).toEqual([next.pid]);
      expect(readFileSync(join(stateDir, 'logs/1/stdout.log'), 'utf8')).toContain('left 1 processes behind');
    });

    test('restart once by generation; other arguments restart; policy and grace do not', async () => {
      // A program that is ended before its first line has left no trace of its start.
      const applied = async (more = {}, spec = {}) => {
        const status = await supervisor.apply(assignmentOf(more, spec));
        await until('its start', () => startsOf(stateDir).at(-1) === status.pid);
        return status;
      };
      const first = await applied();
      const second = await applied({ revision: 2, restartGeneration: 3 });
      expect(second.pid).not.toBe(first.pid);
      expect(second.lastExit).toMatchObject({ cause: 'stopped', signal: 'SIGTERM' });
      const same = await applied(
        { revision: 3, restartGeneration: 3 },
        { graceMs: 1, restart: { mode: 'never' } },
      );
      expect(same.pid).toBe(second.pid);
      const third = await applied({ revision: 4, restartGeneration: 3 }, { args: ['x'] });
      expect(third.pid).not.toBe(second.pid);
      expect(startsOf(stateDir)).toHaveLength(3);
      expect(aliveOf(stateDir)).toEqual([third.pid]);
    });

    test('limits change live; refused ones change nothing', async () => {
      const first = await supervisor.apply(assignmentOf());
      const more = await supervisor.apply(assignmentOf({ revision: 2, limits: { pids: 50, cpuCores: 0.5 } }));
      expect(more).toMatchObject({ pid: first.pid, revision: 2 });
      await expect(
        supervisor.apply(assignmentOf({ revision: 3, limits: { memoryMiB: 16_000_000 } })),
      ).rejects.toMatchObject({ code: 'out_of_range' });
      expect(supervisor.status(1)).toMatchObject({ state: 'running', pid: first.pid, revision: 2 });
    });

    test('limits that an agent set and did not come to take down are set back by the next one', async () => {
      await supervisor.apply(assignmentOf({ limits: { pids: 60 } }));
      await supervisor.close();
      const set: Limits[] = [];
      supervisor = await openTestSupervisor(stateDir, {
        driver,
        ports: (real) => ({
          ...real,
          driver: {
            ...real.driver,
            async limit(key, limits) {
              await real.driver.limit(key, limits);
              set.push(limits);
            },
          },
        }),
      });
      await until('the limits', () => set.length > 0);
      expect(set).toEqual([{ pids: 60 }]);
      expect(supervisor.status(1)).toMatchObject({ state: 'running', adopted: true, reason: '' });
    });

    test('a release that cannot be fetched leaves the running program and its assignment alone', async () => {
      const first = await supervisor.apply(assignmentOf());
      const release = { ...standardRelease(), sha256: 'f'.repeat(64), version: '9' };
      await expect(supervisor.apply(assignmentOf({ revision: 2, release }))).rejects.toThrow();
      expect(supervisor.status(1)).toMatchObject({
        state: 'running',
        pid: first.pid,
        revision: 1,
        reason: expect.stringContaining('release 9 could not be prepared'),
      });
      await expect(supervisor.apply(assignmentOf({ instanceId: 2, release }))).rejects.toThrow();
      expect(supervisor.status(2)).toMatchObject({ state: 'failed', revision: 0 });
    });

    test('an entry that is not there fails for good; a working release ends that', async () => {
      await expect(supervisor.apply(assignmentOf({}, { entry: 'none.sh' }))).rejects.toMatchObject({
        code: 'not_found',
      });
      expect(supervisor.status(1)).toMatchObject({ state: 'failed', revision: 1, pid: null });
      await reopen();
      expect(supervisor.status(1)).toMatchObject({ state: 'failed' });
      expect(await supervisor.apply(assignmentOf({ revision: 2 }))).toMatchObject({ state: 'running' });
    });

    test('fast deaths end in a crash loop, which survives the agent and ends with a restart', async () => {
      const script =
        '#!/bin/sh\necho "$$" >>"$SGRID_DATA_DIR/starts"\n[ -e "$SGRID_DATA_DIR/well" ] && exec sleep 60\nexit 5\n';
      const restart = { initialDelayMs: 1, maxDelayMs: 2, maxFastDeaths: 3 };
      const wanted = (more = {}) =>
        assignmentOf({ release: supervisor.offer({ 'main.sh': script }), ...more }, { restart });
      await supervisor.apply(wanted());
      const looping = await statusWhen('a crash loop', ({ state }) => state === 'crash-loop');
      expect(looping).toMatchObject({ restarts: 2, lastExit: { code: 5 }, nextStartAt: null });
      expect(startsOf(stateDir)).toHaveLength(3);
      await reopen();
      supervisor.verify();
      expect(supervisor.status(1)).toMatchObject({ state: 'crash-loop', restarts: 2 });
      const stopped = await supervisor.apply(wanted({ revision: 2, desired: 'stopped' }));
      expect(stopped).toMatchObject({ state: 'stopped', restarts: 0 });
      writeFileSync(join(stateDir, 'instances/1/data/well'), '');
      const well = await supervisor.apply(wanted({ revision: 3, restartGeneration: 1 }));
      expect(well).toMatchObject({ state: 'running', restarts: 0 });
      await until('its start', () => startsOf(stateDir).at(-1) === well.pid);
      expect(startsOf(stateDir)).toHaveLength(4);
    });

    test('the environment: SGRID_* are ours, the rest is the service’s', async () => {
      const script =
        '#!/bin/sh\nenv >"$SGRID_DATA_DIR/new"\nmv "$SGRID_DATA_DIR/new" "$SGRID_DATA_DIR/env"\nexec sleep 60\n';
      const env = { GREETING: 'a b', SGRID_TARGET_PORT: '1' };
      await supervisor.apply(assignmentOf({ release: supervisor.offer({ 'main.sh': script }) }, { env }));
      const file = join(stateDir, 'instances/1/data/env');
      const text = await until('the environment', () => existsSync(file) && readFileSync(file, 'utf8'));
      expect(text).toContain('GREETING=a b\n');
      expect(text).toContain('SGRID_TARGET_PORT=8080\n');
      expect(text).toContain(`SGRID_NODE_DIR=${stateDir}\n`);
      expect(text).toMatch(/SGRID_INSTANCE_KEY=sgrid-1-web-1-[0-9a-f]{8}\n/);
    });

    test('remove: stopped and forgotten; data stays, and the log for a time', async () => {
      await supervisor.apply(assignmentOf());
      await until('its start', () => startsOf(stateDir).length === 1);
      await supervisor.remove(1);
      await supervisor.remove(1);
      expect(aliveOf(stateDir)).toEqual([]);
      expect(supervisor.statuses()).toEqual([]);
      expect(existsSync(join(stateDir, 'logs/1/stdout.log.removed'))).toBe(true);
      mkdirSync(join(stateDir, 'logs/99'));
      await reopen();
      expect(supervisor.statuses()).toEqual([]);
      expect(existsSync(join(stateDir, 'logs/99/stdout.log.removed'))).toBe(true);
      expect(readFileSync(join(stateDir, 'logs/1/stdout.log'), 'utf8')).toContain('starting run 1, release');
      expect(startsOf(stateDir)).toHaveLength(1);
    });
  });
}

test.skipIf(!hasV1)('out of memory inside the limit is told, and takes no shim along', async () => {
  const stateDir = newAgentDir();
  const supervisor = await openTestSupervisor(stateDir, { driver: 'cgroupfs-v1' });
  try {
    const hog =
      '#!/bin/sh\n[ -e "$SGRID_DATA_DIR/once" ] && exec sleep 60\n: >"$SGRID_DATA_DIR/once"\nexec tail /dev/zero\n';
    await supervisor.apply(
      assignmentOf({ release: supervisor.offer({ 'main.sh': hog }), limits: { memoryMiB: 16 } }),
    );
    const next = await until('the next run', () => {
      const status = supervisor.status(1);
      return status?.restarts === 1 && status.state === 'running' ? status : null;
    });
    expect(next.lastExit).toMatchObject({ oomKilled: true, signal: 'SIGKILL', cause: 'exited' });
    const kinds = () => supervisor.ports.events.peek(100).map(({ kind }) => kind);
    await until('its start', () => kinds().at(-1) === 'instance.started');
    // One event for one end: it is no exit besides.
    expect(kinds()).toEqual(['instance.started', 'instance.oom', 'instance.backoff', 'instance.started']);
  } finally {
    await supervisor.close();
    await removeAgentDir(stateDir, 'cgroupfs-v1');
  }
});

test.skipIf(!hasV1)('out of memory before it was asked to stop is told beside the stop', async () => {
  const stateDir = newAgentDir();
  const supervisor = await openTestSupervisor(stateDir, { driver: 'cgroupfs-v1' });
  try {
    const release = supervisor.offer({
      'main.sh':
        '#!/bin/sh\ntrap "exit 0" TERM\n(exec tail /dev/zero)\n: >"$SGRID_DATA_DIR/killed"\nsleep 60 & wait\n',
    });
    const asked = { release, limits: { memoryMiB: 16 } };
    await supervisor.apply(assignmentOf(asked));
    await until('a process that is killed', () => existsSync(join(stateDir, 'instances/1/data/killed')));
    await supervisor.apply(assignmentOf({ ...asked, revision: 2, desired: 'stopped' }));
    await until('the end', () => supervisor.status(1)?.state === 'stopped');
    expect(supervisor.ports.events.peek(100).map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
      expect.stringContaining('instance.started: '),
      'instance.oom: run 1 was out of memory before it was stopped',
      expect.stringMatching(/^instance\.stopped: run 1 .*, out of memory$/),
    ]);
  } finally {
    await supervisor.close();
    await removeAgentDir(stateDir, 'cgroupfs-v1');
  }
});
