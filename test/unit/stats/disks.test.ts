import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDisks, readDisks } from '../../../node/stats/disks.ts';
import { mountOf, parseMounts } from '../../../node/stats/mounts.ts';
import { waitFor } from '../../support/wait-for.ts';

const MOUNTS = parseMounts(
  [
    '27 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw',
    '40 27 254:2 / /var rw - ext4 /dev/vdb rw',
    '41 40 254:3 / /var/lib/my\\040data rw - xfs /dev/vdc rw',
    '42 27 0:50 /@home /home rw - btrfs /dev/vdd rw,subvol=/@home',
    '43 27 0:50 /@logs /logs rw - btrfs /dev/vdd rw,subvol=/@logs',
    '44 27 254:9 / /var rw - ext4 /dev/vde rw',
  ].join('\n'),
);

let directory: string;
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'sgrid-disks-')));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('a path is on the longest mount point above it, by whole names, and the later of two', () => {
  const at = (path: string): string | undefined => mountOf(path, MOUNTS)?.device;
  expect([at('/'), at('/varied/x'), at('/var'), at('/var/log')]).toEqual([
    '254:1',
    '254:1',
    '254:9',
    '254:9',
  ]);
  expect(at('/var/lib/my data/x')).toBe('254:3');
  expect(at('/home/a')).toBe(at('/logs/b'));
  expect(mountOf('/x', [])).toBeNull();
});

test('real file systems as df shows them, each once, the first directory first, through links', async () => {
  mkdirSync(join(directory, 'logs'));
  symlinkSync('/dev/shm', join(directory, 'linked'));
  const disks = await readDisks(
    [directory, join(directory, 'logs'), join(directory, 'none'), join(directory, 'linked')],
    '/proc',
  );
  expect(disks.map(({ mountPoint }) => mountPoint)).toEqual([await dfOf(directory, 'target'), '/dev/shm']);
  // Others write to this disk meanwhile, and nobody changes its size.
  expect(disks[0]?.totalBytes).toBe(Number(await dfOf(directory, 'size')));
  const used = Number(await dfOf(directory, 'used'));
  expect(Math.abs((disks[0]?.usedBytes ?? 0) - used)).toBeLessThan((disks[0]?.totalBytes ?? 0) / 100);
});

test('asked again after a while only, never while still being asked, and what was known stays', async () => {
  let nowMs = 0;
  const procRoot = join(directory, 'proc');
  mkdirSync(join(procRoot, 'self'), { recursive: true });
  const write = (mountPoint: string): void =>
    writeFileSync(join(procRoot, 'self/mountinfo'), `1 0 254:1 / ${mountPoint} rw - ext4 /dev/vda rw\n`);
  write('/');
  const disks = createDisks({ directories: [directory], procRoot, monotonicClock: () => nowMs });
  const mountPoint = (): string | undefined => disks.figures()[0]?.mountPoint;
  expect(disks.figures()).toEqual([]);
  await waitFor('the first answer', () => mountPoint() === '/');
  write(directory);
  nowMs = 4_999;
  expect(mountPoint()).toBe('/');
  await readDisks([directory], procRoot);
  expect(mountPoint()).toBe('/');
  nowMs = 5_000;
  await waitFor('the second answer', () => mountPoint() === directory);
  rmSync(join(procRoot, 'self/mountinfo'));
  nowMs = 20_000;
  disks.figures();
  await expect(readDisks([directory], procRoot)).rejects.toThrow('ENOENT');
  expect(mountPoint()).toBe(directory);
});

async function dfOf(path: string, field: string): Promise<string> {
  const { stdout } = await execa('df', ['-B1', `--output=${field}`, path]);
  return stdout.split('\n')[1]?.trim() ?? '';
}
