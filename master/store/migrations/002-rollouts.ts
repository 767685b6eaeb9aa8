import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

/**
 * Rollouts with options, a roll-back and more states. Versions are written down in each step: history stays readable when a
 * release is gone.
 */
export async function rollouts(db: Kysely<Database>): Promise<void> {
  const options = {
    maxUnavailable: 1,
    canary: 0,
    pauseAfterCanary: false,
    minReadyMs: 1000,
    onFailure: 'stop',
  };
  await db.schema
    .alterTable('rollouts')
    .addColumn('message', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  await db.schema
    .alterTable('rollouts')
    .addColumn('reason', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  await db.schema
    .alterTable('rollouts')
    .addColumn('optionsJson', 'text', (column) => column.notNull().defaultTo(JSON.stringify(options)))
    .execute();
  await db.schema
    .alterTable('rollouts')
    .addColumn('isPromoted', 'integer', (column) => column.notNull().defaultTo(1))
    .execute();
  await db.schema.dropIndex('rollouts_one_running').execute();
  await db.schema
    .createIndex('rollouts_one_open')
    .unique()
    .on('rollouts')
    .column('serviceId')
    .where(sql.ref('endedAt'), 'is', null)
    .execute();

  await db.schema
    .alterTable('rollout_steps')
    .addColumn('releaseId', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema
    .alterTable('rollout_steps')
    .addColumn('version', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  await db.schema.alterTable('rollout_steps').addColumn('previousReleaseId', 'integer').execute();
  await db.schema.alterTable('rollout_steps').addColumn('previousVersion', 'text').execute();
  await db.schema
    .alterTable('rollout_steps')
    .addColumn('previousDesired', 'text', (column) => column.notNull().defaultTo('running'))
    .execute();
  await db.schema.alterTable('rollout_steps').addColumn('appliedAt', 'integer').execute();
  await sql`
    update rollout_steps set
      releaseId = (select releaseId from rollouts where rollouts.rolloutId = rollout_steps.rolloutId),
      version = (
        select releases.version from rollouts join releases on releases.releaseId = rollouts.releaseId
        where rollouts.rolloutId = rollout_steps.rolloutId
      ),
      appliedAt = case when state in ('applying', 'done')
        then (select startedAt from rollouts where rollouts.rolloutId = rollout_steps.rolloutId) end
  `.execute(db);
}
