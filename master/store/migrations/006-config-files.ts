import type { Kysely } from 'kysely';
import type { Database } from '../schema.ts';

/** `scope` is the instance that a file is for, or 0: NULLs would all be different to a unique constraint. */
export async function configFiles(db: Kysely<Database>): Promise<void> {
  await db.schema
    .createTable('config_versions')
    .addColumn('versionId', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('serviceId', 'integer', (column) =>
      column.notNull().references('services.serviceId').onDelete('cascade'),
    )
    .addColumn('scope', 'integer', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('content', 'text')
    .addColumn('sizeBytes', 'integer', (column) => column.notNull())
    .addColumn('sha256', 'text', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('at', 'integer', (column) => column.notNull())
    .addColumn('message', 'text', (column) => column.notNull())
    .addUniqueConstraint('config_versions_name', ['serviceId', 'scope', 'name', 'version'])
    .execute();

  await db.schema
    .createTable('config_secrets')
    .addColumn('secretId', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('serviceId', 'integer', (column) =>
      column.notNull().references('services.serviceId').onDelete('cascade'),
    )
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('keyId', 'text', (column) => column.notNull())
    .addColumn('sealed', 'text', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('at', 'integer', (column) => column.notNull())
    .addUniqueConstraint('config_secrets_name', ['serviceId', 'name', 'version'])
    .execute();

  await db.schema
    .createTable('config_publications')
    .addColumn('revision', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('serviceId', 'integer', (column) =>
      column.notNull().references('services.serviceId').onDelete('cascade'),
    )
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('at', 'integer', (column) => column.notNull())
    .addColumn('message', 'text', (column) => column.notNull())
    .addColumn('actionJson', 'text', (column) => column.notNull())
    .addColumn('isWhole', 'integer', (column) => column.notNull())
    .addColumn('filesJson', 'text', (column) => column.notNull())
    .execute();

  await db.schema.alterTable('instances').addColumn('configJson', 'text').execute();
  await db.schema.alterTable('instances').addColumn('nextConfigJson', 'text').execute();
}
