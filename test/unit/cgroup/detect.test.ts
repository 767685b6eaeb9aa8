import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { detectDriver } from '../../../node/cgroup/detect.ts';

/** Captured texts of a machine, whose mount points are empty directories here: nothing can be a group there. */
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-detect-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function machine(kind: string): { procRoot: string; cgroupRoot: string } {
  const fixture = (name: string): string =>
    new URL(`../../fixtures/proc/${name}.txt`, import.meta.url).pathname;
  const procRoot = join(directory, 'proc');
  mkdirSync(join(procRoot, 'self'), { recursive: true });
  cpSync(fixture(`mountinfo-${kind}`), join(procRoot, 'self/mountinfo'));
  cpSync(fixture(`cgroup-${kind}`), join(procRoot, 'self/cgroup'));
  cpSync(fixture('stat'), join(procRoot, 'stat'));
  cpSync(fixture('meminfo'), join(procRoot, 'meminfo'));
  return { procRoot, cgroupRoot: join(directory, 'root') };
}

test('auto ends at none, with a warning that says what is missing and what follows', async () => {
  const driver = await detectDriver({ driver: 'auto', parent: 'business.slice', ...machine('v2') });
  expect(driver.name).toBe('none');
  expect(driver.warning).toContain('stopping the agent’s unit would stop them');
  expect(driver.warning).toMatch(/cgroupfs-v2: .*cgroup\.procs/);
  expect(driver.warning).toContain('cgroupfs-v1: no v1 controller is mounted');
  expect(driver.warning.length).toBeLessThanOrEqual(1024);
});

test.each([
  ['cgroupfs-v1', 'v2', /no v1 controller is mounted/],
  ['cgroupfs-v2', 'v1', /cgroup v2 is not mounted/],
  ['cgroupfs-v1', 'v1', /no cgroup hierarchy/],
  ['systemd', 'v1', /systemd/],
] as const)('%s on a %s machine that cannot have it is refused', async (driver, kind, message) => {
  await expect(detectDriver({ driver, parent: 'business.slice', ...machine(kind) })).rejects.toMatchObject({
    code: 'bad_request',
    message: expect.stringMatching(message),
  });
});

test('none can be chosen, checks limits against the machine, and gives a program its mark', async () => {
  const driver = await detectDriver({ driver: 'none', parent: 'self', ...machine('v2') });
  expect(driver.warning).toContain('chosen by configuration');
  expect(await driver.create('web-1', {})).toEqual({
    procsFiles: [],
    execPrefix: ['env', 'SGRID_INSTANCE_KEY=web-1'],
    path: '',
  });
  await expect(driver.limit('web-1', { cpuCores: 3 })).rejects.toMatchObject({ code: 'out_of_range' });
});

test('a parent that is no path is refused whatever the driver', async () => {
  await expect(detectDriver({ driver: 'auto', parent: '../up', ...machine('v2') })).rejects.toMatchObject({
    code: 'bad_request',
  });
});
