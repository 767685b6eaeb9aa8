import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

/**
 * Rollouts that restart or move instances beside those that deploy; and what an instance goes on being started with until a
 * restart has its turn.
 */
export async function restartsAndDrains(db: Kysely<Database>): Promise<void> {
  await db.schema
    .alterTable('rollouts')
    .addColumn('kind', 'text', (column) => column.notNull().defaultTo('deploy'))
    .execute();
  await db.schema.alterTable('rollouts').addColumn('nodeId', 'integer').execute();
  await db.schema
    .alterTable('rollout_steps')
    .addColumn('action', 'text', (column) => column.notNull().defaultTo('deploy'))
    .execute();
  await db.schema.alterTable('rollout_steps').addColumn('peerId', 'integer').execute();
  await db.schema.alterTable('instances').addColumn('heldLaunchJson', 'text').execute();
  // A restart for other config files was no rollout before: whoever still waited for its turn keeps what it has.
  await sql`update instances set nextConfigJson = null`.execute(db);
}
