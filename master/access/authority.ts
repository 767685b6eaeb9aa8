import { timingSafeEqual } from 'node:crypto';
import { type Role, roleIncludes } from '../../common/domain/role.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { TokenRecord } from '../store/tokens.ts';
import { hashToken } from './token.ts';

/** Who is on the other side. */
export interface Identity {
  /** The token's name. */
  actor: string;
  role: Role;
}

/** Knows who holds a token and what a role may do. */
export interface Authority {
  /** @throws SgridError `unauthenticated` */
  authenticate(token: unknown): Identity;
}

export function createAuthority(tokens: readonly TokenRecord[]): Authority {
  const known = tokens.map(({ name, role, hash }) => ({ actor: name, role, hash: Buffer.from(hash, 'hex') }));
  return {
    authenticate(token) {
      if (typeof token !== 'string' || token === '') {
        throw new SgridError('unauthenticated', 'a token is needed', {
          hint: 'pass the one that the master wrote at its first start: --token-file <stateDir>/tokens/<role>.token',
        });
      }
      const presented = Buffer.from(hashToken(token), 'hex');
      let found: Identity | null = null;
      // Through to the end, also behind a match: the time must not tell which entry it was.
      for (const { hash, actor, role } of known) {
        if (timingSafeEqual(hash, presented)) found = { actor, role };
      }
      if (found !== null) return found;
      throw new SgridError('unauthenticated', 'this master does not know the token', {
        hint: 'check that the token file belongs to this master',
      });
    },
  };
}

/** @throws SgridError `forbidden` naming both roles unless `identity` may do what takes `needed`. */
export function demandRole(identity: Identity, needed: Role, what: string): void {
  if (roleIncludes(identity.role, needed)) return;
  throw new SgridError(
    'forbidden',
    `${what} takes the role ${needed}; "${identity.actor}" is ${identity.role}`,
    {
      hint: `use a token with the role ${needed}`,
    },
  );
}
