import type { Kysely } from 'kysely';
import type { Database } from '../schema.ts';

/** Figures over time, and ways to the events of a node or a service. */
export async function figuresHistory(db: Kysely<Database>): Promise<void> {
  // No foreign key: a row of a node that is removed at the same time would undo a whole flush.
  await db.schema
    .createTable('figures_history')
    .addColumn('rowId', 'integer', (column) => column.primaryKey())
    .addColumn('scope', 'text', (column) => column.notNull())
    .addColumn('resolutionMs', 'integer', (column) => column.notNull())
    .addColumn('nodeId', 'integer', (column) => column.notNull())
    .addColumn('at', 'integer', (column) => column.notNull())
    .addColumn('data', 'blob', (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('figures_history_series')
    .on('figures_history')
    .columns(['nodeId', 'scope', 'resolutionMs', 'at'])
    .execute();
  await db.schema
    .createIndex('figures_history_age')
    .on('figures_history')
    .columns(['scope', 'resolutionMs', 'at'])
    .execute();
  await db.schema.createIndex('events_service').on('events').columns(['serviceId', 'seq']).execute();
  await db.schema.createIndex('events_node').on('events').columns(['nodeId', 'seq']).execute();
}
