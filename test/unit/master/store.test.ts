import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NO_HEALTH } from '../../../common/domain/health.ts';
import { serviceSpecSchema } from '../../../common/domain/service.ts';
import { MIGRATIONS, type Migration } from '../../../master/store/migrations/index.ts';
import { openStore, type Store } from '../../../master/store/open-store.ts';
import type { NewRollout } from '../../../master/store/rollouts.ts';
import { nodeRecord } from '../../support/node-record.ts';
import { rolloutOf } from '../../support/rollouts.ts';

let directory: string;
let file: string;
const open: Store[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgridnext-store-'));
  file = join(directory, 'sgridnext.db');
});
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  rmSync(directory, { recursive: true, force: true });
});

async function openHere(migrations: readonly Migration[] = MIGRATIONS): Promise<Store> {
  const store = await openStore({ file, now: () => 1_700_000_000_000, migrations });
  open.push(store);
  return store;
}
async function reopen(migrations?: readonly Migration[]): Promise<Store> {
  for (const store of open.splice(0)) await store.close();
  return openHere(migrations);
}
const spec = (name: string) => serviceSpecSchema.parse({ name, type: 'binary' });
const addColumn: Migration = async (db) => {
  await db.schema.alterTable('services').addColumn('extra', 'text').execute();
};

test('pragmas: durable commits, foreign keys', async () => {
  const store = await openHere();
  await store.services.create(spec('web'), 1);
  const place = { serviceId: 99, nodeId: 99, host: 'h', port: 1, limits: {} };
  await expect(store.instances.create(place, 1)).rejects.toThrow('FOREIGN KEY');
  const db = new Sqlite(file);
  expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
  db.close();
});

test('a migration of a database that holds something is preceded by a copy, of its user only', async () => {
  const first = await openHere();
  expect(first.migratedFromBackup).toBeNull();
  await first.services.create(spec('web'), 1);
  const second = await reopen([...MIGRATIONS, addColumn]);
  const backup = second.migratedFromBackup ?? '';
  expect(statSync(backup).mode & 0o777).toBe(0o600);
  expect((await second.services.list()).map((service) => service.name)).toEqual(['web']);
  const copy = new Sqlite(backup, { readonly: true });
  expect(copy.prepare('SELECT name FROM services').all()).toEqual([{ name: 'web' }]);
  expect(copy.prepare('SELECT max(version) AS version FROM schema_migrations').get()).toEqual({
    version: MIGRATIONS.length,
  });
  copy.close();
  expect((await reopen([...MIGRATIONS, addColumn])).migratedFromBackup).toBeNull();
});

test('a migration that fails leaves the version before it, whole', async () => {
  await openHere();
  const failing: Migration = async (db) => {
    await addColumn(db);
    throw new Error('half-way');
  };
  await expect(reopen([...MIGRATIONS, failing])).rejects.toThrow('half-way');
  const store = await openHere();
  expect(store.migratedFromBackup).toBeNull();
  expect((await reopen([...MIGRATIONS, addColumn])).migratedFromBackup).not.toBeNull();
});

test('a schema from a newer release is refused, and nothing is copied', async () => {
  await openHere([...MIGRATIONS, addColumn]);
  await expect(reopen()).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining(`version ${MIGRATIONS.length + 1}`),
  });
  expect(readdirSync(directory).filter((name) => name.endsWith('.bak'))).toEqual([]);
});

