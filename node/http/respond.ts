import type { ServerResponse } from 'node:http';
import { type ErrorCode, toWireError } from '../../common/protocol/errors.ts';

const STATUS: Partial<Record<ErrorCode, number>> = { bad_request: 400, not_found: 404, busy: 503 };
/** Seconds (RFC 9110 10.2.3). */
const RETRY_AFTER = '1';

/** Answers with JSON and a newline behind it, for people with curl. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  sendText(response, status, `${JSON.stringify(body)}\n`, headers);
}

/** The same, of what is JSON already. */
export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-cache',
    ...headers,
  });
  response.end(text);
}

/** Answers with an error as `httpErrorSchema` has it. */
export function sendError(
  response: ServerResponse,
  error: unknown,
  status = STATUS[toWireError(error).code] ?? 500,
  headers: Readonly<Record<string, string>> = {},
): void {
  const retry: Record<string, string> = status === 503 ? { 'retry-after': RETRY_AFTER } : {};
  sendJson(response, status, { error: toWireError(error) }, { ...retry, ...headers });
}
