import type { Kysely } from 'kysely';
import type { Database } from '../schema.ts';

/** The events themselves are the queue: a webhook has a place in it. */
export async function webhooks(db: Kysely<Database>): Promise<void> {
  await db.schema
    .createTable('webhooks')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('deliveredSeq', 'integer', (column) => column.notNull())
    .execute();
}
