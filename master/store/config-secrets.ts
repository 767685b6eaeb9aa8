import type { Kysely } from 'kysely';
import type { ConfigSecret } from '../../common/domain/config-file.ts';
import { pinnedFiles } from './config-files.ts';
import type { Database } from './schema.ts';

/** As it lies in the database. */
export interface KeptSecret extends ConfigSecret {
  secretId: number;
  serviceId: number;
  keyId: string;
  sealed: string;
}

export interface SecretRepository {
  /** The newest version of each. */
  newest(serviceId: number): Promise<KeptSecret[]>;
  byId(secretId: number): Promise<KeptSecret | null>;
  /** Adds a version; those before it go, but for what is published. */
  add(secret: Omit<KeptSecret, 'secretId' | 'version'>): Promise<KeptSecret>;
  /** Every version, but for what is published. */
  remove(serviceId: number, name: string): Promise<void>;
  /** Every version of every service, for another key. */
  all(): Promise<KeptSecret[]>;
  reseal(secretId: number, sealed: { keyId: string; sealed: string }): Promise<void>;
}

export function createSecretRepository(db: Kysely<Database>): SecretRepository {
  const versionsOf = (serviceId: number, name: string) =>
    db
      .selectFrom('config_secrets')
      .selectAll()
      .where('serviceId', '=', serviceId)
      .where('name', '=', name)
      .orderBy('secretId', 'desc');

  /** But for those that are published: their instances may still have to fetch them. */
  const forget = async (serviceId: number, secretIds: readonly number[]): Promise<void> => {
    const files = await pinnedFiles(db, serviceId);
    const pinned = new Set(files.flatMap(({ secrets }) => secrets.map(({ secretId }) => secretId)));
    const gone = secretIds.filter((secretId) => !pinned.has(secretId));
    if (gone.length > 0) await db.deleteFrom('config_secrets').where('secretId', 'in', gone).execute();
  };

  return {
    newest: (serviceId) =>
      db
        .selectFrom('config_secrets')
        .selectAll()
        .where('secretId', 'in', (query) =>
          query
            .selectFrom('config_secrets')
            .select((each) => each.fn.max('secretId').as('secretId'))
            .where('serviceId', '=', serviceId)
            .groupBy('name'),
        )
        .orderBy('name')
        .execute(),
    byId: async (secretId) =>
      (await db
        .selectFrom('config_secrets')
        .selectAll()
        .where('secretId', '=', secretId)
        .executeTakeFirst()) ?? null,
    async add(secret) {
      const before = await versionsOf(secret.serviceId, secret.name).execute();
      const row = await db
        .insertInto('config_secrets')
        .values({ ...secret, version: (before[0]?.version ?? 0) + 1 })
        .returningAll()
        .executeTakeFirstOrThrow();
      await forget(
        secret.serviceId,
        before.map(({ secretId }) => secretId),
      );
      return row;
    },
    async remove(serviceId, name) {
      const all = await versionsOf(serviceId, name).execute();
      await forget(
        serviceId,
        all.map(({ secretId }) => secretId),
      );
    },
    all: () => db.selectFrom('config_secrets').selectAll().execute(),
    async reseal(secretId, { keyId, sealed }) {
      await db
        .updateTable('config_secrets')
        .set({ keyId, sealed })
        .where('secretId', '=', secretId)
        .execute();
    },
  };
}
