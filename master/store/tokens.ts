import type { Kysely } from 'kysely';
import type { Role } from '../../common/domain/role.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { Database } from './schema.ts';

export interface TokenRecord {
  name: string;
  role: Role;
  /** sha256 of the token, lower-case hex. The token itself is nowhere. */
  hash: string;
  createdAt: number;
  createdBy: string;
  expiresAt: number | null;
  /** The one node that may use it; null for all. */
  nodeId: number | null;
  /** For joining: its first use binds it to a node. */
  isJoin: boolean;
  revokedAt: number | null;
}

export interface TokenRepository {
  /** Also those that were revoked: their names stay theirs, since events tell of them. */
  list(): Promise<TokenRecord[]>;
  /** @throws SgridError `already_exists` */
  create(token: Omit<TokenRecord, 'nodeId' | 'revokedAt'>): Promise<TokenRecord>;
  /** Puts another secret in the place of the one it has. @throws SgridError `not_found` */
  rotate(name: string, hash: string): Promise<TokenRecord>;
  /** @throws SgridError `not_found` */
  revoke(name: string, now: number): Promise<void>;
  /** Binds a token for joining to the first node that uses it. @throws SgridError `forbidden` when another was first. */
  bind(name: string, nodeId: number): Promise<TokenRecord>;
  /** The tokens that only this node may use. */
  revokeOfNode(nodeId: number, now: number): Promise<void>;
}

export function createTokenRepository(db: Kysely<Database>): TokenRepository {
  const live = () => db.updateTable('tokens').where('revokedAt', 'is', null);
  return {
    async list() {
      return (await db.selectFrom('tokens').selectAll().orderBy('tokenId').execute()).map(toRecord);
    },
    async create({ isJoin, ...token }) {
      const row = await db
        .insertInto('tokens')
        .values({ ...token, isJoin: Number(isJoin), nodeId: null, revokedAt: null })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .returningAll()
        .executeTakeFirst();
      if (row !== undefined) return toRecord(row);
      throw new SgridError('already_exists', said`there is, or was, a token "${token.name}"`, {
        hint: said`choose another name, since events tell of the one that had it; or rotate it`,
      });
    },
    async rotate(name, hash) {
      const row = await live().set({ hash }).where('name', '=', name).returningAll().executeTakeFirst();
      if (row === undefined) throw noToken(name);
      return toRecord(row);
    },
    async revoke(name, now) {
      const row = await live()
        .set({ revokedAt: now })
        .where('name', '=', name)
        .returning('name')
        .executeTakeFirst();
      if (row === undefined) throw noToken(name);
    },
    async bind(name, nodeId) {
      const row = await live()
        .set({ nodeId, expiresAt: null })
        .where('name', '=', name)
        .where('isJoin', '=', 1)
        .where('nodeId', 'is', null)
        .returningAll()
        .executeTakeFirst();
      if (row !== undefined) return toRecord(row);
      throw new SgridError('forbidden', said`the token "${name}" was used by another node already`, {
        hint: said`make another one: each lets one node join`,
      });
    },
    async revokeOfNode(nodeId, now) {
      await live().set({ revokedAt: now }).where('nodeId', '=', nodeId).execute();
    },
  };
}

function toRecord({
  tokenId: _,
  isJoin,
  ...token
}: { tokenId: number; isJoin: number } & Omit<TokenRecord, 'isJoin'>): TokenRecord {
  return { ...token, isJoin: isJoin === 1 };
}

function noToken(name: string): SgridError {
  return new SgridError('not_found', said`there is no token "${name}"`, { hint: said`list the tokens` });
}
