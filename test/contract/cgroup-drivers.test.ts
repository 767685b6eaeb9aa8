import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CgroupDriverName } from '../../common/domain/node.ts';
import { identify } from '../../common/system/process-identity.ts';
import { readCapacity } from '../../node/cgroup/capacity.ts';
import { createCgroupfsV2Driver } from '../../node/cgroup/cgroupfs-v2.ts';
import { flatKeyed, readControl, readMembers } from '../../node/cgroup/control-files.ts';
import { detectDriver, readOwnCgroups } from '../../node/cgroup/detect.ts';
import type { CgroupDriver, CgroupJoin } from '../../node/cgroup/driver.ts';
import { findHierarchies } from '../../node/cgroup/hierarchies.ts';
import { resolveParent } from '../../node/cgroup/parent.ts';
import { killExactly, type Program, startIn, until } from './cgroup-program.ts';

/**
 * One suite for every driver that can run on this machine, with real processes in real groups: below this process's own
 * group in each hierarchy, never beside or above it. Only a machine that was made for the tests, and says so, has its tree
 * used from the root on: there v2 has all controllers, and systemd may be asked for units.
 */
const MACHINE_IS_OURS = process.env.SGRID_TEST_CGROUPS === 'machine';

/** What a driver promises here beyond knowing and killing its members. */
interface Subject {
  readonly driver: CgroupDriver | null;
  readonly skipReason: string;
  readonly hasGroups: boolean;
  readonly hasLimits: boolean;
}

const MARK = randomBytes(4).toString('hex');
const PARENT = MACHINE_IS_OURS ? `sgrid-test-${MARK}` : `self/sgrid-test-${MARK}`;
const SLICE = `sgridtest${MARK}.slice`;

async function detected(name: Exclude<CgroupDriverName, 'systemd'>): Promise<Subject> {
  const shape = { hasGroups: name !== 'none', hasLimits: name !== 'none' };
  try {
    return { driver: await detectDriver({ driver: name, parent: PARENT }), skipReason: '', ...shape };
  } catch (error) {
    return { driver: null, skipReason: error instanceof Error ? error.message : String(error), ...shape };
  }
}

/** Units have their place below the root, whoever asks for them. */
async function systemd(): Promise<Subject> {
  const shape = { hasGroups: true, hasLimits: true };
  const skipReason = 'only on a machine made for the tests: npm run test:vm';
  if (!MACHINE_IS_OURS) return { driver: null, skipReason, ...shape };
  return { driver: await detectDriver({ driver: 'systemd', parent: SLICE }), skipReason: '', ...shape };
}

/** On a hybrid machine v1 holds the controllers; membership, freezing and killing of v2 work all the same. */
function v2WithoutControllers(): Subject {
  const hierarchies = findHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'), readOwnCgroups());
  const unified = hierarchies.find(({ version }) => version === 2);
  const place = unified === undefined ? null : resolveParent(`${PARENT}-bare`, unified.ownPath);
  const shape = { hasGroups: true, hasLimits: false };
  if (unified === undefined || place === null)
    return { driver: null, skipReason: 'cgroup v2 is not mounted', ...shape };
  const driver = createCgroupfsV2Driver({
    mountPoint: unified.mountPoint,
    place,
    controllers: [],
    capacity: readCapacity,
    warning: '',
    procRoot: '/proc',
  });
  return { driver, skipReason: '', ...shape };
}

const subjects: readonly (readonly [string, Subject])[] = [
  ['systemd', await systemd()],
  ['cgroupfs-v2', await detected('cgroupfs-v2')],
  ['cgroupfs-v2 without controllers', v2WithoutControllers()],
  ['cgroupfs-v1', await detected('cgroupfs-v1')],
  ['none', await detected('none')],
];

for (const [label, subject] of subjects) {
  if (subject.driver === null)
    describe.skip(`${label} (${subject.skipReason})`, () => test('cannot run here'));
  else contract(label, subject.driver, subject);
}

/** Also when only some of the tests were asked for: finding out what can run has made the parents. */
afterAll(async () => {
  for (const [, { driver }] of subjects) {
    if (driver === null) continue;
    const shims = groupsOf(await driver.joinForShims());
    // Again and again: systemd takes its units down in its own time.
    await until(`${driver.name} leaves nothing behind`, async () => {
      await driver.tidy();
      return !shims.some((group) => existsSync(MACHINE_IS_OURS ? group : dirname(group)));
    });
  }
});

