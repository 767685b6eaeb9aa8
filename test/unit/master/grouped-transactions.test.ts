import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Kysely } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { groupTransactions, type RunInTransaction } from '../../../master/store/grouped-transactions.ts';
import type { Database } from '../../../master/store/schema.ts';
import { createDialect } from '../../../master/store/sqlite-dialect.ts';

let directory: string;
let sqlite: Sqlite.Database;
/** Another connection: it sees what is committed. */
let other: Sqlite.Database;
let db: Kysely<Database>;
let inTransaction: RunInTransaction;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-grouped-'));
  sqlite = new Sqlite(join(directory, 'db'));
  sqlite.pragma('journal_mode = WAL');
  sqlite.exec('create table services (name text primary key, specJson text, createdAt integer)');
  other = new Sqlite(join(directory, 'db'));
  db = new Kysely<Database>({ dialect: createDialect(sqlite) });
  inTransaction = groupTransactions(db);
});

afterEach(async () => {
  other.close();
  await db.destroy();
  rmSync(directory, { recursive: true, force: true });
});

const committed = (): unknown[] => other.prepare('select name from services order by name').pluck().all();
const insert = (transaction: Kysely<Database>, name: string, specJson = '{}'): Promise<unknown> =>
  transaction.insertInto('services').values({ name, specJson, createdAt: 0 }).execute();

/** Holds the connection until it is let go, so that what is asked for meanwhile waits. */
function hold(): { held: Promise<void>; letGo: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { held: inTransaction(() => promise), letGo: resolve };
}

test('those that wait at the same time are committed together, in their order, and answered when that is done', async () => {
  const { held, letGo } = hold();
  const seenByOthers: unknown[] = [];
  const works = ['a', 'b', 'c'].map((name) =>
    inTransaction(async (transaction) => {
      seenByOthers.push(committed());
      await insert(transaction, name);
      return name;
    }).then((value) => [value, committed()]),
  );
  letGo();
  await held;
  const all = ['a', 'b', 'c'];
  expect(await Promise.all(works)).toEqual(all.map((name) => [name, all]));
  expect(seenByOthers).toEqual([[], [], []]);
});

test('one that fails undoes what it did, and nothing of the others', async () => {
  const { held, letGo } = hold();
  const before = inTransaction((transaction) => insert(transaction, 'before'));
  const failing = inTransaction(async (transaction) => {
    await insert(transaction, 'failing');
    throw new Error('thought better of it');
  });
  const twice = inTransaction((transaction) => insert(transaction, 'before'));
  const behind = inTransaction((transaction) => insert(transaction, 'behind'));
  const settled = Promise.allSettled([before, failing, twice, behind]);
  letGo();
  await held;
  expect((await settled).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'rejected',
    'fulfilled',
  ]);
  await expect(failing).rejects.toThrow('thought better of it');
  await expect(twice).rejects.toThrow('UNIQUE');
  expect(committed()).toEqual(['before', 'behind']);
});

test('one alone that fails is undone as well', async () => {
  const failing = inTransaction(async (transaction) => {
    await insert(transaction, 'failing');
    throw new Error('thought better of it');
  });
  await expect(failing).rejects.toThrow('thought better of it');
  expect(committed()).toEqual([]);
});

test('on a full disk whoever was told that it worked finds it there, and nobody else’s', async () => {
  const pages = Number(sqlite.pragma('page_count', { simple: true }));
  sqlite.pragma(`max_page_count = ${pages + 2}`);
  const { held, letGo } = hold();
  const small = inTransaction((transaction) => insert(transaction, 'small'));
  const large = inTransaction((transaction) => insert(transaction, 'large', 'x'.repeat(1_000_000)));
  const settled = Promise.allSettled([small, large]);
  letGo();
  await held;
  const [smallEnd, largeEnd] = await settled;
  expect(largeEnd).toMatchObject({ status: 'rejected', reason: { code: 'SQLITE_FULL' } });
  expect(committed()).toEqual(smallEnd?.status === 'fulfilled' ? ['small'] : []);
  const alone = inTransaction((transaction) => insert(transaction, 'alone', 'x'.repeat(1_000_000)));
  await expect(alone).rejects.toMatchObject({ code: 'SQLITE_FULL' });
  sqlite.pragma('max_page_count = 100000');
  await inTransaction((transaction) => insert(transaction, 'later'));
  expect(committed()).toContain('later');
});
