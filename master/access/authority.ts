import { timingSafeEqual } from 'node:crypto';
import { type Role, roleIncludes } from '../../common/domain/role.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { TokenRecord } from '../store/tokens.ts';
import type { FailureLimit } from './failure-limit.ts';
import { hashToken } from './token.ts';

/** Who is on the other side. */
export interface Identity {
  /** The token's name. */
  actor: string;
  role: Role;
  /** The one node that may use the token; null for all. */
  nodeId: number | null;
  /** The node that uses it now is the one that it will be bound to. */
  isJoining: boolean;
}

/** Knows who holds a token and what a role may do. */
export interface Authority {
  /**
   * @param from the address of whoever presents the token; null where failures of one would count against others
   *   (see `addressOfPeer`).
   * @throws SgridError `unauthenticated`, or `busy` after too many failures from there
   */
  authenticate(token: unknown, from: string | null): Identity;
  /** From now on these count. */
  load(tokens: readonly TokenRecord[]): void;
}

export function createAuthority(
  tokens: readonly TokenRecord[],
  now: () => number,
  failures: FailureLimit,
): Authority {
  let known: { token: TokenRecord; hash: Buffer }[] = [];
  const load = (all: readonly TokenRecord[]): void => {
    known = all
      .filter(({ revokedAt }) => revokedAt === null)
      .map((token) => ({ token, hash: Buffer.from(token.hash, 'hex') }));
  };
  load(tokens);
  return {
    load,
    authenticate(token, from) {
      if (from !== null) demandPatience(failures, from);
      if (typeof token !== 'string' || token === '') {
        throw new SgridError('unauthenticated', said`a token is needed`, {
          hint: said`pass the one that the master wrote at its first start: --token-file <stateDir>/tokens/<role>.token`,
        });
      }
      const presented = Buffer.from(hashToken(token), 'hex');
      let found: TokenRecord | null = null;
      // Through to the end, also behind a match: the time must not tell which entry it was.
      for (const each of known) {
        if (timingSafeEqual(each.hash, presented)) found = each.token;
      }
      if (found === null) {
        if (from !== null) failures.failed(from);
        throw new SgridError('unauthenticated', said`this master does not know the token`, {
          hint: said`check that the token file belongs to this master, and that the token was not rotated or revoked`,
        });
      }
      if (found.expiresAt !== null && found.expiresAt <= now()) {
        throw new SgridError('unauthenticated', said`the token "${found.name}" has expired`, {
          hint: said`ask an admin for another one`,
        });
      }
      const { name, role, nodeId, isJoin } = found;
      return { actor: name, role, nodeId, isJoining: isJoin && nodeId === null };
    },
  };
}

function demandPatience(failures: FailureLimit, from: string): void {
  const waitMs = failures.blockedForMs(from);
  if (waitMs === 0) return;
  throw new SgridError('busy', said`too many wrong tokens came from ${from}`, {
    hint: said`try again in ${Math.ceil(waitMs / 1000)} s, with the right one`,
  });
}

/**
 * The address to count failures by. Loopback is everybody's who comes through a tunnel or a proxy of this machine: one of
 * them must not lock the others out.
 */
export function addressOfPeer(remoteAddress: string | undefined): string | null {
  const address = remoteAddress?.replace(/^::ffff:/, '') ?? '';
  return address === '' || address === '::1' || address.startsWith('127.') ? null : address;
}

/** @throws SgridError `forbidden` naming both roles unless `identity` may do what takes `needed`. */
export function demandRole(identity: Identity, needed: Role, what: string): void {
  if (roleIncludes(identity.role, needed)) return;
  throw new SgridError(
    'forbidden',
    said`${what} takes the role ${needed}; "${identity.actor}" is ${identity.role}`,
    {
      hint: said`use a token with the role ${needed}`,
    },
  );
}
