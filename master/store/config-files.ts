import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import {
  type ConfigAction,
  type ConfigFileRef,
  type ConfigPublication,
  type ConfigVersion,
  configActionSchema,
  configFileRefSchema,
  configRefSchema,
} from '../../common/domain/config-file.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { MAX_NODE_NUMBER } from './node-number.ts';
import type { Database } from './schema.ts';

/** Of which file: of the service, or of one instance in its place. */
export interface ConfigFileKey {
  serviceId: number;
  instanceId: number | null;
  name: string;
}

export interface NewConfigVersion extends ConfigFileKey {
  /** Null when the file is to be gone. */
  content: string | null;
  actor: string;
  message: string;
  /** The newest version that its author knew, 0 for none; unchecked when absent. */
  baseVersion?: number | undefined;
}

export type NewPublication = Omit<ConfigPublication, 'revision' | 'serviceName'> & {
  serviceId: number;
  files: readonly ConfigFileRef[];
};

export interface ConfigRepository {
  /** The newest version of each file of a service, also of those that are gone. */
  newest(serviceId: number): Promise<ConfigVersion[]>;
  /** Newest first. */
  versions(key: ConfigFileKey): Promise<ConfigVersion[]>;
  /** @param version default: the newest. @throws SgridError `not_found` */
  read(key: ConfigFileKey, version?: number): Promise<ConfigVersion & { content: string | null }>;
  content(versionId: number): Promise<string | null>;
  /**
   * Adds a version, and forgets the oldest over `keep`, but for those that are published.
   *
   * @throws SgridError `conflict` when somebody else was faster than `baseVersion` says.
   */
  add(version: NewConfigVersion, keep: number, now: number): Promise<ConfigVersion>;
  /** The files that one instance has of its own, for another as well. @returns the number of each version's copy */
  copyOverrides(from: number, to: number): Promise<Map<number, number>>;
  /** Revisions up to this one are not given out any more: nodes know publications by them. */
  reserve(revision: number): Promise<void>;
  /** A publication to all that a node holds and this database does not, unless its number is another's here. */
  restore(publication: {
    revision: number;
    serviceId: number;
    files: readonly ConfigFileRef[];
    at: number;
  }): Promise<void>;
  /** With the next revision; forgets the oldest publications of the service over `keep`. */
  publish(publication: NewPublication, keep: number): Promise<ConfigPublication>;
  /** The last one, of those to all instances or of all; null when there was none. */
  lastPublication(
    serviceId: number,
    which: 'whole' | 'any',
  ): Promise<(ConfigPublication & { files: ConfigFileRef[] }) | null>;
}

export function createConfigRepository(db: Kysely<Database>): ConfigRepository {
  const select = () =>
    db
      .selectFrom('config_versions')
      .innerJoin('services', 'services.serviceId', 'config_versions.serviceId')
      .select([
        ...(['versionId', 'services.name as serviceName', 'config_versions.name', 'scope'] as const),
        ...(['version', 'sizeBytes', 'sha256', 'actor', 'at', 'message'] as const),
      ])
      .select(sql<number>`content is null`.as('isRemoval'));
  const selectOne = ({ serviceId, instanceId, name }: ConfigFileKey) =>
    select()
      .where('config_versions.serviceId', '=', serviceId)
      .where('scope', '=', instanceId ?? 0)
      .where('config_versions.name', '=', name)
      .orderBy('versionId', 'desc');

  const prune = async (key: ConfigFileKey, keep: number): Promise<void> => {
    const over = (await selectOne(key).execute()).slice(keep);
    if (over.length === 0) return;
    const pinned = await pinnedVersions(db, key.serviceId);
    const gone = over.map(({ versionId }) => versionId).filter((versionId) => !pinned.has(versionId));
    if (gone.length > 0) await db.deleteFrom('config_versions').where('versionId', 'in', gone).execute();
  };

  return {
    async newest(serviceId) {
      const latest = db
        .selectFrom('config_versions as each')
        .select((each) => each.fn.max('versionId').as('versionId'))
        .where('each.serviceId', '=', serviceId)
        .groupBy(['scope', 'name']);
      const rows = await select()
        .where('versionId', 'in', latest)
        .orderBy('config_versions.name')
        .orderBy('scope')
        .execute();
      return rows.map(toVersion);
    },
    versions: async (key) => (await selectOne(key).execute()).map(toVersion),
    async read(key, version) {
      const query = selectOne(key).select('content').limit(1);
      const row = await (version === undefined
        ? query
        : query.where('version', '=', version)
      ).executeTakeFirst();
      if (row === undefined) throw noVersion(key, version);
      const { content, ...rest } = row;
      return { ...toVersion(rest), content };
    },
    async content(versionId) {
      const query = db.selectFrom('config_versions').select('content').where('versionId', '=', versionId);
      return (await query.executeTakeFirst())?.content ?? null;
    },
    async add({ content, actor, message, baseVersion, ...key }, keep, now) {
      const last = (await selectOne(key).limit(1).executeTakeFirst())?.version ?? 0;
      if (baseVersion !== undefined && baseVersion !== last) {
        throw new SgridError(
          'conflict',
          said`${key.name} has version ${last} by now, and this was made of ${baseVersion}`,
          { hint: said`look at what changed, and do it again on top of that` },
        );
      }
      const bytes = Buffer.from(content ?? '');
      await db
        .insertInto('config_versions')
        .values({
          ...{ serviceId: key.serviceId, scope: key.instanceId ?? 0, name: key.name, version: last + 1 },
          ...{ content, sizeBytes: bytes.length, actor, at: now, message },
          sha256: createHash('sha256').update(bytes).digest('hex'),
        })
        .execute();
      const added = toVersion(await selectOne(key).limit(1).executeTakeFirstOrThrow());
      await prune(key, keep);
      return added;
    },
    async reserve(revision) {
      if (revision > MAX_NODE_NUMBER) return;
      // As it is done for the numbers of instances.
      await sql`insert into sqlite_sequence (name, seq) select 'config_publications', 0
        where not exists (select 1 from sqlite_sequence where name = 'config_publications')`.execute(db);
      await sql`update sqlite_sequence set seq = max(seq, ${revision}) where name = 'config_publications'`.execute(
        db,
      );
    },
    async restore({ files, ...rest }) {
      const action: ConfigAction = { kind: 'nothing' };
      await db
        .insertInto('config_publications')
        .values({
          ...{ ...rest, actor: 'agent', message: 'taken over from a node', isWhole: 1 },
          ...{ actionJson: JSON.stringify(action), filesJson: JSON.stringify(files) },
        })
        .onConflict((conflict) => conflict.column('revision').doNothing())
        .execute();
    },
    async copyOverrides(from, to) {
      const copies = new Map<number, number>();
      const rows = await db
        .selectFrom('config_versions')
        .selectAll()
        .where('scope', '=', from)
        .orderBy('versionId')
        .execute();
      for (const { versionId, ...row } of rows) {
        const copy = await db
          .insertInto('config_versions')
          .values({ ...row, scope: to })
          .returning('versionId')
          .executeTakeFirstOrThrow();
        copies.set(versionId, copy.versionId);
      }
      return copies;
    },
    async publish({ action, files, isWhole, ...rest }, keep) {
      const columns = { actionJson: JSON.stringify(action), filesJson: JSON.stringify(files) };
      const { revision } = await db
        .insertInto('config_publications')
        .values({ ...rest, ...columns, isWhole: isWhole ? 1 : 0 })
        .returning('revision')
        .executeTakeFirstOrThrow();
      const ofService = () =>
        db.selectFrom('config_publications').select('revision').where('serviceId', '=', rest.serviceId);
      const kept = ofService().orderBy('revision', 'desc').limit(keep);
      const whole = ofService().where('isWhole', '=', 1).orderBy('revision', 'desc').limit(1);
      await db
        .deleteFrom('config_publications')
        .where('serviceId', '=', rest.serviceId)
        .where('revision', 'not in', kept)
        .where('revision', 'not in', whole)
        .execute();
      return toPublication(
        await selectPublication(db).where('revision', '=', revision).executeTakeFirstOrThrow(),
      );
    },
    async lastPublication(serviceId, which) {
      const query = selectPublication(db)
        .select('filesJson')
        .where('config_publications.serviceId', '=', serviceId)
        .orderBy('revision', 'desc')
        .limit(1);
      const row = await (which === 'any' ? query : query.where('isWhole', '=', 1)).executeTakeFirst();
      if (row === undefined) return null;
      const { filesJson, ...rest } = row;
      return { ...toPublication(rest), files: parseFiles(filesJson) };
    },
  };
}

