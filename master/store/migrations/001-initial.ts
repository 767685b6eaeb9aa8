import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

/** Numbers given out are never given out again (AUTOINCREMENT): a node may still hold logs under an old one. */
export async function initial(db: Kysely<Database>): Promise<void> {
  await db.schema
    .createTable('nodes')
    .addColumn('nodeId', 'integer', (column) => column.primaryKey())
    .addColumn('agentId', 'text', (column) => column.notNull())
    .addColumn('alias', 'text', (column) => column.notNull())
    .addColumn('innerAddress', 'text', (column) => column.notNull())
    .addColumn('infoJson', 'text')
    .addColumn('clockOffsetMs', 'integer', (column) => column.notNull())
    .addColumn('lastSeenAt', 'integer')
    .addColumn('createdAt', 'integer', (column) => column.notNull())
    .execute();

  await db.schema
    .createTable('services')
    .addColumn('serviceId', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('name', 'text', (column) => column.notNull().unique())
    .addColumn('specJson', 'text', (column) => column.notNull())
    .addColumn('createdAt', 'integer', (column) => column.notNull())
    .execute();

  await db.schema
    .createTable('releases')
    .addColumn('releaseId', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('serviceId', 'integer', (column) => column.notNull().references('services.serviceId'))
    .addColumn('version', 'text', (column) => column.notNull())
    .addColumn('message', 'text', (column) => column.notNull())
    .addColumn('sha256', 'text', (column) => column.notNull())
    .addColumn('sizeBytes', 'integer', (column) => column.notNull())
    .addColumn('uploadedBy', 'text', (column) => column.notNull())
    .addColumn('uploadedAt', 'integer', (column) => column.notNull())
    .addUniqueConstraint('releases_version', ['serviceId', 'version'])
    .execute();

  await db.schema
    .createTable('instances')
    .addColumn('instanceId', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('serviceId', 'integer', (column) => column.notNull().references('services.serviceId'))
    .addColumn('nodeId', 'integer', (column) => column.notNull().references('nodes.nodeId'))
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('port', 'integer', (column) => column.notNull())
    .addColumn('limitsJson', 'text', (column) => column.notNull())
    .addColumn('desired', 'text', (column) => column.notNull())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addColumn('restartGeneration', 'integer', (column) => column.notNull())
    .addColumn('releaseId', 'integer', (column) => column.references('releases.releaseId'))
    .addColumn('removing', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('createdAt', 'integer', (column) => column.notNull())
    .addUniqueConstraint('instances_place', ['serviceId', 'nodeId', 'port'])
    .addUniqueConstraint('instances_port', ['nodeId', 'port'])
    .execute();

  await db.schema
    .createTable('instance_status')
    .addColumn('instanceId', 'integer', (column) =>
      column.primaryKey().references('instances.instanceId').onDelete('cascade'),
    )
    .addColumn('statusJson', 'text', (column) => column.notNull())
    .addColumn('reportedAt', 'integer', (column) => column.notNull())
    .execute();

  await db.schema
    .createTable('rollouts')
    .addColumn('rolloutId', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('serviceId', 'integer', (column) => column.notNull().references('services.serviceId'))
    .addColumn('releaseId', 'integer', (column) => column.notNull().references('releases.releaseId'))
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('startedAt', 'integer', (column) => column.notNull())
    .addColumn('endedAt', 'integer')
    .execute();
  await db.schema
    .createIndex('rollouts_one_running')
    .unique()
    .on('rollouts')
    .column('serviceId')
    .where(sql.ref('state'), '=', sql.lit('running'))
    .execute();

  await db.schema
    .createTable('rollout_steps')
    .addColumn('rolloutId', 'integer', (column) =>
      column.notNull().references('rollouts.rolloutId').onDelete('cascade'),
    )
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('instanceId', 'integer', (column) => column.notNull())
    .addColumn('nodeId', 'integer', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('receivedBytes', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('rollout_steps_key', ['rolloutId', 'position'])
    .execute();

  // No foreign keys: what happened stays told when the thing is gone.
  await db.schema
    .createTable('events')
    .addColumn('seq', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('eventId', 'text', (column) => column.notNull().unique())
    .addColumn('at', 'integer', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('instanceId', 'integer')
    .addColumn('nodeId', 'integer')
    .addColumn('serviceId', 'integer')
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('result', 'text', (column) => column.notNull())
    .addColumn('message', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('events_instance').on('events').columns(['instanceId', 'seq']).execute();

  await db.schema
    .createTable('tokens')
    .addColumn('tokenId', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('name', 'text', (column) => column.notNull().unique())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('createdAt', 'integer', (column) => column.notNull())
    .execute();
}
