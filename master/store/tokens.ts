import type { Kysely } from 'kysely';
import type { Role } from '../../common/domain/role.ts';
import type { Database } from './schema.ts';

export interface TokenRecord {
  name: string;
  role: Role;
  /** sha256 of the token, lower-case hex. The token itself is nowhere. */
  hash: string;
  createdAt: number;
}

export interface TokenRepository {
  list(): Promise<TokenRecord[]>;
  create(token: TokenRecord): Promise<void>;
}

export function createTokenRepository(db: Kysely<Database>): TokenRepository {
  return {
    list: () =>
      db.selectFrom('tokens').select(['name', 'role', 'hash', 'createdAt']).orderBy('tokenId').execute(),
    async create(token) {
      await db.insertInto('tokens').values(token).execute();
    },
  };
}
