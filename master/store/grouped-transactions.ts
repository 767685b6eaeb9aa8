import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

/** Runs `work` in a transaction; an exception undoes all of it. */
export type RunInTransaction = <T>(work: (db: Kysely<Database>) => Promise<T>) => Promise<T>;

interface Waiting {
  /** Does its work in a savepoint of its own, or all alone. @returns how to tell whoever waits, once that is durable */
  run(db: Kysely<Database>, isAlone: boolean): Promise<() => void>;
  reject(error: unknown): void;
}

/** So that the first of a group does not wait long for the last: about a millisecond each. */
const GROUP_SIZE = 32;

/**
 * One commit for all that wait at the same time. A commit waits for the disk, milliseconds each, and there is one connection: a
 * thousand agents that come back together would otherwise take longer than they wait for their answer, and come again.
 *
 * Each work has a savepoint (sqlite.org/lang_savepoint.html), so that one that fails undoes nothing of the others. What has to be
 * undone because it could not be committed fails for all of the group. Works run in the order in which they were given,
 * one after another; nobody is answered before the commit.
 */
export function groupTransactions(db: Kysely<Database>): RunInTransaction {
  const queue: Waiting[] = [];
  let isRunning = false;

  const runGroup = async (group: readonly Waiting[]): Promise<void> => {
    try {
      const settle = await db.transaction().execute(async (transaction) => {
        const settled: (() => void)[] = [];
        for (const each of group) settled.push(await each.run(transaction, group.length === 1));
        return settled;
      });
      for (const tell of settle) tell();
    } catch (error) {
      for (const each of group) each.reject(error);
    }
  };
  const runAll = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    while (queue.length > 0) await runGroup(queue.splice(0, GROUP_SIZE));
    isRunning = false;
  };

  return <T>(work: (db: Kysely<Database>) => Promise<T>): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    queue.push({
      reject,
      async run(transaction, isAlone) {
        if (isAlone) {
          const value = await work(transaction);
          return () => resolve(value);
        }
        await sql`savepoint work`.execute(transaction);
        let value: T;
        try {
          value = await work(transaction);
        } catch (error) {
          try {
            await sql`rollback to work`.execute(transaction);
            await sql`release work`.execute(transaction);
          } catch {
            // After some errors (a full disk) SQLite has undone the whole transaction: the group fails, for that reason.
            throw error;
          }
          return () => reject(error);
        }
        await sql`release work`.execute(transaction);
        return () => resolve(value);
      },
    });
    void runAll();
    return promise;
  };
}
