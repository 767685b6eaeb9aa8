import type * as z from 'zod';
import { describeIssue } from '../../common/protocol/bind.ts';
import { SgridError, toWireError } from '../../common/protocol/errors.ts';
import { PROTOCOL_VERSION } from '../../common/protocol/version.ts';
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
): { identity: Identity; hello: z.output<S> } {
  const raw = typeof auth === 'object' && auth !== null ? (auth as Record<string, unknown>) : {};
  const identity = authority.authenticate(raw.token, from);
  if (raw.protocolVersion !== PROTOCOL_VERSION) {
    throw new SgridError(
      'protocol_mismatch',
      `this master speaks protocol version ${PROTOCOL_VERSION}, the client ${String(raw.protocolVersion).slice(0, 20)}`,
      { hint: 'bring both to the same release of sgrid' },
    );
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw new SgridError('bad_request', `hello: ${describeIssue(parsed.error)}`);
  return { identity, hello: parsed.data };
}

/** An error as Socket.IO sends it in `connect_error`: what is typed is in `data`. */
export function toConnectError(error: unknown): Error {
  const wire = toWireError(error);
  return Object.assign(new Error(wire.message), { data: wire });
}
