import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ErrorCode, toWireError } from '../../common/protocol/errors.ts';

/** How long a client that is refused may go on sending before its connection is cut. */
const DRAIN_MS = 2_000;

const STATUS: Partial<Record<ErrorCode, number>> = {
  bad_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  timeout: 408,
  already_exists: 409,
  conflict: 409,
  too_large: 413,
  out_of_range: 416,
  package_invalid: 422,
  checksum_mismatch: 422,
  busy: 503,
  no_space: 507,
};

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(text);
}

/**
 * Answers with an error, also while the client is still sending. The rest of its body is read and dropped for a
 * moment: closing with unread bytes would reset the connection, and the answer would be lost on the way (RFC 9112 9.6).
 */
export function sendError(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const wire = toWireError(error);
  const text = JSON.stringify({ error: wire });
  const unread = !request.complete;
  response.writeHead(STATUS[wire.code] ?? 500, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...(wire.code === 'unauthenticated' ? { 'www-authenticate': 'Bearer' } : {}),
    ...(unread ? { connection: 'close' } : {}),
  });
  if (!unread) {
    response.end(text);
    return;
  }
  response.write(text);
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, DRAIN_MS);
  request.once('end', end).once('close', end).resume();
}
