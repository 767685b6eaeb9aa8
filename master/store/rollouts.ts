import type { Kysely } from 'kysely';
import type { NodeNames } from '../../common/domain/instance-name.ts';
import {
  describePurpose,
  type Rollout,
  type RolloutStep,
  rolloutSchema,
} from '../../common/domain/rollout.ts';
import { inBrackets, said, word } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { readNodeNames } from './nodes.ts';
import { saidOfJson, saidToJson } from './said-json.ts';
import type { Database } from './schema.ts';

export type NewStep = Pick<
  RolloutStep,
  'instanceId' | 'nodeId' | 'port' | 'action' | 'peerId' | 'release' | 'previous' | 'previousDesired'
>;

export type NewRollout = Pick<
  Rollout,
  'kind' | 'nodeId' | 'serviceId' | 'actor' | 'message' | 'options' | 'startedAt'
> & {
  /** At least one. */
  steps: readonly NewStep[];
};

export interface RolloutRepository {
  /** @throws SgridError `conflict` naming the rollout of this service that has not ended, its holder and since when. */
  create(rollout: NewRollout): Promise<Rollout>;
  /** @throws SgridError `not_found` */
  byId(rolloutId: number): Promise<Rollout>;
  /** Those that have not ended. */
  open(): Promise<Rollout[]>;
  /** Newest first, of all services or of one. */
  list(query: { serviceId?: number | undefined; limit: number }): Promise<Rollout[]>;
  /** Writes what differs between the two states of one rollout; what it is about never changes. */
  save(before: Rollout, after: Rollout): Promise<void>;
  /** Releases that a rollout which has not ended may still put somewhere: none of them may be removed. */
  heldReleaseIds(): Promise<number[]>;
}