test('an exception undoes the whole transaction', async () => {
  const store = await openHere();
  await expect(
    store.transaction(async (repositories) => {
      await repositories.services.create(spec('web'), 1);
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect(await store.services.list()).toEqual([]);
});

const figuresRow = (nodeId: number) => ({
  ...{ scope: 'node' as const, resolutionMs: 10_000, nodeId, at: 0, data: Uint8Array.of(nodeId) },
});
const figuresOf = async (store: Store, nodeId: number) =>
  (await store.history.read({ ...{ scope: 'node', resolutionMs: 10_000, nodeId, from: 0, to: 1 } })).length;

test('what is wanted is committed to the disk, figures are not waited for', async () => {
  const pragma = vi.spyOn(Sqlite.prototype, 'pragma');
  const store = await openHere();
  const connections = pragma.mock.contexts.filter((context) => context instanceof Sqlite);
  const [wanted, figures, ...others] = new Set(connections);
  pragma.mockRestore();
  expect(others).toEqual([]);
  const FULL = 2;
  const NORMAL = 1;
  expect(wanted?.pragma('synchronous', { simple: true })).toBe(FULL);
  expect(figures?.pragma('synchronous', { simple: true })).toBe(NORMAL);
  // Whichever commits last makes the checkpoint.
  const pages = [wanted, figures].map((each) => each?.pragma('wal_autocheckpoint', { simple: true }));
  expect(pages).toEqual([8_000, 8_000]);
  const rowsBy = (connection?: Sqlite.Database): unknown =>
    connection?.prepare('select total_changes()').pluck().get();
  await store.history.append([figuresRow(1)]);
  expect([rowsBy(wanted), rowsBy(figures)]).toEqual([expect.any(Number), 1]);
  await store.services.create(spec('web'), 1);
  await store.transaction(({ services }) => services.create(spec('app'), 1));
  expect(rowsBy(figures)).toBe(1);
});

test('figures wait for a transaction that is open, and others for figures; none finds the database locked', async () => {
  const store = await openHere();
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const { promise: written, resolve: hasWritten } = Promise.withResolvers<void>();
  const order: string[] = [];
  const transaction = store
    .transaction(async ({ services }) => {
      await services.create(spec('web'), 1);
      hasWritten();
      await held;
    })
    .then(() => order.push('transaction'));
  await written;
  const figures = store.history.append([figuresRow(1)]).then(() => order.push('figures'));
  // What is there is to be read meanwhile.
  expect(await figuresOf(store, 1)).toBe(0);
  letGo();
  await Promise.all([transaction, figures]);
  expect(order).toEqual(['transaction', 'figures']);
  await Promise.all(
    Array.from({ length: 20 }, (_, at) => [
      store.history.append([figuresRow(2)]),
      store.transaction(({ services }) => services.create(spec(`in-${at}`), 1)),
      store.services.create(spec(`out-${at}`), 1),
      store.history.prune({ ...{ scope: 'node', resolutionMs: 10_000, before: 0, limit: 5 } }),
    ]).flat(),
  );
  expect(await figuresOf(store, 2)).toBe(20);
  expect(await store.services.list()).toHaveLength(41);
});

async function placed(store: Store): Promise<number> {
  const { serviceId } = await store.services.create(spec('web'), 1);
  await store.nodes.report(nodeRecord(), 1);
  const place = { serviceId, nodeId: 1, host: 'h', port: 80, limits: { pids: 5 } };
  return (await store.instances.create(place, 1)).instanceId;
}

test('every change of an instance raises its revision by one, also side by side', async () => {
  const store = await openHere();
  const instanceId = await placed(store);
  const changes = await Promise.all(
    Array.from({ length: 20 }, () => store.instances.change(instanceId, { restart: true })),
  );
  const revisions = changes.map((change) => change.revision);
  expect(new Set(revisions).size).toBe(20);
  expect(Math.max(...revisions)).toBe(21);
  const last = await store.instances.change(instanceId, { desired: 'running', aboveRevision: 100 });
  expect(last).toMatchObject({
    revision: 101,
    restartGeneration: 20,
    desired: 'running',
    limits: { pids: 5 },
  });
  await expect(store.instances.change(999, {})).rejects.toMatchObject({ code: 'not_found' });
});

test('the number of a removed instance is never given out again, and its status goes with it', async () => {
  const store = await openHere();
  const instanceId = await placed(store);
  const status = {
    instanceId,
    revision: 1,
    state: 'stopped' as const,
    reason: '',
    stateSince: 1,
    pid: null,
    startedAt: null,
    adopted: false,
    release: null,
    restarts: 0,
    lastExit: null,
    nextStartAt: null,
    cgroup: '',
    health: NO_HEALTH,
  };
  await store.instances.saveStatuses([status, { ...status, restarts: 2 }], 1);
  expect(await store.instances.statuses()).toEqual([{ ...status, restarts: 2 }]);
  await store.instances.remove(instanceId);
  expect(await store.instances.statuses()).toEqual([]);
  const place = { serviceId: 1, nodeId: 1, host: 'h', port: 80, limits: {} };
  expect((await store.instances.create(place, 1)).instanceId).toBeGreaterThan(instanceId);
});

test('who has a port or a number is named with its node as people call it', async () => {
  const store = await openHere();
  const instanceId = await placed(store);
  await store.nodes.report(nodeRecord({ nodeId: 1, alias: 'alpha' }), 1);
  const [{ port = 0 } = {}] = await store.instances.list();
  const place = { serviceId: 1, nodeId: 1, host: 'h', port, limits: {} };
  await expect(store.instances.create(place, 1)).rejects.toThrow(
    `port ${port} on node alpha belongs to instance ${instanceId} of "web"`,
  );
  const held = { ...place, desired: 'running', revision: 1, restartGeneration: 0 } as const;
  const other = { ...held, instanceId: 99, release: null, config: null };
  await expect(store.instances.takeOver(other, 1)).rejects.toThrow(
    `port ${port} belongs to instance ${instanceId} of "web" on node alpha`,
  );
});

test('one running rollout per service, kept with its steps in order', async () => {
  const store = await openHere();
  const instanceId = await placed(store);
  const release = await store.releases.create({
    serviceId: 1,
    version: 'v1',
    message: '',
    sha256: 'a'.repeat(64),
    sizeBytes: 9,
    uploadedBy: 'x',
    uploadedAt: 1,
  });
  const { releaseId, version } = release;
  const step = {
    nodeId: 1,
    port: 8080,
    action: 'deploy',
    peerId: null,
    release: { releaseId, version },
    previous: null,
    previousDesired: 'stopped',
  } as const;
  const { options } = rolloutOf();
  const fresh: NewRollout = {
    ...{ kind: 'deploy', nodeId: null, serviceId: 1, actor: 'ann', message: 'friday', options, startedAt: 5 },
    steps: [
      { ...step, instanceId: 77 },
      { ...step, instanceId, previous: { releaseId, version }, previousDesired: 'running' },
    ],
  };
  const rollout = await store.rollouts.create(fresh);
  expect(rollout.steps.map((step) => step.instanceId)).toEqual([77, instanceId]);
  await expect(store.rollouts.create(fresh)).rejects.toMatchObject({
    code: 'conflict',
    message: 'rollout 1 of "web" to v1 by ann (friday) is running, since 1970-01-01 00:00:00 UTC',
  });
  expect(rollout.steps[0]).toMatchObject({ previous: null, previousDesired: 'stopped' });
  expect(rollout.steps[1]).toMatchObject({ previous: { releaseId, version }, previousDesired: 'running' });
  expect(await store.rollouts.heldReleaseIds()).toEqual([releaseId]);
  const steps = rollout.steps.map((each) => ({ ...each, state: 'failed' as const, appliedAt: 7 }));
  const failed = { ...rollout, state: 'failed' as const, reason: 'why', endedAt: 9, steps };
  await store.rollouts.save(rollout, failed);
  expect(await store.rollouts.byId(rollout.rolloutId)).toEqual(failed);
  expect(await store.rollouts.open()).toEqual([]);
  expect(await store.rollouts.heldReleaseIds()).toEqual([]);
  await store.rollouts.create(fresh);
});

test('of events, about the newest are kept', async () => {
  const store = await openHere();
  const event = (message: string) => ({
    eventId: randomUUID(),
    at: 1,
    kind: 'command' as const,
    instanceId: null,
    nodeId: null,
    serviceId: null,
    actor: 'x',
    result: 'ok' as const,
    message,
  });
  await store.events.append(Array.from({ length: 10 }, (_, at) => event(`m${at}`)));
  await store.events.prune(3);
  const kept = await store.events.list({ limit: 100 });
  expect(kept.map((entry) => entry.message)).toEqual(['m9', 'm8', 'm7']);
});

test('a version keeps its content, also when its release was removed', async () => {
  const store = await openHere();
  const { serviceId } = await store.services.create(spec('web'), 1);
  const fresh = { serviceId, version: 'v1', message: '', sizeBytes: 9, uploadedBy: 'x', uploadedAt: 1 };
  const first = await store.releases.create({ ...fresh, sha256: 'a'.repeat(64) });
  const again = store.releases.create({ ...fresh, sha256: 'a'.repeat(64) });
  await expect(again).rejects.toMatchObject({ code: 'already_exists' });
  await store.releases.remove([first.releaseId], 5);
  expect(await store.releases.list()).toEqual([]);
  const other = store.releases.create({ ...fresh, sha256: 'b'.repeat(64) });
  await expect(other).rejects.toMatchObject({ code: 'already_exists' });
  expect(await store.releases.create({ ...fresh, sha256: 'a'.repeat(64) })).toEqual(first);
});

test('a token for joining is bound once', async () => {
  const store = await openHere();
  const token = {
    name: 'join',
    role: 'agent',
    hash: 'h',
    createdAt: 1,
    createdBy: 'x',
    isJoin: true,
  } as const;
  await store.tokens.create({ ...token, expiresAt: 9 });
  expect(await store.tokens.bind('join', 7)).toMatchObject({ nodeId: 7, expiresAt: null });
  await expect(store.tokens.bind('join', 8)).rejects.toMatchObject({ code: 'forbidden' });
  await store.tokens.create({ ...token, name: 'plain', hash: 'i', isJoin: false, expiresAt: null });
  await expect(store.tokens.bind('plain', 8)).rejects.toMatchObject({ code: 'forbidden' });
  expect((await store.tokens.list()).map(({ nodeId }) => nodeId)).toEqual([7, null]);
});
