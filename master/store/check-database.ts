import Sqlite from 'better-sqlite3';
import { MIGRATIONS } from './migrations/index.ts';

/** What is to be seen of a database without changing it, also while a master has it open. */
export interface DatabaseCheck {
  /** `ok`, or what SQLite found damaged. */
  integrity: string;
  schemaVersion: number;
  /** The schema that this product would make of it. */
  newestSchemaVersion: number;
}

/** @throws SqliteError when the file is absent, unreadable, or no database. */
export function checkDatabase(file: string): DatabaseCheck {
  const sqlite = new Sqlite(file, { readonly: true, fileMustExist: true, timeout: 5_000 });
  try {
    const integrity = String(sqlite.pragma('quick_check(1)', { simple: true }));
    const row = sqlite.prepare('select max(version) as version from schema_migrations').get();
    const { version } = (row ?? {}) as { version?: number | null };
    return { integrity, schemaVersion: version ?? 0, newestSchemaVersion: MIGRATIONS.length };
  } finally {
    sqlite.close();
  }
}
