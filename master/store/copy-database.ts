import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { explainSqliteError, isNearlyFull } from './open-store.ts';

/** All pages in one step: between two, a write of the master would make SQLite begin anew (sqlite.org/backup.html). */
const ALL_PAGES = 0x7fffffff;

/**
 * Copies a database as it is at one moment, also while a master has it open and writes.
 *
 * @param to is made; must not exist
 * @throws SgridError `no_space` of either disk, `permission_denied`; SqliteError when `from` cannot be opened
 */
export async function copyDatabase(from: string, to: string): Promise<void> {
  const sqlite = new Sqlite(from, { readonly: true, fileMustExist: true, timeout: 10_000 });
  try {
    await sqlite.backup(to, { progress: () => ALL_PAGES });
  } catch (error) {
    // To be read it takes a file beside it, which readers share.
    throw explainSqliteError(error, isNearlyFull(dirname(from)) ? from : to);
  } finally {
    sqlite.close();
  }
  const copy = new Sqlite(to);
  try {
    // One file, without a log beside it.
    copy.pragma('journal_mode = DELETE');
  } catch (error) {
    throw explainSqliteError(error, to);
  } finally {
    copy.close();
  }
}

/** The packages that releases of a database have. */
export function packagesOf(file: string): string[] {
  const sqlite = new Sqlite(file, { readonly: true, fileMustExist: true });
  try {
    const rows = sqlite.prepare('select distinct sha256 from releases where removedAt is null').all();
    return (rows as { sha256: string }[]).map(({ sha256 }) => sha256);
  } finally {
    sqlite.close();
  }
}
