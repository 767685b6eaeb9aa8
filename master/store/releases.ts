import type { Kysely, Selectable } from 'kysely';
import type { Release } from '../../common/domain/release.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { Database } from './schema.ts';

export type NewRelease = Omit<Release, 'releaseId' | 'serviceName'>;

/** A release that is there, or was: `removedAt` is null while it is there. */
export type KeptRelease = Release & { removedAt: number | null };

export interface ReleaseRepository {
  /** Those that are there, newest first. */
  list(serviceId?: number): Promise<Release[]>;
  /** @throws SgridError `not_found`, also for one that was removed. */
  byId(releaseId: number): Promise<Release>;
  /** Also one that was removed: a version keeps its content for ever. */
  byVersion(serviceId: number, version: string): Promise<KeptRelease | null>;
  /** Whether any release has this content. */
  hasPackage(sha256: string): Promise<boolean>;
  /**
   * One that was removed with the same content comes back.
   *
   * @throws SgridError `already_exists` when this service has the version already.
   */
  create(release: NewRelease): Promise<Release>;
  /** Its row stays, for the history of rollouts. */
  remove(releaseIds: readonly number[], now: number): Promise<void>;
}

export function createReleaseRepository(db: Kysely<Database>): ReleaseRepository {
  const select = () =>
    db
      .selectFrom('releases')
      .innerJoin('services', 'services.serviceId', 'releases.serviceId')
      .selectAll('releases')
      .select('services.name as serviceName');
  const live = () => select().where('removedAt', 'is', null);
  return {
    async list(serviceId) {
      const query = live().orderBy('releaseId', 'desc');
      const rows = await (serviceId === undefined
        ? query
        : query.where('releases.serviceId', '=', serviceId)
      ).execute();
      return rows.map(toRelease);
    },
    async byId(releaseId) {
      const row = await live().where('releaseId', '=', releaseId).executeTakeFirst();
      if (row !== undefined) return toRelease(row);
      throw new SgridError('not_found', said`there is no release ${releaseId}`, {
        hint: said`list the releases`,
      });
    },
    async byVersion(serviceId, version) {
      const query = select().where('releases.serviceId', '=', serviceId).where('version', '=', version);
      return (await query.executeTakeFirst()) ?? null;
    },
    async hasPackage(sha256) {
      const query = db
        .selectFrom('releases')
        .select('releaseId')
        .where('sha256', '=', sha256)
        .where('removedAt', 'is', null)
        .limit(1);
      return (await query.executeTakeFirst()) !== undefined;
    },
    async create(release) {
      const { message, uploadedBy, uploadedAt } = release;
      const row = await db
        .insertInto('releases')
        .values({ ...release, removedAt: null })
        .onConflict((conflict) =>
          conflict
            .columns(['serviceId', 'version'])
            .doUpdateSet({ message, uploadedBy, uploadedAt, removedAt: null })
            .where('releases.removedAt', 'is not', null)
            .where('releases.sha256', '=', release.sha256),
        )
        .returning('releaseId')
        .executeTakeFirst();
      if (row === undefined) {
        throw new SgridError('already_exists', said`version ${release.version} exists already`, {
          hint: said`upload it under another version`,
        });
      }
      const created = await select().where('releaseId', '=', row.releaseId).executeTakeFirstOrThrow();
      return toRelease(created);
    },
    async remove(releaseIds, now) {
      await db
        .updateTable('releases')
        .set({ removedAt: now })
        .where('releaseId', 'in', [...releaseIds])
        .execute();
    },
  };
}

function toRelease(row: Selectable<Database['releases']> & { serviceName: string }): Release {
  const { removedAt: _, ...release } = row;
  return release;
}
