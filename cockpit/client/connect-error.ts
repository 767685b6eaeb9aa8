import { type SgridError, type WireError, wireErrorSchema } from '../../common/protocol/errors.ts';

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
 * (`data`), else the transport's error, which hides the reason in `description`.
 */
export function explainConnectError(error: Error, url: string): WireError {
  const refusal = wireErrorSchema.safeParse((error as { data?: unknown }).data);
  if (refusal.success) return refusal.data;
  const reason = transportReason(error);
  return {
    code: 'disconnected',
    message: `no master answers at ${url}: ${reason}`,
    hint: 'check the address, and that sgridnext runs there',
  };
}

function transportReason(error: Error): string {
  const description: unknown = (error as { description?: unknown }).description;
  if (typeof description !== 'object' || description === null) return error.message;
  const cause: unknown = 'error' in description ? description.error : description;
  const code = (cause as { code?: unknown } | null)?.code;
  const message = (cause as { message?: unknown } | null)?.message;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (typeof message === 'string' && message !== '') return message;
  return error.message;
}
