import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type Role, roleSchema } from '../../common/domain/role.ts';

const tokenSchema = z.string().regex(/^sgrid_[a-z]+_[A-Za-z0-9_-]{43}$/);

/**
 * `sgrid_<role>_<43 characters>`: 256 random bits in base64url (RFC 4648 5) behind a prefix by which people and
 * secret scanners know it. What a token may do is decided by the database, never by this prefix.
 */
export function formatToken(role: Role, random: Uint8Array): string {
  if (random.byteLength !== 32) throw new RangeError('a token needs 32 random bytes');
  return `sgrid_${role}_${Buffer.from(random).toString('base64url')}`;
}

/** The role in a token's prefix, or null when it is not shaped like a token. */
export function tokenPrefixRole(token: string): Role | null {
  if (!tokenSchema.safeParse(token).success) return null;
  return roleSchema.safeParse(token.split('_')[1]).data ?? null;
}

/**
 * What is stored of a token. A plain sha256 is enough: unlike a password, 256 random bits cannot be searched, so a
 * slow hash would only slow the handshakes of a thousand agents.
 */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
