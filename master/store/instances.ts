import { type Kysely, sql, type UpdateObject } from 'kysely';
import type { ConfigRef } from '../../common/domain/config-file.ts';
import {
  type DesiredState,
  type InstanceStatus,
  instanceStatusSchema,
} from '../../common/domain/instance.ts';
import { said } from '../../common/domain/said.ts';
import type { Limits } from '../../common/domain/service.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import {
  type InstanceRecord,
  instanceRecordOf,
  type LaunchSpec,
  OF_SERVICE_AND_RELEASE,
  selectInstances,
} from './instance-record.ts';
import { MAX_NODE_NUMBER } from './node-number.ts';
import { readNodeNames } from './nodes.ts';
import type { Database } from './schema.ts';

export interface InstanceChange {
  desired?: DesiredState;
  /** Null takes its release away again. */
  releaseId?: number | null;
  removing?: true;
  limits?: Limits;
  config?: ConfigRef;
  nextConfig?: ConfigRef | null;
  /** Goes on being started with this; null: with what its service says. */
  heldLaunch?: LaunchSpec | null;
  /** Asks for one restart. */
  restart?: boolean;
  /** The node has seen this revision, which may be higher than ours: go above it. */
  aboveRevision?: number;
}

export interface InstanceRepository {
  list(): Promise<InstanceRecord[]>;
  /** @throws SgridError `conflict` naming the instance that has this port on this node. */
  create(
    instance: { serviceId: number; nodeId: number; host: string; port: number; limits: Limits },
    now: number,
  ): Promise<InstanceRecord>;
  /**
   * What a node holds of an instance becomes what is wanted of it, one revision higher; it is made anew when it is not there.
   *
   * @throws SgridError `conflict` naming who has its number or its port
   */
  takeOver(
    held: Omit<InstanceRecord, 'spec' | 'heldLaunch' | 'nextConfig' | 'removing'>,
    now: number,
  ): Promise<InstanceRecord>;
  /** Numbers up to this one are not given out any more: nodes know instances by them. */
  reserve(instanceId: number): Promise<void>;
  /**
   * Applies a change and raises the revision, in one statement.
   *
   * @throws SgridError `not_found`, also when its removal was decided meanwhile: nothing but that may be sent any more.
   */
  change(instanceId: number, change: InstanceChange): Promise<InstanceRecord>;
  remove(instanceId: number): Promise<void>;
  statuses(): Promise<InstanceStatus[]>;
  saveStatuses(statuses: readonly InstanceStatus[], now: number): Promise<void>;
}

/** Each has three parameters, of which SQLite takes 32,766 (sqlite.org/limits.html). */
const STATUSES_A_STATEMENT = 1_000;