function contract(label: string, driver: CgroupDriver, { hasGroups, hasLimits }: Subject): void {
  describe(label, () => {
    let key: string;
    let programs: Program[];
    const start = (joinIt: CgroupJoin, ...argv: string[]): Program => {
      const program = startIn(joinIt, argv);
      programs.push(program);
      return program;
    };
    const startScript = (joinIt: CgroupJoin, script: string): Program => start(joinIt, 'sh', '-c', script);
    const memberCount = async (count: number): Promise<number[]> => {
      await until(`${count} members`, async () => (await driver.pids(key)).length === count);
      return driver.pids(key);
    };

    beforeEach(() => {
      key = `t-${randomBytes(4).toString('hex')}`;
      programs = [];
    });
    afterEach(async () => {
      await driver.killAll(key);
      for (const program of programs) await killExactly(program);
      await driver.remove(key);
      await driver.tidy();
    });
    test('a group that is not there answers as an empty one', async () => {
      expect(await driver.pids(key)).toEqual([]);
      await driver.killAll(key);
      await driver.remove(key);
      const { pressure: _, ...counters } = await driver.stat(key);
      const figures = [...Object.values(counters), await driver.workingSet(key)];
      expect(figures.every((figure) => figure === 0 || (figure === null && !hasLimits))).toBe(true);
    });

    test('sees children, orphans and other sessions, and kills them all', async () => {
      const joinIt = await driver.create(key, {});
      const program = startScript(
        joinIt,
        'sleep 300 & setsid sh -c "sleep 300 & sleep 300 & wait" & (setsid sleep 300 &) ; wait',
      );
      const isSleep = (pid: number): boolean => readControl(`/proc/${pid}/cmdline`) === 'sleep\x00300\x00';
      let pids: number[] = [];
      // Six can also be counted on the way there, with a subshell among them that is gone a moment later.
      await until('two shells and four sleeps', async () => {
        pids = await driver.pids(key);
        return pids.length === 6 && pids.filter(isSleep).length === 4;
      });
      expect(pids).toContain(program.pid);
      const identities = pids.map((pid) => identify(pid));
      expect(identities).not.toContain(null);
      await driver.killAll(key);
      expect(await driver.pids(key)).toEqual([]);
      expect(await program.ended).toEqual({ code: null, signal: 'SIGKILL' });
      await until('nobody of them lives', async () => pids.every((pid) => identify(pid) === null));
    });

    test('kills a process that passes itself on by forking and exiting', async () => {
      const joinIt = await driver.create(key, {});
      const hop = 'sleep 0.02; sh -c "$HOP" &';
      startScript(joinIt, `export HOP='${hop}'; sh -c "$HOP" & exit 0`);
      const first = await memberCount(2);
      await until('it has hopped on', async () => {
        const now = await driver.pids(key);
        return now.length > 0 && now.every((pid) => !first.includes(pid));
      });
      await driver.killAll(key);
      for (let look = 0; look < 20; look += 1) expect(await driver.pids(key)).toEqual([]);
    });

    // cgroup.kill of v2 promises that nobody escapes, not that nobody runs on for a moment.
    test.runIf(['cgroupfs-v1', 'none'].includes(driver.name))(
      'no member lives to see another end',
      async () => {
        const joinIt = await driver.create(key, {});
        const watcher = 'read end; echo saw it end; exec sleep 300';
        const crowd = 'for i in $(seq 60); do sleep 300 & done';
        // The watcher gets the highest pid and reads from a pipe that the first sleep alone can write to.
        const program = startScript(joinIt, `sleep 300 | { ${crowd}; sh -c '${watcher}'; :; }`);
        await memberCount(64);
        await driver.killAll(key);
        await program.ended;
        expect(program.output()).toBe('');
      },
    );

    test('kills nobody outside', async () => {
      const other = `${key}-other`;
      try {
        const outsider = startScript(await driver.create(other, {}), 'exec sleep 300');
        await until('the outsider is in', async () => (await driver.pids(other)).includes(outsider.pid));
        startScript(await driver.create(key, {}), 'exec sleep 300');
        await memberCount(1);
        await driver.killAll(key);
        expect(identify(outsider.pid)).not.toBeNull();
      } finally {
        await driver.killAll(other);
        await driver.remove(other);
      }
    });

    test('refuses to remove a group that is not empty, naming who is in it', async () => {
      const program = startScript(await driver.create(key, {}), 'exec sleep 300');
      await memberCount(1);
      await expect(driver.remove(key)).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining(`pid ${program.pid}`),
      });
      expect(identify(program.pid)).not.toBeNull();
    });

    test('create again keeps the members; remove and killAll again do nothing', async () => {
      const joinIt = await driver.create(key, {});
      startScript(joinIt, 'exec sleep 300');
      const before = await memberCount(1);
      expect(await driver.create(key, { pids: 50 })).toEqual(joinIt);
      expect(await driver.pids(key)).toEqual(before);
      await driver.killAll(key);
      await driver.killAll(key);
      await driver.remove(key);
      await driver.remove(key);
      expect(groupsOf(joinIt).filter((group) => existsSync(group))).toEqual([]);
    });

    test('refuses limits beyond the machine with the allowed range, and leaves no group behind', async () => {
      const { cpuCount, memoryBytes, pidMax } = readCapacity();
      const allMiB = Math.floor(memoryBytes / 1024 ** 2);
      const groups = groupsOf(await driver.create(key, {}));
      await driver.remove(key);
      for (const [limits, range] of [
        [{ cpuCores: cpuCount + 1 }, `0.01 to ${cpuCount} cores`],
        [{ memoryMiB: allMiB + 1 }, `4 to ${allMiB} MiB`],
        [{ memoryMiB: 64, memoryHighMiB: 64 }, '4 to 63 MiB'],
        [{ pids: pidMax + 1 }, `1 to ${pidMax} processes`],
      ] as const) {
        await expect(driver.create(key, limits)).rejects.toMatchObject({
          code: 'out_of_range',
          message: expect.stringContaining(range),
        });
      }
      expect(groups.filter((group) => existsSync(group))).toEqual([]);
    });

    test.each(['', '../up', 'a/b', 'cgroup.procs', '-x', 'sgrid-shims'])(
      'refuses "%s" as a key',
      async (bad) => {
        await expect(driver.create(bad, {})).rejects.toMatchObject({ code: 'bad_request' });
        await expect(driver.pids(bad)).rejects.toMatchObject({ code: 'bad_request' });
      },
    );

    test('shims live outside of the instance and of its end', async () => {
      const shim = startScript(await driver.joinForShims(), 'exec sleep 300');
      startScript(await driver.create(key, {}), 'exec sleep 300');
      await memberCount(1);
      await driver.killAll(key);
      expect(identify(shim.pid)).not.toBeNull();
      await killExactly(shim);
    });

    test.runIf(hasGroups)('tidy takes the shims’ group away, but not from a shim', async () => {
      const joinIt = await driver.joinForShims();
      const there = (): string[] => groupsOf(joinIt).filter((group) => existsSync(group));
      const shim = startScript(joinIt, 'exec sleep 300');
      await until('the shim is in', async () =>
        groupsOf(joinIt).every((group) => readMembers([group]).includes(shim.pid)),
      );
      await driver.tidy();
      expect([there(), identify(shim.pid) === null]).toEqual([groupsOf(joinIt), false]);
      await killExactly(shim);
      await until('the group is gone', async () => {
        await driver.tidy();
        return there().length === 0;
      });
    });

    test.runIf(!hasGroups)('finds a descendant that emptied its environment', async () => {
      startScript(await driver.create(key, {}), 'env -i sleep 300 & wait');
      await memberCount(2);
      await driver.killAll(key);
      expect(await driver.pids(key)).toEqual([]);
    });

    describe.runIf(hasGroups)('groups', () => {
      test('a service’s own group below counts, is killed and removed with it', async () => {
        const joinIt = await driver.create(key, {});
        const below = groupsOf(joinIt).map((group) => join(group, 'own'));
        for (const group of below) mkdirSync(group);
        const inside = {
          ...joinIt,
          execPrefix: [],
          procsFiles: below.map((group) => join(group, 'cgroup.procs')),
        };
        const program = startScript(inside, 'exec sleep 300');
        expect(await memberCount(1)).toEqual([program.pid]);
        await driver.killAll(key);
        await driver.remove(key);
        expect(below.filter((group) => existsSync(group))).toEqual([]);
      });

      test('a group that a killed agent left frozen is usable again', async () => {
        const joinIt = await driver.create(key, {});
        for (const group of groupsOf(joinIt)) freeze(driver, group);
        const program = startScript(await driver.create(key, {}), 'exit 7');
        expect(await program.ended).toEqual({ code: 7, signal: null });
      });

      test('counts CPU time', async () => {
        const joinIt = await driver.create(key, {});
        startScript(joinIt, 'while :; do :; done');
        await until('CPU time', async () => ((await driver.stat(key)).cpuUsageMicros ?? 0) > 20_000);
      });
    });

    describe.runIf(hasLimits)('limits', () => {
      /** Takes so many MiB of memory once it is told to, then says so and stays. */
      const takeMemory = (mib: number): string =>
        `read go; x=$(head -c ${mib}m /dev/zero | tr "\\0" x); echo taken; read end`;

      test('a service over its memory limit is OOM-killed, and that is counted', async () => {
        const program = startScript(await driver.create(key, { memoryMiB: 24 }), takeMemory(100));
        program.tell('go');
        expect(await program.ended).toEqual({ code: null, signal: 'SIGKILL' });
        expect((await driver.stat(key)).oomKills).toBeGreaterThan(0);
        expect(program.output()).not.toContain('taken');
      });

      test('an OOM kill of one process is left to the kernel: the others live on', async () => {
        const joinIt = await driver.create(key, { memoryMiB: 24 });
        const program = startScript(joinIt, 'sleep 300 & tail /dev/zero; echo it ended with $?; read end');
        await until('an OOM kill', async () => ((await driver.stat(key)).oomKills ?? 0) > 0);
        await until('what is left to know', async () => program.output().includes('it ended with 137'));
        await memberCount(2);
        program.tell('end');
        await memberCount(1);
      });

      test('a pids limit stops forks', async () => {
        const joinIt = await driver.create(key, { pids: 5 });
        const program = startScript(joinIt, 'for i in 1 2 3 4 5 6 7 8; do sleep 300 & done; echo all');
        await until('a refused fork', async () => /fork/i.test(program.output()));
        expect((await driver.pids(key)).length).toBeLessThanOrEqual(5);
        expect(program.output()).not.toContain('all');
      });

      test('a fork bomb stays within its limit and is killed with all of its shells', async () => {
        // A shell that cannot fork ends, and makes room for the fork of another: it never dies out.
        const bomb = 'while :; do sh -c "$BOMB" & done';
        const joinIt = await driver.create(key, { pids: 40, cpuCores: 0.5 });
        const program = startScript(joinIt, `export BOMB='${bomb}'; sh -c "$BOMB"; exec sleep 300`);
        await until('the bomb at its limit', async () => /fork/i.test(program.output()));
        expect((await driver.stat(key)).pids).toBeLessThanOrEqual(40);
        await driver.killAll(key);
        for (let look = 0; look < 20; look += 1) expect(await driver.pids(key)).toEqual([]);
      });

      test('a pids limit takes effect live', async () => {
        const joinIt = await driver.create(key, {});
        const program = startScript(joinIt, 'read go; sleep 300 & sleep 300 & echo both; wait');
        await memberCount(1);
        await driver.limit(key, { pids: 2 });
        program.tell('go');
        await until('a refused fork', async () => /fork/i.test(program.output()));
        expect(program.output()).not.toContain('both');
      });

      test('a CPU limit takes effect live', async () => {
        startScript(await driver.create(key, {}), 'while :; do :; done');
        await until('CPU time', async () => ((await driver.stat(key)).cpuUsageMicros ?? 0) > 20_000);
        expect((await driver.stat(key)).cpuThrottledPeriods).toBe(0);
        await driver.limit(key, { cpuCores: 0.05 });
        await until('throttling', async () => ((await driver.stat(key)).cpuThrottledPeriods ?? 0) > 0);
      });

      test.runIf(driver.name !== 'cgroupfs-v1')(
        'a mark of memory pressure makes the kernel take page cache back instead of killing; it changes live',
        async () => {
          // On a disk: what is in /tmp may be memory itself.
          const directory = mkdtempSync('/var/tmp/sgrid-high-');
          try {
            const joinIt = await driver.create(key, { memoryMiB: 96, memoryHighMiB: 24 });
            const [group = ''] = groupsOf(joinIt);
            const high = (): string | undefined => readControl(join(group, 'memory.high'))?.trim();
            expect(high()).toBe(String(24 * 1024 ** 2));
            const write = `head -c 64m /dev/zero >'${directory}/file' && read more`;
            const program = startScript(joinIt, `${write} && cat '${directory}/file' >/dev/null`);
            await until('pressure', async () => {
              const events = readControl(join(group, 'memory.events'));
              return (flatKeyed(events, 'high') ?? 0) > 0;
            });
            await until('the file', async () => statSync(join(directory, 'file')).size === 64 * 1024 ** 2);
            const { memoryBytes, oomKills } = await driver.stat(key);
            expect([(memoryBytes ?? 0) < 40 * 1024 ** 2, oomKills]).toEqual([true, 0]);
            await driver.limit(key, { memoryMiB: 96 });
            expect(high()).toBe('max');
            program.tell('more');
            expect(await program.ended).toEqual({ code: 0, signal: null });
            expect((await driver.stat(key)).memoryBytes).toBeGreaterThan(50 * 1024 ** 2);
            await driver.limit(key, { memoryMiB: 96, memoryHighMiB: 16 });
            await until('reclaim', async () => ((await driver.stat(key)).memoryBytes ?? 0) < 24 * 1024 ** 2);
          } finally {
            rmSync(directory, { recursive: true });
          }
        },
      );

      test('a CPU limit throttles', async () => {
        startScript(await driver.create(key, { cpuCores: 0.05 }), 'while :; do :; done');
        await until('throttling', async () => ((await driver.stat(key)).cpuThrottledPeriods ?? 0) > 0);
        expect((await driver.stat(key)).cpuPeriods).toBeGreaterThan(0);
      });

      test('a raised memory limit takes effect live', async () => {
        const program = startScript(await driver.create(key, { memoryMiB: 16 }), takeMemory(40));
        await memberCount(1);
        await driver.limit(key, { memoryMiB: 400 });
        program.tell('go');
        await until('memory taken', async () => program.output().includes('taken'));
        const { memoryBytes, oomKills, pids } = await driver.stat(key);
        expect(memoryBytes).toBeGreaterThan(40 * 1024 ** 2);
        expect([oomKills, pids]).toEqual([0, 1]);
      });

      test('a lowered memory limit takes effect live', async () => {
        const program = startScript(await driver.create(key, { memoryMiB: 400 }), takeMemory(100));
        await memberCount(1);
        await driver.limit(key, { memoryMiB: 24 });
        program.tell('go');
        expect(await program.ended).toMatchObject({ signal: 'SIGKILL' });
      });

      test('a lifted limit is lifted', async () => {
        const program = startScript(await driver.create(key, { memoryMiB: 16, pids: 1 }), takeMemory(40));
        await memberCount(1);
        await driver.limit(key, {});
        program.tell('go');
        await until('memory taken', async () => program.output().includes('taken'));
      });

      test('a memory limit below what is in use is refused, kills nobody and changes nothing', async () => {
        const program = startScript(await driver.create(key, { memoryMiB: 400, pids: 50 }), takeMemory(60));
        program.tell('go');
        await until('memory taken', async () => program.output().includes('taken'));
        await expect(driver.limit(key, { memoryMiB: 8, pids: 1 })).rejects.toMatchObject({
          code: 'out_of_range',
        });
        expect(identify(program.pid)).not.toBeNull();
        expect((await driver.stat(key)).oomKills).toBe(0);
        program.tell('end');
        expect(await program.ended).toEqual({ code: 0, signal: null });
      });

      test('limits of a group that is not there cannot be set', async () => {
        await expect(driver.limit(key, {})).rejects.toMatchObject({ code: 'not_found' });
      });
    });
  });
}

/** A driver that leaves joining to systemd names no files; its tree is the one of cgroup v2. */
function groupsOf({ procsFiles, path }: CgroupJoin): string[] {
  if (procsFiles.length === 0 && path !== '') return [join('/sys/fs/cgroup', path)];
  return procsFiles.map((file) => dirname(file));
}

function freeze(driver: CgroupDriver, group: string): void {
  const [file, value] = driver.name === 'cgroupfs-v1' ? ['freezer.state', 'FROZEN'] : ['cgroup.freeze', '1'];
  if (existsSync(join(group, file))) writeFileSync(join(group, file), value);
}