/** Versions that an instance has, or will get. */
async function pinnedVersions(db: Kysely<Database>, serviceId: number): Promise<Set<number>> {
  return new Set((await pinnedFiles(db, serviceId)).map(({ versionId }) => versionId));
}

/** The files that instances of a service have, will get at their turn, or begin with. */
export async function pinnedFiles(db: Kysely<Database>, serviceId: number): Promise<ConfigFileRef[]> {
  const rows = await db
    .selectFrom('instances')
    .select(['configJson', 'nextConfigJson'])
    .where('serviceId', '=', serviceId)
    .execute();
  const whole = await db
    .selectFrom('config_publications')
    .select('filesJson')
    .where('serviceId', '=', serviceId)
    .where('isWhole', '=', 1)
    .orderBy('revision', 'desc')
    .limit(1)
    .executeTakeFirst();
  const refs = rows.flatMap(({ configJson, nextConfigJson }) => [configJson, nextConfigJson]);
  return [
    ...refs.flatMap((text) => (text === null ? [] : configRefSchema.parse(JSON.parse(text)).files)),
    ...(whole === undefined ? [] : parseFiles(whole.filesJson)),
  ];
}

function selectPublication(db: Kysely<Database>) {
  return db
    .selectFrom('config_publications')
    .innerJoin('services', 'services.serviceId', 'config_publications.serviceId')
    .select(['revision', 'services.name as serviceName', 'actor', 'at', 'message', 'actionJson', 'isWhole']);
}

function parseFiles(text: string): ConfigFileRef[] {
  return configFileRefSchema.array().parse(JSON.parse(text));
}

function toPublication({
  actionJson,
  isWhole,
  ...rest
}: Omit<ConfigPublication, 'action' | 'isWhole'> & {
  actionJson: string;
  isWhole: number;
}): ConfigPublication {
  const action: ConfigAction = configActionSchema.parse(JSON.parse(actionJson));
  return { ...rest, action, isWhole: isWhole === 1 };
}

function toVersion({
  scope,
  isRemoval,
  ...rest
}: Omit<ConfigVersion, 'instanceId' | 'isRemoval'> & { scope: number; isRemoval: number }): ConfigVersion {
  return { ...rest, instanceId: scope === 0 ? null : scope, isRemoval: isRemoval === 1 };
}

function noVersion({ name, instanceId }: ConfigFileKey, version?: number): SgridError {
  const whose = instanceId === null ? '' : ` for instance ${instanceId}`;
  const what = version === undefined ? `no config file "${name}"` : `no version ${version} of "${name}"`;
  return new SgridError('not_found', said`there is ${what}${whose}`, { hint: said`see "sgrid config list"` });
}
