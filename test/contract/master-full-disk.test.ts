import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createBackup } from '../../master/backup/create-backup.ts';
import { connectCockpit } from '../support/cockpit-peer.ts';
import { newStateDir, startMaster } from '../support/master.ts';
import { canMountDisks, fillDisk, mountSmallDisk, unmountSmallDisk } from '../support/small-disk.ts';

test.skipIf(!canMountDisks())(
  'on a full disk a change is refused for that reason, readyz says it, and reading goes on',
  async () => {
    const stateDir = newStateDir();
    expect(mountSmallDisk(stateDir)).toBe(true);
    try {
      const master = await startMaster({ stateDir });
      const admin = await connectCockpit(master);
      const create = (name: string) =>
        admin.call('service.create', { spec: { name, type: 'binary', entry: 'run.sh' } });
      const readiness = async (): Promise<unknown> => (await fetch(`${master.url}/readyz`)).json();
      try {
        await create('before');
        expect(await readiness()).toEqual({ ready: true, reasons: [] });
        fillDisk(stateDir);
        const refusal = { code: 'no_space', message: expect.stringContaining('sgridnext.db') };
        await expect(create('alone')).rejects.toMatchObject(refusal);
        for (const end of await Promise.allSettled(['a', 'b', 'c'].map(create)))
          expect(end).toMatchObject({ status: 'rejected', reason: refusal });
        expect(await readiness()).toMatchObject({
          ready: false,
          reasons: [expect.stringContaining('no space left')],
        });
        const { services } = await admin.call('service.list', {});
        expect(services.map(({ name }) => name)).toEqual(['before']);
        const database = join(stateDir, 'sgridnext.db');
        const file = join(stateDir, 'backup.tar.gz');
        const how = { withPackages: false, overwrite: false, now: () => 1, version: 'test' };
        await expect(createBackup({ stateDir, database, file, ...how })).rejects.toMatchObject({
          code: 'no_space',
        });
        rmSync(join(stateDir, 'fill'));
        await create('after');
        expect(await readiness()).toEqual({ ready: true, reasons: [] });
      } finally {
        admin.close();
        await master.close();
      }
    } finally {
      unmountSmallDisk(stateDir);
    }
  },
);

const MASTER = fileURLToPath(new URL('../../master/index.ts', import.meta.url));

test.skipIf(!canMountDisks())(
  'a master that is started on a full disk, or nearly, says so and ends with 1; so do its doctor and a backup to another disk',
  async () => {
    const [stateDir, elsewhere] = [newStateDir(), mkdtempSync(join(tmpdir(), 'sgrid-backup-'))];
    expect(mountSmallDisk(stateDir)).toBe(true);
    const sgridnext = (...argv: string[]) => {
      const all = [MASTER, '--state-dir', stateDir, ...argv];
      // One that starts against expectation must not run on.
      const how = { encoding: 'utf8', timeout: 60_000, killSignal: 'SIGKILL' } as const;
      return spawnSync(process.execPath, all, how);
    };
    const start = () => sgridnext('--http-port', '0');
    try {
      await (await startMaster({ stateDir })).close();
      const fill = join(stateDir, 'fill');
      const database = join(stateDir, 'sgridnext.db');
      const refusalOf = (file: string) => ({
        status: 1,
        stderr: `sgridnext: no space left for ${file}\n  free some space on that file system\n`,
      });
      fillDisk(stateDir);
      expect(start()).toMatchObject(refusalOf(join(stateDir, 'master.pid')));
      expect(sgridnext('--doctor')).toMatchObject({
        status: 1,
        stdout: expect.stringMatching(/^BAD +database +no space left for .*\n +→ free some space/m),
      });
      const backup = sgridnext('backup', join(elsewhere, 'backup.tar.gz'));
      expect(backup).toMatchObject({
        status: 1,
        stderr: `sgridnext: no space left for ${database} — free some space on that file system\n`,
      });
      // Room for the lock, and not for what SQLite puts beside its database.
      truncateSync(fill, statSync(fill).size - 8192);
      expect(start()).toMatchObject(refusalOf(database));
      rmSync(fill);
      expect(sgridnext('backup', join(elsewhere, 'backup.tar.gz'))).toMatchObject({ status: 0 });
      await (await startMaster({ stateDir })).close();
    } finally {
      unmountSmallDisk(stateDir);
      rmSync(elsewhere, { recursive: true, force: true });
    }
  },
);
