import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { probeSystemd } from '../../../node/cgroup/systemd-probe.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sgrid-systemd-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const probe = (parentPath = '/business.slice'): ReturnType<typeof probeSystemd> =>
  probeSystemd({
    ...{ root, mountPoint: '/sys/fs/cgroup', parentPath, procRoot: '/proc' },
    capacity: () => ({ cpuCount: 1, memoryBytes: 2 ** 30, pidMax: 32_768 }),
  });

test('a machine that systemd has not booted is not asked for units', async () => {
  expect(await probe()).toEqual({ driver: null, problem: 'systemd does not run this machine' });
});

test('a parent that is no slice is refused by name', async () => {
  mkdirSync(join(root, 'run/systemd/system'), { recursive: true });
  const { driver, problem } = await probe('/business');
  expect(driver).toBeNull();
  expect(problem).toContain('/business is not where systemd keeps a slice');
});

test('a nested slice outside of its parent is refused', async () => {
  mkdirSync(join(root, 'run/systemd/system'), { recursive: true });
  expect((await probe('/a-b.slice')).problem).toContain('/a-b.slice is not where systemd keeps a slice');
});

test('without systemd-run there is no driver', async () => {
  mkdirSync(join(root, 'run/systemd/system'), { recursive: true });
  expect((await probe()).problem).toBe('systemd-run is missing');
});
