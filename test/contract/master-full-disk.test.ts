import { rmSync } from 'node:fs';
import { join } from 'node:path';
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