export function createRolloutRepository(db: Kysely<Database>): RolloutRepository {
  const select = () =>
    db
      .selectFrom('rollouts')
      .innerJoin('services', 'services.serviceId', 'rollouts.serviceId')
      .innerJoin('releases', 'releases.releaseId', 'rollouts.releaseId')
      .selectAll('rollouts')
      .select(['services.name as serviceName', 'sizeBytes']);
  type Row = Awaited<ReturnType<ReturnType<typeof select>['executeTakeFirstOrThrow']>>;

  const withSteps = async ({ optionsJson, isPromoted, saidJson, ...row }: Row): Promise<Rollout> => {
    const steps = await db
      .selectFrom('rollout_steps')
      .selectAll()
      .where('rolloutId', '=', row.rolloutId)
      .orderBy('position')
      .execute();
    return {
      ...row,
      said: saidOfJson(saidJson),
      version: [...new Set(steps.map(({ version }) => version))].join(', '),
      options: rolloutSchema.shape.options.parse(JSON.parse(optionsJson)),
      isPromoted: isPromoted === 1,
      steps: steps.map(toStep),
    };
  };

  const byId = async (rolloutId: number): Promise<Rollout> => {
    const row = await select().where('rolloutId', '=', rolloutId).executeTakeFirst();
    if (row !== undefined) return withSteps(row);
    throw new SgridError('not_found', said`there is no rollout ${rolloutId}`, {
      hint: said`see "sgrid get rollouts"`,
    });
  };

  const open = async (): Promise<Rollout[]> => {
    const rows = await select().where('endedAt', 'is', null).orderBy('rolloutId').execute();
    return Promise.all(rows.map(withSteps));
  };

  return {
    byId,
    open,
    async create({ kind, nodeId, serviceId, actor, message, startedAt, options, steps }) {
      const row = await db
        .insertInto('rollouts')
        .values({
          ...{ kind, nodeId, serviceId, actor, message, startedAt },
          releaseId: steps[0]?.release.releaseId ?? 0,
          state: 'running',
          reason: '',
          saidJson: null,
          optionsJson: JSON.stringify(options),
          isPromoted: options.canary === 0 ? 1 : 0,
          endedAt: null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('rolloutId')
        .executeTakeFirst();
      if (row === undefined) {
        const [holder] = (await open()).filter((rollout) => rollout.serviceId === serviceId);
        throw lockedBy(holder, await readNodeNames(db));
      }
      for (const [position, step] of steps.entries()) {
        const { instanceId, nodeId, port, action, peerId, release, previous, previousDesired } = step;
        await db
          .insertInto('rollout_steps')
          .values({
            rolloutId: row.rolloutId,
            position,
            ...{ instanceId, nodeId, port, action, peerId, previousDesired },
            state: 'pending',
            reason: '',
            saidJson: null,
            receivedBytes: 0,
            ...release,
            previousReleaseId: previous?.releaseId ?? null,
            previousVersion: previous?.version ?? null,
            appliedAt: null,
          })
          .execute();
      }
      return byId(row.rolloutId);
    },
    async list({ serviceId, limit }) {
      let query = select().orderBy('rolloutId', 'desc').limit(limit);
      if (serviceId !== undefined) query = query.where('rollouts.serviceId', '=', serviceId);
      return Promise.all((await query.execute()).map(withSteps));
    },
    async save(before, { rolloutId, state, reason, said: facts, isPromoted, endedAt, steps }) {
      await db
        .updateTable('rollouts')
        .set({ state, reason, saidJson: saidToJson(facts), isPromoted: isPromoted ? 1 : 0, endedAt })
        .where('rolloutId', '=', rolloutId)
        .execute();
      for (const [position, step] of steps.entries()) {
        if (step === before.steps[position]) continue;
        const { state, reason, said: facts, receivedBytes, appliedAt } = step;
        await db
          .updateTable('rollout_steps')
          .set({ state, reason, saidJson: saidToJson(facts), receivedBytes, appliedAt })
          .where('rolloutId', '=', rolloutId)
          .where('position', '=', position)
          .execute();
      }
    },
    async heldReleaseIds() {
      const rows = await db
        .selectFrom('rollout_steps')
        .innerJoin('rollouts', 'rollouts.rolloutId', 'rollout_steps.rolloutId')
        .where('endedAt', 'is', null)
        .select(['rollout_steps.releaseId', 'previousReleaseId'])
        .execute();
      return [
        ...new Set(rows.flatMap(({ releaseId, previousReleaseId }) => [releaseId, previousReleaseId ?? []])),
      ].flat();
    },
  };
}

function toStep(row: Database['rollout_steps']): RolloutStep {
  const { instanceId, nodeId, port, action, peerId, state, reason } = row;
  const { receivedBytes, previousDesired, appliedAt } = row;
  const { releaseId, version, previousReleaseId, previousVersion } = row;
  const previous =
    previousReleaseId === null || previousVersion === null
      ? null
      : { releaseId: previousReleaseId, version: previousVersion };
  return {
    ...{ instanceId, nodeId, port, action, peerId, state, reason },
    ...{ receivedBytes, previousDesired, appliedAt },
    said: saidOfJson(row.saidJson),
    release: { releaseId, version },
    previous,
  };
}

/** The lock on a service's instances: who holds it, since when and why. */
function lockedBy(holder: Rollout | undefined, nodeName: NodeNames): SgridError {
  if (holder === undefined) return new SgridError('conflict', said`another rollout has just begun`);
  const { rolloutId, serviceName, actor, startedAt, state, message } = holder;
  const since = new Date(startedAt).toISOString().replace('T', ' ').slice(0, 19);
  return new SgridError(
    'conflict',
    said`rollout ${rolloutId} of "${serviceName}" ${describePurpose(holder, nodeName)} by ${actor}${inBrackets(message)} is ${word(state)}, since ${since} UTC`,
    {
      hint: said`wait until it has ended (sgrid rollout status ${rolloutId} --wait), or end it: sgrid rollout abort ${rolloutId}`,
    },
  );
}