export function createInstanceRepository(db: Kysely<Database>): InstanceRepository {
  const find = async (instanceId: number): Promise<InstanceRecord> => {
    const row = await selectInstances(db).where('instances.instanceId', '=', instanceId).executeTakeFirst();
    if (row === undefined) throw noInstance(instanceId);
    return instanceRecordOf(row);
  };
  return {
    async list() {
      return (await selectInstances(db).orderBy('instances.instanceId').execute()).map(instanceRecordOf);
    },

    async create({ limits, ...place }, now) {
      const published = await db
        .selectFrom('config_publications')
        .select(['revision', 'filesJson'])
        .where('serviceId', '=', place.serviceId)
        .where('isWhole', '=', 1)
        .orderBy('revision', 'desc')
        .limit(1)
        .executeTakeFirst();
      const row = await db
        .insertInto('instances')
        .values({
          ...place,
          limitsJson: JSON.stringify(limits),
          desired: 'stopped',
          revision: 1,
          restartGeneration: 0,
          releaseId: null,
          removing: 0,
          createdAt: now,
          configJson: published === undefined ? null : configOf(published),
          nextConfigJson: null,
          heldLaunchJson: null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('instanceId')
        .executeTakeFirst();
      if (row !== undefined) return find(row.instanceId);
      const holder = await selectInstances(db)
        .where('nodeId', '=', place.nodeId)
        .where('port', '=', place.port)
        .executeTakeFirstOrThrow();
      const nodeName = await readNodeNames(db);
      throw new SgridError(
        'conflict',
        said`port ${place.port} on node ${nodeName(place.nodeId)} belongs to instance ${holder.instanceId} of "${holder.serviceName}"`,
        { hint: said`choose another port` },
      );
    },

    async takeOver({ release, limits, config, ...held }, now) {
      const { instanceId, nodeId, port } = held;
      const inTheWay = (await selectInstances(db).execute()).find(
        (row) =>
          (row.instanceId === instanceId && (row.nodeId !== nodeId || row.serviceId !== held.serviceId)) ||
          (row.instanceId !== instanceId && row.nodeId === nodeId && row.port === port),
      );
      if (inTheWay !== undefined) {
        const what = inTheWay.instanceId === instanceId ? `the number ${instanceId}` : `port ${port}`;
        const nodeName = await readNodeNames(db);
        throw new SgridError(
          'conflict',
          said`${what} belongs to instance ${inTheWay.instanceId} of "${inTheWay.serviceName}" on node ${nodeName(inTheWay.nodeId)}`,
          { hint: said`remove that one first` },
        );
      }
      const columns = {
        ...held,
        revision: held.revision + 1,
        limitsJson: JSON.stringify(limits),
        releaseId: release?.releaseId ?? null,
        configJson: config === null ? null : JSON.stringify(config),
      };
      await db
        .insertInto('instances')
        .values({ ...columns, removing: 0, createdAt: now, nextConfigJson: null, heldLaunchJson: null })
        .onConflict((conflict) => conflict.column('instanceId').doUpdateSet(columns))
        .execute();
      return find(instanceId);
    },

    async reserve(instanceId) {
      if (instanceId > MAX_NODE_NUMBER) return;
      // Kept by SQLite for AUTOINCREMENT; the row is made with the first instance (sqlite.org/autoinc.html).
      await sql`insert into sqlite_sequence (name, seq) select 'instances', 0
        where not exists (select 1 from sqlite_sequence where name = 'instances')`.execute(db);
      await sql`update sqlite_sequence set seq = max(seq, ${instanceId}) where name = 'instances'`.execute(
        db,
      );
    },

    async change(instanceId, what) {
      const { desired, releaseId, removing, limits, config, nextConfig, heldLaunch } = what;
      const { restart, aboveRevision = 0 } = what;
      const changed = await db
        .updateTable('instances')
        .set((column) => {
          const set: UpdateObject<Database, 'instances'> = {
            revision: column(column.fn<number>('max', ['revision', column.val(aboveRevision)]), '+', 1),
          };
          if (desired !== undefined) set.desired = desired;
          if (releaseId !== undefined) set.releaseId = releaseId;
          if (removing !== undefined) set.removing = 1;
          if (limits !== undefined) set.limitsJson = JSON.stringify(limits);
          if (config !== undefined) set.configJson = JSON.stringify(config);
          if (nextConfig !== undefined)
            set.nextConfigJson = nextConfig === null ? null : JSON.stringify(nextConfig);
          if (heldLaunch !== undefined)
            set.heldLaunchJson = heldLaunch === null ? null : JSON.stringify(heldLaunch);
          if (restart === true) set.restartGeneration = column('restartGeneration', '+', 1);
          return set;
        })
        .where('instanceId', '=', instanceId)
        .where('removing', 'in', removing === undefined ? [0] : [0, 1])
        // The row as this change left it: read again it might be the next change's already.
        .returningAll()
        .executeTakeFirst();
      if (changed === undefined) throw noInstance(instanceId);
      const rest = await db
        .selectFrom('services')
        .leftJoin('releases', (join) => join.on('releases.releaseId', '=', changed.releaseId ?? 0))
        .where('services.serviceId', '=', changed.serviceId)
        .select(OF_SERVICE_AND_RELEASE)
        .executeTakeFirstOrThrow();
      return instanceRecordOf({ ...changed, ...rest });
    },

    async remove(instanceId) {
      await db.deleteFrom('config_versions').where('scope', '=', instanceId).execute();
      await db.deleteFrom('instances').where('instanceId', '=', instanceId).execute();
    },

    async statuses() {
      const rows = await db.selectFrom('instance_status').select('statusJson').execute();
      return rows.map((row) => instanceStatusSchema.parse(JSON.parse(row.statusJson)));
    },

    async saveStatuses(statuses, now) {
      for (let at = 0; at < statuses.length; at += STATUSES_A_STATEMENT) {
        const rows = statuses.slice(at, at + STATUSES_A_STATEMENT).map((status) => ({
          instanceId: status.instanceId,
          statusJson: JSON.stringify(status),
          reportedAt: now,
        }));
        await db
          .insertInto('instance_status')
          .values(rows)
          .onConflict((conflict) =>
            conflict.column('instanceId').doUpdateSet(({ ref }) => ({
              statusJson: ref('excluded.statusJson'),
              reportedAt: ref('excluded.reportedAt'),
            })),
          )
          .execute();
      }
    },
  };
}

/** A new instance begins with what was last published to all, and has nothing that could be told of it. */
function configOf({ revision, filesJson }: { revision: number; filesJson: string }): string {
  return JSON.stringify({ revision, action: { kind: 'nothing' }, files: JSON.parse(filesJson) });
}

function noInstance(instanceId: number): SgridError {
  return new SgridError('not_found', said`there is no instance ${instanceId}`, {
    hint: said`list the instances`,
  });
}
