import type { Kysely } from 'kysely';
import type { Release } from '../../common/domain/release.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { Database } from './schema.ts';

export type NewRelease = Omit<Release, 'releaseId' | 'serviceName'>;

export interface ReleaseRepository {
  /** Newest first. */
  list(serviceId?: number): Promise<Release[]>;
  /** @throws SgridError `not_found` */
  byId(releaseId: number): Promise<Release>;
  byVersion(serviceId: number, version: string): Promise<Release | null>;
  /** Whether any release has this content. */
  hasPackage(sha256: string): Promise<boolean>;
  /** @throws SgridError `already_exists` when this service has the version already. */
  create(release: NewRelease): Promise<Release>;
}

export function createReleaseRepository(db: Kysely<Database>): ReleaseRepository {
  const select = () =>
    db
      .selectFrom('releases')
      .innerJoin('services', 'services.serviceId', 'releases.serviceId')
      .selectAll('releases')
      .select('services.name as serviceName');
  return {
    async list(serviceId) {
      const query = select().orderBy('releaseId', 'desc');
      return (serviceId === undefined ? query : query.where('releases.serviceId', '=', serviceId)).execute();
    },
    async byId(releaseId) {
      const release = await select().where('releaseId', '=', releaseId).executeTakeFirst();
      if (release !== undefined) return release;
      throw new SgridError('not_found', `there is no release ${releaseId}`, { hint: 'list the releases' });
    },
    async byVersion(serviceId, version) {
      const query = select().where('releases.serviceId', '=', serviceId).where('version', '=', version);
      return (await query.executeTakeFirst()) ?? null;
    },
    async hasPackage(sha256) {
      const query = db.selectFrom('releases').select('releaseId').where('sha256', '=', sha256).limit(1);
      return (await query.executeTakeFirst()) !== undefined;
    },
    async create(release) {
      const row = await db
        .insertInto('releases')
        .values(release)
        .onConflict((conflict) => conflict.columns(['serviceId', 'version']).doNothing())
        .returning('releaseId')
        .executeTakeFirst();
      if (row === undefined) {
        throw new SgridError('already_exists', `version ${release.version} exists already`, {
          hint: 'upload it under another version',
        });
      }
      return select().where('releaseId', '=', row.releaseId).executeTakeFirstOrThrow();
    },
  };
}
