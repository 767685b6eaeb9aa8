import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { InstanceStatus } from '../../common/domain/instance.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { identify } from '../../common/system/process-identity.ts';
import { detectDriver } from '../../node/cgroup/detect.ts';
import { readExit } from '../../node/process/records.ts';
import { findShims } from '../../node/process/shims.ts';
import { newAgentDir, removeAgentDir } from '../support/agent-process.ts';
import { until } from '../support/agent-shim.ts';
import {
  aliveOf,
  assignmentOf,
  openTestSupervisor,
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

/** With a child in a session of its own; both do not care about SIGTERM. */
const STUBBORN = `#!/bin/sh
trap '' TERM
echo "$$" >>"$SGRID_DATA_DIR/starts"
setsid sh -c 'echo "$$" >>"$SGRID_DATA_DIR/starts"; while :; do sleep 1; done' &
while :; do sleep 1; done
`;

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
      // Nobody finds the child in its own session by a record that a test broke.
      for (const pid of aliveOf(stateDir)) process.kill(pid, 'SIGKILL');
      await removeAgentDir(stateDir, driver);
    });

    const wanted = (more = {}) =>
      assignmentOf({ release: supervisor.offer({ 'main.sh': STUBBORN }), ...more }, { graceMs: 50 });
    const recordFile = (): string => join(stateDir, 'instances/1/run.json');
    const runs = () => JSON.parse(readFileSync(recordFile(), 'utf8'));
    const eventsOf = (kind: string) =>
      supervisor.ports.events.peek(1000).filter((event) => event.kind === kind);
    const statusWhen = (what: string, check: (status: InstanceStatus) => boolean) =>
      until(what, () => {
        const status = supervisor.status(1);
        return status !== null && check(status) ? status : null;
      });
    const start = async (): Promise<InstanceStatus> => {
      const status = await supervisor.apply(wanted());
      await until('both', () => startsOf(stateDir).length === 2);
      return status;
    };
    /** @returns what it had been. */
    const breakRecord = async (): Promise<{ shim: number }> => {
      await supervisor.close();
      const { shim } = runs().run;
      writeFileSync(recordFile(), '{"format":1,');
      supervisor = await openTestSupervisor(stateDir, { driver });
      expect(supervisor.status(1)?.state).toBe('unknown');
      return { shim: shim.pid };
    };

    test('"ended" is not believed while something of it is to be seen, and it is said what', async () => {
      await start();
      await breakRecord();
      const asked = supervisor.resolve(1, { how: 'ended', actor: 'alice', wanted: wanted() });
      await expect(asked).rejects.toMatchObject({
        code: 'conflict',
        hint: expect.stringContaining('"sgrid resolve 1 --kill"'),
      });
      for (const pid of startsOf(stateDir))
        await expect(asked).rejects.toThrow(new RegExp(`\\b${pid} \\((sh|main\\.sh)\\)`));
      expect(supervisor.status(1)?.state).toBe('unknown');
      expect(aliveOf(stateDir)).toHaveLength(2);
      expect(eventsOf('instance.resolved')).toEqual([]);
    });

    test('"kill" ends all of it and its shim, and what is wanted is done: it runs, once', async () => {
      await start();
      const { shim } = await breakRecord();
      const before = startsOf(stateDir);
      const status = await supervisor.resolve(1, { how: 'kill', actor: 'alice', wanted: wanted() });
      expect(before.filter((pid) => identify(pid) !== null)).toEqual([]);
      expect(identify(shim)).toBeNull();
      expect(status).toMatchObject({
        state: 'running',
        restarts: 0,
        lastExit: { cause: 'lost', code: null },
      });
      await until('the new ones', () => startsOf(stateDir).length === 4);
      expect(aliveOf(stateDir)).toEqual(startsOf(stateDir).slice(2));
      const [told] = eventsOf('instance.resolved');
      expect(told?.message).toMatch(/^resolved by alice: killed processes /);
      await supervisor.close();
      supervisor = await openTestSupervisor(stateDir, { driver });
      expect(supervisor.status(1)).toMatchObject({ state: 'running', adopted: true, pid: status.pid });
      expect(findShims().has(runs().run.runId)).toBe(true);
    });

    test('"ended" when it has: forgotten, and what is wanted is done', async () => {
      await start();
      const { shim } = await breakRecord();
      for (const pid of [shim, ...startsOf(stateDir)]) process.kill(pid, 'SIGKILL');
      await until('their end', () => [shim, ...startsOf(stateDir)].every((pid) => identify(pid) === null));
      // Their children sleep for a second more, and until then it is not believed.
      const status = await until('its word to be taken', () =>
        supervisor.resolve(1, { how: 'ended', actor: 'bob', wanted: wanted() }).catch(() => null),
      );
      expect(status).toMatchObject({ state: 'running', reason: '' });
      expect(eventsOf('instance.resolved')[0]?.message).toBe('resolved by bob: nothing of it runs any more');
      await until('the new ones', () => startsOf(stateDir).length === 4);
    });

    test('processes without a record: the same way out, and it stays stopped when that is wanted', async () => {
      await start();
      await supervisor.close();
      rmSync(recordFile());
      const assignment = join(stateDir, 'instances/1/assignment.json');
      writeFileSync(assignment, JSON.stringify(wanted({ desired: 'stopped' })));
      supervisor = await openTestSupervisor(stateDir, { driver });
      expect(supervisor.status(1)?.state).toBe('unknown');
      const status = await supervisor.resolve(1, { how: 'kill', actor: 'alice', wanted: wanted() });
      expect(status).toMatchObject({ state: 'stopped', pid: null });
      expect(aliveOf(stateDir)).toEqual([]);
      expect(startsOf(stateDir)).toHaveLength(2);
    });

    test('a stop is no success while the shim does not say that its program has ended', async () => {
      await openImpatient();
      const { pid } = await start();
      const shim = runs().run.shim.pid;
      process.kill(shim, 'SIGSTOP');
      try {
        process.kill(pid ?? 0, 'SIGKILL');
        await until('its end', () => identify(pid ?? 0) === null);
        const stopped = wanted({ desired: 'stopped', revision: 2 });
        await expect(supervisor.apply(stopped)).rejects.toMatchObject({
          code: 'identity_in_doubt',
          message: expect.stringContaining(`its shim, process ${shim},`),
          hint: expect.stringContaining('"sgrid resolve 1 --kill"'),
        });
        await expect(supervisor.apply(wanted({ restartGeneration: 1, revision: 3 }))).rejects.toMatchObject({
          code: 'identity_in_doubt',
        });
        await expect(supervisor.remove(1)).rejects.toMatchObject({ code: 'identity_in_doubt' });
      } finally {
        process.kill(shim, 'SIGCONT');
      }
      await statusWhen('the stop', ({ state }) => state === 'stopped');
      expect(aliveOf(stateDir)).toEqual([]);
    });

    /** So that its patience is over soon. */
    const openImpatient = async (): Promise<void> => {
      await supervisor.close();
      const monotonic = () => performance.now() * 50;
      supervisor = await openTestSupervisor(stateDir, { driver, ports: (real) => ({ ...real, monotonic }) });
    };

    test('a program that is gone while its shim is stopped: in doubt, once, and well again with the shim', async () => {
      await openImpatient();
      const { pid } = await start();
      const { shim } = runs().run;
      process.kill(shim.pid, 'SIGSTOP');
      try {
        process.kill(pid ?? 0, 'SIGKILL');
        await until('its end', () => identify(pid ?? 0) === null);
        supervisor.verify();
        const { reason } = await statusWhen('the doubt', ({ state }) => state === 'unknown');
        expect(reason).toContain(`its shim, process ${shim.pid}, does not say how it ended`);
        supervisor.verify();
        const asked = supervisor.resolve(1, { how: 'ended', actor: 'alice', wanted: wanted() });
        await expect(asked).rejects.toMatchObject({ code: 'conflict' });
        expect(supervisor.status(1)?.state).toBe('unknown');
      } finally {
        process.kill(shim.pid, 'SIGCONT');
      }
      await statusWhen('another run', (now) => now.state === 'running' && now.pid !== pid);
      expect(eventsOf('instance.unknown')).toHaveLength(1);
      expect(eventsOf('instance.exited')[0]?.message).toContain('ended by SIGKILL');
      await until('the new ones', () => startsOf(stateDir).length === 4);
    });

    test('a stop whose shim is stopped is in doubt, and "kill" is the way out', async () => {
      await openImpatient();
      await start();
      const { shim } = runs().run;
      process.kill(shim.pid, 'SIGSTOP');
      const stopped = wanted({ desired: 'stopped', revision: 2 });
      await expect(supervisor.apply(stopped)).rejects.toMatchObject({ code: 'stop_failed' });
      await statusWhen('the doubt', ({ state }) => state === 'unknown');
      const status = await supervisor.resolve(1, { how: 'kill', actor: 'alice', wanted: stopped });
      expect(status).toMatchObject({ state: 'stopped', reason: '' });
      expect(identify(shim.pid)).toBeNull();
      expect(aliveOf(stateDir)).toEqual([]);
      const next = await supervisor.apply(wanted({ revision: 3 }));
      expect(next).toMatchObject({ state: 'running', reason: '' });
      await until('the new ones', () => startsOf(stateDir).length === 4);
    });

    test('a program of which the record knows another start: in doubt, and "kill" is the way out', async () => {
      const { pid } = await start();
      await supervisor.close();
      const record = runs();
      record.run.program.startTicks = '1';
      writeFileSync(recordFile(), JSON.stringify(record));
      await openImpatient();
      await statusWhen('the doubt', ({ state }) => state === 'unknown');
      expect(identify(pid ?? 0)).not.toBeNull();
      await expect(supervisor.apply(wanted({ desired: 'stopped', revision: 2 }))).rejects.toMatchObject({
        code: 'identity_in_doubt',
      });
      const status = await supervisor.resolve(1, { how: 'kill', actor: 'alice', wanted: wanted() });
      expect(status).toMatchObject({ state: 'running', reason: '', lastExit: { cause: 'lost' } });
      await until('the new ones', () => startsOf(stateDir).length === 4);
      expect(aliveOf(stateDir)).toEqual(startsOf(stateDir).slice(2));
    });

    test('an agent that did nothing for long does not doubt a shim that has said all meanwhile', async () => {
      await supervisor.close();
      let record = '';
      let looks = 0;
      supervisor = await openTestSupervisor(stateDir, {
        driver,
        ports: (real) => ({
          ...real,
          monotonic: () => {
            looks += 1;
            // Whoever is stopped finds an hour gone when he goes on, and all done by others meanwhile.
            return readExit(record) === null ? 0 : 3_600_000;
          },
        }),
      });
      const { pid } = await start();
      const { runId, shim } = runs().run;
      record = join(stateDir, `runs/1.${runId}`);
      process.kill(shim.pid, 'SIGSTOP');
      try {
        process.kill(pid ?? 0, 'SIGKILL');
        await until('its end', () => identify(pid ?? 0) === null);
        const before = looks;
        supervisor.verify();
        await until('its wait for the shim', () => looks >= before + 2);
      } finally {
        process.kill(shim.pid, 'SIGCONT');
      }
      await statusWhen('another run', (now) => now.state === 'running' && now.pid !== pid);
      expect(eventsOf('instance.unknown')).toEqual([]);
      await until('the new ones', () => startsOf(stateDir).length === 4);
    });

    test('a shim that was killed under its program is shown, also to an agent that comes after', async () => {
      const { pid } = await start();
      const { shim } = runs().run;
      process.kill(shim.pid, 'SIGKILL');
      const sick = await statusWhen('the note', ({ reason }) => reason !== '');
      expect(sick).toMatchObject({ state: 'running', pid });
      expect(sick.reason).toBe(
        `its shim, process ${shim.pid}, was killed: how it ends will be seen by nobody`,
      );
      const { reason } = sick;
      await supervisor.close();
      supervisor = await openTestSupervisor(stateDir, { driver });
      await statusWhen('the same', (now) => now.state === 'running' && now.reason === reason);
      await supervisor.apply(wanted({ revision: 2 }));
      expect(supervisor.status(1)?.reason).toBe(reason);
      const next = await supervisor.apply(wanted({ revision: 3, restartGeneration: 1 }));
      expect(next).toMatchObject({ state: 'running', reason: '' });
      await until('the new ones', () => startsOf(stateDir).length === 4);
    });

    test('a shim that is killed under an adopted program is noticed', async () => {
      const { pid } = await start();
      const { shim } = runs().run;
      await supervisor.close();
      supervisor = await openTestSupervisor(stateDir, { driver });
      // In turn, so behind the first look at what was adopted.
      expect(await supervisor.apply(wanted())).toMatchObject({ adopted: true, reason: '' });
      process.kill(shim.pid, 'SIGKILL');
      await until('its end', () => identify(shim.pid) === null);
      supervisor.verify();
      await statusWhen('the note', ({ reason, state }) => state === 'running' && reason.includes('its shim'));
      expect(identify(pid ?? 0)).not.toBeNull();
    });

    test('each doubt is told, also of an instance whose record was lost before', async () => {
      await start();
      for (const doubts of [1, 2]) {
        await supervisor.close();
        rmSync(recordFile());
        supervisor = await openTestSupervisor(stateDir, { driver });
        expect(supervisor.status(1)?.state).toBe('unknown');
        const told = eventsOf('instance.unknown').map(({ eventId }) => eventId);
        expect(new Set(told).size).toBe(doubts);
        await supervisor.resolve(1, { how: 'kill', actor: 'alice', wanted: wanted() });
        await until('the new ones', () => startsOf(stateDir).length === 2 + 2 * doubts);
        // Of the lost record the log still knows how many runs there were.
        expect(runs().run.number).toBe(1 + doubts);
      }
    });

    test('a stop that the doubt refused is not followed by a start', async () => {
      await start();
      await breakRecord();
      const stopped = wanted({ desired: 'stopped', revision: 7 });
      await expect(supervisor.apply(stopped)).rejects.toMatchObject({ code: 'identity_in_doubt' });
      const status = await supervisor.resolve(1, { how: 'kill', actor: 'alice', wanted: stopped });
      expect(status).toMatchObject({ state: 'stopped', revision: 7 });
      expect(startsOf(stateDir)).toHaveLength(2);
      await supervisor.close();
      supervisor = await openTestSupervisor(stateDir, { driver });
      expect(supervisor.status(1)).toMatchObject({ state: 'stopped', revision: 7 });
    });

    test('a run whose shim is gone without a record, with processes: in doubt, and resolved', async () => {
      await start();
      await supervisor.close();
      const record = runs();
      process.kill(record.run.shim.pid, 'SIGKILL');
      await until('its end', () => identify(record.run.shim.pid) === null);
      writeFileSync(
        recordFile(),
        JSON.stringify({ ...record, run: { ...record.run, program: null, shim: null, startedAt: null } }),
      );
      rmSync(join(stateDir, 'runs'), { recursive: true });
      supervisor = await openTestSupervisor(stateDir, { driver });
      const unknown = await statusWhen('the doubt', ({ state }) => state === 'unknown');
      expect(unknown.reason).toContain(String(startsOf(stateDir)[0]));
      const old = startsOf(stateDir);
      const status = await supervisor.resolve(1, { how: 'kill', actor: 'alice', wanted: wanted() });
      expect(status).toMatchObject({ state: 'running', lastExit: { cause: 'lost' } });
      expect(old.filter((pid) => identify(pid) !== null)).toEqual([]);
      expect(eventsOf('instance.exited')[0]?.message).toContain('resolved by alice');
      await until('the new ones', () => startsOf(stateDir).length === 4);
    });

    test('where there is no doubt, or no instance, there is nothing to resolve', async () => {
      const { pid } = await start();
      const kill = { how: 'kill', actor: 'alice', wanted: wanted() } as const;
      await expect(supervisor.resolve(1, kill)).rejects.toMatchObject({ code: 'conflict' });
      await expect(supervisor.resolve(9, kill)).rejects.toMatchObject({ code: 'not_found' });
      expect(supervisor.status(1)).toMatchObject({ state: 'running', pid });
    });

    test('who would not die is named; it stays stopping, is tried again, and nothing is started', async () => {
      await supervisor.close();
      let isStuck = true;
      supervisor = await openTestSupervisor(stateDir, {
        driver,
        ports: withFailingKill((key) =>
          isStuck ? new SgridError('stop_failed', `group ${key} outlives SIGKILL`) : null,
        ),
      });
      const { pid } = await start();
      await expect(supervisor.apply(wanted({ revision: 2, restartGeneration: 1 }))).rejects.toMatchObject({
        code: 'stop_failed',
      });
      const stuck = supervisor.status(1);
      expect(stuck).toMatchObject({ state: 'stopping', pid });
      for (const each of startsOf(stateDir)) expect(stuck?.reason).toMatch(new RegExp(`\\b${each} \\(`));
      await expect(supervisor.apply(wanted({ revision: 3, restartGeneration: 2 }))).rejects.toThrow();
      supervisor.verify();
      expect(aliveOf(stateDir)).toHaveLength(2);
      expect(startsOf(stateDir)).toHaveLength(2);
      const [told, ...more] = eventsOf('instance.stop-failed');
      expect(told?.message).toContain(`${pid} (`);
      expect(more).toEqual([]);
      isStuck = false;
      const next = await statusWhen('another run', (now) => now.state === 'running' && now.pid !== pid);
      expect(next.reason).toBe('');
      await until('the new ones', () => startsOf(stateDir).length === 4);
      expect(aliveOf(stateDir)).toEqual(startsOf(stateDir).slice(2));
    });

    test('a stop whose clock was set back or forward lasts for its grace', async () => {
      await supervisor.close();
      let shiftMs = 0;
      supervisor = await openTestSupervisor(stateDir, {
        driver,
        ports: (real) => ({ ...real, clock: () => Date.now() + shiftMs }),
      });
      await start();
      const stopping = supervisor.apply(wanted({ revision: 2, desired: 'stopped' }));
      await statusWhen('the stop', ({ state }) => state === 'stopping');
      shiftMs = -3_600_000;
      expect(await stopping).toMatchObject({ state: 'stopped' });
      expect(aliveOf(stateDir)).toEqual([]);
    });

    test('limits that changed live are told, with old and new; those of what does not run are not', async () => {
      await supervisor.apply(wanted({ limits: { pids: 60 } }));
      await supervisor.apply(wanted({ revision: 2, limits: { pids: 50, cpuCores: 0.5 } }));
      await supervisor.apply(wanted({ revision: 3, limits: { cpuCores: 0.5, pids: 50 } }));
      const refused = supervisor.apply(wanted({ revision: 4, limits: { memoryMiB: 16_000_000 } }));
      await expect(refused).rejects.toMatchObject({ code: 'out_of_range' });
      await supervisor.apply(
        wanted({ revision: 4, desired: 'stopped', limits: { pids: 50, cpuCores: 0.5 } }),
      );
      await supervisor.apply(wanted({ revision: 5, desired: 'stopped', limits: {} }));
      expect(eventsOf('instance.limited').map(({ message }) => message)).toEqual([
        'limits of run 1: 60 pids, now 0.5 cores, 50 pids',
      ]);
    });
  });
}
