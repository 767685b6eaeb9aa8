import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { MIGRATIONS } from '../../../master/store/migrations/index.ts';
import { openStore } from '../../../master/store/open-store.ts';

test('a rollout of the first schema that was under way is carried on as what it was', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sgridnext-migrate-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'sgridnext.db');
  const now = () => 1_700_000_000_000;
  await (await openStore({ file, now, migrations: MIGRATIONS.slice(0, 1) })).close();
  const db = new Sqlite(file);
  db.exec(`
    insert into services values (1, 'web', '{}', 1);
    insert into releases values (4, 1, 'v4', '', '${'a'.repeat(64)}', 9, 'ann', 1);
    insert into rollouts values (1, 1, 4, 'ann', 'failed', 10, 20), (2, 1, 4, 'bob', 'running', 30, null);
    insert into rollout_steps values
      (1, 0, 1, 1, 'failed', 'why', 0), (2, 0, 1, 1, 'applying', '', 9), (2, 1, 2, 1, 'pending', '', 0);
  `);
  db.close();

  const store = await openStore({ file, now });
  onTestFinished(() => store.close());
  const [rollout] = await store.rollouts.open();
  expect(rollout).toMatchObject({
    ...{ rolloutId: 2, version: 'v4', state: 'running', isPromoted: true, message: '', reason: '' },
    options: { maxUnavailable: 1, canary: 0, onFailure: 'stop' },
  });
  expect(rollout?.steps).toMatchObject([
    { state: 'applying', release: { releaseId: 4, version: 'v4' }, previous: null, appliedAt: 30 },
    { state: 'pending', release: { releaseId: 4, version: 'v4' }, previous: null, appliedAt: null },
  ]);
  const { options, steps } = rollout ?? { steps: [] };
  if (options === undefined) throw new Error('no rollout');
  const next = {
    kind: 'deploy' as const,
    nodeId: null,
    serviceId: 1,
    actor: 'cid',
    message: '',
    options,
    startedAt: 40,
    steps,
  };
  await expect(store.rollouts.create(next)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('rollout 2 of "web" to v4 by bob'),
  });
  expect(await store.rollouts.byId(1)).toMatchObject({ state: 'failed', steps: [{ reason: 'why' }] });
});
