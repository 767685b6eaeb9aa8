import { SgridError } from './errors.ts';

/** Why a Socket.IO client could not connect, where nobody answered it. */
export interface ConnectFailure {
  reason: string;
  /** Only where the cause knows what to do, as a wrong certificate does. */
  hint?: string;
}

/** The transport's error hides its cause in `description`: an event of ws with the `error`, or the error itself. */
export function explainConnectFailure(error: Error): ConnectFailure {
  const description: unknown = (error as { description?: unknown }).description;
  if (typeof description !== 'object' || description === null) return { reason: error.message };
  const cause: unknown = 'error' in description ? description.error : description;
  if (cause instanceof SgridError)
    return { reason: cause.message, ...(cause.hint !== undefined && { hint: cause.hint }) };
  const code = (cause as { code?: unknown } | null)?.code;
  if (code === 'ECONNREFUSED') return { reason: 'connection refused' };
  const message = (cause as { message?: unknown } | null)?.message;
  return { reason: typeof message === 'string' && message !== '' ? message : error.message };
}
