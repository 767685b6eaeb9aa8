import type { Kysely, Selectable } from 'kysely';
import { said } from '../../common/domain/said.ts';
import { type Service, type ServiceSpec, serviceSpecSchema } from '../../common/domain/service.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { Database } from './schema.ts';

export interface ServiceRepository {
  list(): Promise<Service[]>;
  /** @throws SgridError `not_found` */
  byName(name: string): Promise<Service>;
  /** @throws SgridError `already_exists` */
  create(spec: ServiceSpec, now: number): Promise<Service>;
  /** @throws SgridError `not_found` */
  update(spec: ServiceSpec): Promise<Service>;
  /** With its releases and the history of its rollouts. It must have no instances. */
  remove(serviceId: number): Promise<void>;
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
      if (row === undefined) throw noService(name);
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
      throw new SgridError('already_exists', said`a service "${spec.name}" exists already`, {
        hint: said`choose another name`,
      });
    },
    async update(spec) {
      const row = await db
        .updateTable('services')
        .set({ specJson: JSON.stringify(spec) })
        .where('name', '=', spec.name)
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) throw noService(spec.name);
      return toService(row);
    },
    async remove(serviceId) {
      // The steps go with their rollouts.
      await db.deleteFrom('rollouts').where('serviceId', '=', serviceId).execute();
      await db.deleteFrom('releases').where('serviceId', '=', serviceId).execute();
      await db.deleteFrom('services').where('serviceId', '=', serviceId).execute();
    },
  };
}

function noService(name: string): SgridError {
  return new SgridError('not_found', said`there is no service "${name}"`, { hint: said`create it first` });
}

function toService(row: Selectable<Database['services']>): Service {
  return {
    ...serviceSpecSchema.parse(JSON.parse(row.specJson)),
    serviceId: row.serviceId,
    createdAt: row.createdAt,
  };
}
