import type { Kysely } from 'kysely';
import type { Rollout, RolloutStep } from '../../common/domain/rollout.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { Database } from './schema.ts';

export interface RolloutRepository {
  /** @throws SgridError `conflict` naming the rollout of this service that is under way. */
  create(rollout: {
    serviceId: number;
    releaseId: number;
    actor: string;
    startedAt: number;
    steps: readonly { instanceId: number; nodeId: number }[];
  }): Promise<Rollout>;
  /** @throws SgridError `not_found` */
  byId(rolloutId: number): Promise<Rollout>;
  running(): Promise<Rollout[]>;
  /** Newest first, of all services or of one. */
  list(query: { serviceId?: number | undefined; limit: number }): Promise<Rollout[]>;
  /** Writes the state of the rollout and of its steps; what it is about never changes. */
  save(rollout: Rollout): Promise<void>;
}

export function createRolloutRepository(db: Kysely<Database>): RolloutRepository {
  const select = () =>
    db
      .selectFrom('rollouts')
      .innerJoin('services', 'services.serviceId', 'rollouts.serviceId')
      .innerJoin('releases', 'releases.releaseId', 'rollouts.releaseId')
      .selectAll('rollouts')
      .select(['services.name as serviceName', 'version', 'sizeBytes']);
  type Row = Awaited<ReturnType<ReturnType<typeof select>['executeTakeFirstOrThrow']>>;
  const withSteps = async (row: Row): Promise<Rollout> => {
    const steps: RolloutStep[] = await db
      .selectFrom('rollout_steps')
      .select(['instanceId', 'nodeId', 'state', 'reason', 'receivedBytes'])
      .where('rolloutId', '=', row.rolloutId)
      .orderBy('position')
      .execute();
    return { ...row, steps };
  };
  const byId = async (rolloutId: number): Promise<Rollout> => {
    const row = await select().where('rolloutId', '=', rolloutId).executeTakeFirst();
    if (row === undefined) throw new SgridError('not_found', `there is no rollout ${rolloutId}`);
    return withSteps(row);
  };
  return {
    byId,
    async create({ steps, ...rollout }) {
      const row = await db
        .insertInto('rollouts')
        .values({ ...rollout, state: 'running', endedAt: null })
        .onConflict((conflict) => conflict.doNothing())
        .returning('rolloutId')
        .executeTakeFirst();
      if (row === undefined) {
        const other = await select()
          .where('rollouts.serviceId', '=', rollout.serviceId)
          .where('state', '=', 'running')
          .executeTakeFirstOrThrow();
        throw new SgridError(
          'conflict',
          `rollout ${other.rolloutId} of "${other.serviceName}" to ${other.version} by ${other.actor} is under way`,
          { hint: 'wait until it has ended' },
        );
      }
      for (const [position, step] of steps.entries()) {
        await db
          .insertInto('rollout_steps')
          .values({
            rolloutId: row.rolloutId,
            position,
            ...step,
            state: 'pending',
            reason: '',
            receivedBytes: 0,
          })
          .execute();
      }
      return byId(row.rolloutId);
    },
    async running() {
      const rows = await select().where('state', '=', 'running').orderBy('rolloutId').execute();
      return Promise.all(rows.map(withSteps));
    },
    async list({ serviceId, limit }) {
      let query = select().orderBy('rolloutId', 'desc').limit(limit);
      if (serviceId !== undefined) query = query.where('rollouts.serviceId', '=', serviceId);
      return Promise.all((await query.execute()).map(withSteps));
    },
    async save({ rolloutId, state, endedAt, steps }) {
      await db.updateTable('rollouts').set({ state, endedAt }).where('rolloutId', '=', rolloutId).execute();
      for (const [position, { state, reason, receivedBytes }] of steps.entries()) {
        await db
          .updateTable('rollout_steps')
          .set({ state, reason, receivedBytes })
          .where('rolloutId', '=', rolloutId)
          .where('position', '=', position)
          .execute();
      }
    },
  };
}
