import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NO_HEALTH } from '../../../common/domain/health.ts';
import { MIGRATIONS } from '../../../master/store/migrations/index.ts';
import { openStore } from '../../../master/store/open-store.ts';

const SHA256 = 'a'.repeat(64);
const LATEST = MIGRATIONS.length;
const OLDER = MIGRATIONS.slice(1).map((_, index) => index + 1);

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgridnext-levels-'));
  file = join(directory, 'sgridnext.db');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** As a product did that knew migrations up to this one. */
const open = (level: number) =>
  openStore({ file, now: () => 1_700_000_000_000, migrations: MIGRATIONS.slice(0, level) });
const levelOf = (database: string): unknown => {
  const db = new Sqlite(database, { readonly: true });
  try {
    return db.prepare('select max(version) from schema_migrations').pluck().get();
  } finally {
    db.close();
  }
};

/** A database of the first version with something of everything, brought by its own migrations to `level`. */
async function databaseOf(level: number): Promise<void> {
  await (await open(1)).close();
  const status = {
    ...{ instanceId: 1, revision: 3, state: 'running', reason: '', stateSince: 1, pid: 77, startedAt: 1 },
    ...{ adopted: false, release: null, restarts: 2, lastExit: null, nextStartAt: null, cgroup: '' },
    health: NO_HEALTH,
  };
  const db = new Sqlite(file);
  db.exec(`
    insert into nodes values (1, 'agent-1', 'alpha', '10.0.0.1', null, 5, 9, 1);
    insert into services values (1, 'web', '{"name":"web","type":"node"}', 1);
    insert into releases values (4, 1, 'v4', 'first', '${SHA256}', 9, 'ann', 1);
    insert into instances values (1, 1, 1, 'h', 8080, '{"pids":5}', 'running', 3, 2, 4, 0, 1);
    insert into instance_status values (1, '${JSON.stringify(status)}', 1);
    insert into rollouts values (1, 1, 4, 'ann', 'succeeded', 10, 20);
    insert into rollout_steps values (1, 0, 1, 1, 'done', '', 9);
    insert into events values (1, '00000000-0000-4000-8000-000000000000', 1, 'instance.started', 1, 1, 1, 'agent', 'ok', 'it runs');
    insert into tokens values (1, 'ann', 'operator', '${'b'.repeat(64)}', 1);
  `);
  db.close();
  await (await open(level)).close();
  for (const name of readdirSync(directory)) if (name.endsWith('.bak')) rmSync(join(directory, name));
}

test.each(OLDER)(
  'a database of version %i is copied, brought to the newest with all that it holds, and closed to the old',
  async (level) => {
    await databaseOf(level);
    expect(levelOf(file)).toBe(level);
    const store = await open(LATEST);
    const copy = store.migratedFromBackup ?? '';
    expect(await store.nodes.list()).toMatchObject([{ nodeId: 1, alias: 'alpha', agentId: 'agent-1' }]);
    expect(await store.services.list()).toMatchObject([{ name: 'web', type: 'node' }]);
    expect(await store.releases.list()).toMatchObject([{ releaseId: 4, version: 'v4', sha256: SHA256 }]);
    expect(await store.instances.list()).toMatchObject([
      { instanceId: 1, port: 8080, revision: 3, desired: 'running', limits: { pids: 5 } },
    ]);
    expect(await store.instances.statuses()).toMatchObject([{ pid: 77, restarts: 2 }]);
    const rollout = {
      state: 'succeeded',
      version: 'v4',
      steps: [{ state: 'done', instanceId: 1, port: 8080 }],
    };
    expect(await store.rollouts.list({ limit: 5 })).toMatchObject([rollout]);
    expect(await store.events.list({ limit: 5 })).toMatchObject([{ message: 'it runs' }]);
    expect(await store.tokens.list()).toMatchObject([{ name: 'ann', role: 'operator', revokedAt: null }]);
    await store.close();
    const db = new Sqlite(file, { readonly: true });
    expect([db.pragma('foreign_key_check'), db.pragma('integrity_check', { simple: true })]).toEqual([
      [],
      'ok',
    ]);
    db.close();

    const migrated = readFileSync(file);
    await expect(open(level)).rejects.toMatchObject({
      code: 'conflict',
      message: `the database has schema version ${LATEST}, this sgridnext knows up to ${level}`,
      hint: expect.stringContaining('restore the backup'),
    });
    expect(readFileSync(file).equals(migrated)).toBe(true);
    // The copy is what the older one goes on with.
    expect(levelOf(copy)).toBe(level);
    file = copy;
    await (await open(level)).close();
  },
);
