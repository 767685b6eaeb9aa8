import type { Kysely } from 'kysely';
import { SgridError } from '../../common/protocol/errors.ts';
import type { Migration } from './migrations/index.ts';
import type { Database } from './schema.ts';

/** What happens ahead of the first change to a database that holds something. */
export type BeforeMigrating = (fromVersion: number) => Promise<void>;

/**
 * Brings a database to the newest version, all steps in one transaction: a crash leaves the old version.
 *
 * @returns the version it had before.
 * @throws SgridError `conflict` when a newer product has migrated it; it is not touched then.
 */
export async function migrate(
  db: Kysely<Database>,
  migrations: readonly Migration[],
  now: number,
  before: BeforeMigrating,
): Promise<number> {
  const version = await schemaVersion(db);
  if (version > migrations.length) {
    throw new SgridError(
      'conflict',
      `the database has schema version ${version}, this sgridnext knows up to ${migrations.length}`,
      {
        hint: 'start the newer sgridnext that wrote it, or restore the backup that it made beside the database',
      },
    );
  }
  if (version === migrations.length) return version;
  if (version > 0) await before(version);
  await db.transaction().execute(async (transaction) => {
    await transaction.schema
      .createTable('schema_migrations')
      .ifNotExists()
      .addColumn('version', 'integer', (column) => column.primaryKey())
      .addColumn('appliedAt', 'integer', (column) => column.notNull())
      .execute();
    for (const [index, migration] of migrations.entries()) {
      if (index < version) continue;
      await migration(transaction);
      await transaction
        .insertInto('schema_migrations')
        .values({ version: index + 1, appliedAt: now })
        .execute();
    }
  });
  return version;
}

async function schemaVersion(db: Kysely<Database>): Promise<number> {
  const tables = await db.introspection.getTables();
  if (!tables.some((table) => table.name === 'schema_migrations')) return 0;
  const row = await db
    .selectFrom('schema_migrations')
    .select((column) => column.fn.max('version').as('version'))
    .executeTakeFirst();
  return row?.version ?? 0;
}
