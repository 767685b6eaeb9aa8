import type { Kysely } from 'kysely';
import type { Database } from '../schema.ts';

/** What was said, with its facts apart: a cockpit of another language says it in its own. What is there already stays English. */
export async function saidTexts(db: Kysely<Database>): Promise<void> {
  await db.schema.alterTable('events').addColumn('saidJson', 'text').execute();
  await db.schema.alterTable('rollouts').addColumn('saidJson', 'text').execute();
  await db.schema.alterTable('rollout_steps').addColumn('saidJson', 'text').execute();
}
