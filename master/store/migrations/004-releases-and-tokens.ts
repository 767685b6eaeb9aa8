import type { Kysely } from 'kysely';
import type { Database } from '../schema.ts';

/** Releases and tokens that are gone stay as rows: the history of rollouts and events names them. */
export async function releasesAndTokens(db: Kysely<Database>): Promise<void> {
  await db.schema.alterTable('releases').addColumn('removedAt', 'integer').execute();
  await db.schema.alterTable('tokens').addColumn('revokedAt', 'integer').execute();
  await db.schema.alterTable('tokens').addColumn('expiresAt', 'integer').execute();
  await db.schema.alterTable('tokens').addColumn('nodeId', 'integer').execute();
  await db.schema
    .alterTable('tokens')
    .addColumn('isJoin', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema
    .alterTable('tokens')
    .addColumn('createdBy', 'text', (column) => column.notNull().defaultTo('master'))
    .execute();
}
