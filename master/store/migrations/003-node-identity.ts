import type { Kysely } from 'kysely';
import type { Database } from '../schema.ts';

/** Who may speak for a node, and what operators say of it. */
export async function nodeIdentity(db: Kysely<Database>): Promise<void> {
  await db.schema
    .alterTable('nodes')
    .addColumn('machineId', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  await db.schema
    .alterTable('nodes')
    .addColumn('isReplaceable', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema
    .alterTable('nodes')
    .addColumn('isCordoned', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema
    .alterTable('nodes')
    .addColumn('outerAddress', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
}
