import type Sqlite from 'better-sqlite3';
import { type Dialect, SqliteDialect } from 'kysely';

/**
 * Kysely's dialect, with an undoing that is not in the way of its reason: after some errors, a full disk among them, SQLite has
 * undone the whole transaction by itself (sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction"), and
 * `rollback` fails for want of one. Whoever waits would be told that instead.
 */
export function createDialect(sqlite: Sqlite.Database): Dialect {
  const dialect = new SqliteDialect({ database: sqlite });
  return {
    createAdapter: () => dialect.createAdapter(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createDriver() {
      const driver = dialect.createDriver();
      const rollBack = driver.rollbackTransaction.bind(driver);
      driver.rollbackTransaction = async (connection) => {
        if (sqlite.inTransaction) await rollBack(connection);
      };
      return driver;
    },
  };
}
