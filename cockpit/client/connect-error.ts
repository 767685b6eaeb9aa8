import { said } from '../../common/domain/said.ts';
import { explainConnectFailure } from '../../common/protocol/connect-failure.ts';
import { SgridError, toWireError, type WireError, wireErrorSchema } from '../../common/protocol/errors.ts';

/** Refusals that trying again cannot change. */
const FINAL_CODES: ReadonlySet<SgridError['code']> = new Set([
  'unauthenticated',
  'forbidden',
  'protocol_mismatch',
]);

export function isFinal(error: WireError): boolean {
  return FINAL_CODES.has(error.code);
}

/**
 * What Socket.IO reports when a connection could not be made: the master's own words where its middleware refused
 * (`data`), else why nobody answered.
 */
export function explainConnectError(error: Error, url: string): WireError {
  const refusal = wireErrorSchema.safeParse((error as { data?: unknown }).data);
  if (refusal.success) return refusal.data;
  const { reason, hint = said`check the address, and that sgridnext runs there` } =
    explainConnectFailure(error);
  return toWireError(new SgridError('disconnected', said`no master answers at ${url}: ${reason}`, { hint }));
}
