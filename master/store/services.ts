import type { Kysely, Selectable } from 'kysely';
import { type Service, type ServiceSpec, serviceSpecSchema } from '../../common/domain/service.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { Database } from './schema.ts';

export interface ServiceRepository {
  list(): Promise<Service[]>;
  /** @throws SgridError `not_found` */
  byName(name: string): Promise<Service>;
  /** @throws SgridError `already_exists` */
  create(spec: ServiceSpec, now: number): Promise<Service>;
}

export function createServiceRepository(db: Kysely<Database>): ServiceRepository {
  const find = (name: string) =>
    db.selectFrom('services').selectAll().where('name', '=', name).executeTakeFirst();
  return {
    async list() {
      return (await db.selectFrom('services').selectAll().orderBy('name').execute()).map(toService);
    },
    async byName(name) {
      const row = await find(name);
      if (row === undefined) {
        throw new SgridError('not_found', `there is no service "${name}"`, { hint: 'create it first' });
      }
      return toService(row);
    },
    async create(spec, now) {
      const row = await db
        .insertInto('services')
        .values({ name: spec.name, specJson: JSON.stringify(spec), createdAt: now })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .returningAll()
        .executeTakeFirst();
      if (row !== undefined) return toService(row);
      throw new SgridError('already_exists', `a service "${spec.name}" exists already`, {
        hint: 'choose another name',
      });
    },
  };
}

function toService(row: Selectable<Database['services']>): Service {
  return {
    ...serviceSpecSchema.parse(JSON.parse(row.specJson)),
    serviceId: row.serviceId,
    createdAt: row.createdAt,
  };
}
