import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

/** The port of each instance of a rollout, which it is named by when it is gone. */
export async function stepPorts(db: Kysely<Database>): Promise<void> {
  await db.schema.alterTable('rollout_steps').addColumn('port', 'integer').execute();
  await sql`
    update rollout_steps
    set port = (select port from instances where instances.instanceId = rollout_steps.instanceId)
  `.execute(db);
}
