import type * as z from 'zod';
import { said } from '../../common/domain/said.ts';
import { describeIssue } from '../../common/protocol/bind.ts';
import { SgridError, toWireError } from '../../common/protocol/errors.ts';
import { isSupportedVersion, PROTOCOL_VERSION, supportedVersions } from '../../common/protocol/version.ts';
import { PRODUCT_VERSION } from '../../common/version.ts';
import type { Authority, Identity } from './authority.ts';

/**
 * Decides about one handshake: the token first, so that a stranger learns nothing, then the protocol version (another
 * version may have another shape), then the shape.
 *
 * @throws SgridError `protocol_mismatch`, `unauthenticated` or `bad_request`
 */
export function checkHello<S extends z.ZodType>(
  auth: unknown,
  schema: S,
  authority: Authority,
  from: string | null,
  product: 'sgrid' | 'sgridnode',
): { identity: Identity; hello: z.output<S> } {
  const raw = typeof auth === 'object' && auth !== null ? (auth as Record<string, unknown>) : {};
  const identity = authority.authenticate(raw.token, from);
  if (!isSupportedVersion(raw.protocolVersion)) throw mismatch(product, raw);
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw new SgridError('bad_request', said`hello: ${describeIssue(parsed.error)}`);
  return { identity, hello: parsed.data };
}

const UPGRADES = { sgridnext: 'master', sgridnode: 'node', sgrid: 'cockpit' } as const;

/** Says which of the two is behind: that is the one to upgrade. */
function mismatch(product: 'sgrid' | 'sgridnode', claimed: Record<string, unknown>): SgridError {
  const { protocolVersion, version } = claimed;
  const theirs = typeof protocolVersion === 'number' ? protocolVersion : null;
  const label = typeof version === 'string' && /^[\w.+-]{1,64}$/.test(version) ? ` ${version}` : '';
  const behind = theirs !== null && theirs > PROTOCOL_VERSION ? 'sgridnext' : product;
  return new SgridError(
    'protocol_mismatch',
    said`this ${product}${label} speaks protocol version ${theirs ?? 'unknown'}, sgridnext ${PRODUCT_VERSION} takes ${supportedVersions()}`,
    { hint: said`upgrade ${behind} on its machine with "./deploy.sh upgrade ${UPGRADES[behind]}"` },
  );
}

/** An error as Socket.IO sends it in `connect_error`: what is typed is in `data`. */
export function toConnectError(error: unknown): Error {
  const wire = toWireError(error);
  return Object.assign(new Error(wire.message), { data: wire });
}
