import type * as z from 'zod';
import { said } from '../domain/said.ts';
import {
  type MessageTable,
  type NoticeDefinition,
  type NoticeName,
  type Payload,
  type PayloadInput,
  type Reply,
  type RequestDefinition,
  type RequestName,
  type Result,
  type ResultInput,
  replySchema,
} from './define.ts';
import { fromWireError, SgridError, toWireError } from './errors.ts';

/** The part of a Socket.IO socket, of either side, that binding needs. */
export interface ReceivingSocket {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  /** The event's name is whatever the peer sent: its wire format takes numbers too. */
  onAny(listener: (event: unknown, ...args: unknown[]) => void): unknown;
}

/** The part of a socket or broadcast operator that calling needs. */
export interface CallingSocket {
  timeout(ms: number): { emitWithAck(event: string, payload: unknown): Promise<unknown> };
}

export interface NoticeSocket {
  emit(event: string, payload: unknown): unknown;
}

export type RequestHandlers<T extends MessageTable, Context> = {
  [N in RequestName<T>]: (
    payload: Payload<T, N>,
    context: Context,
  ) => Promise<ResultInput<T, N>> | ResultInput<T, N>;
};

export type NoticeHandlers<T extends MessageTable, Context> = {
  [N in NoticeName<T>]: (payload: Payload<T, N>, context: Context) => void;
};

export interface BindOptions<Context> {
  context: Context;
  /** Who we are, product and version, for a peer that asks for something which is not known here. */
  self?: string;
  /** Throws when this peer may not send this request. Called after validation, before the handler. */
  authorize?: (name: string, definition: RequestDefinition, context: Context) => void;
  /** Told of every failure that was answered, and of every notice that was dropped. */
  onError?: (name: string, error: unknown, context: Context) => void;
  /** Given every request under way, for whoever must wait for their ends at shutdown. It never rejects. */
  track?: (work: Promise<unknown>) => void;
}

/** "instanceIds.0: expected number" — the first problem of a validation, with its path. */
export function describeIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'invalid';
  const path = issue.path.map(String).join('.');
  const text = issue.message.replace(/^Invalid input: /, '');
  return path === '' ? text : `${path}: ${text}`;
}

/**
 * Listens for every message of `table` and validates each before a handler sees it.
 *
 * A request is always answered, also when it is malformed or its handler throws; a peer that sends a
 * request without an acknowledgement callback is ignored. A malformed notice is dropped and reported. What is in no table
 * comes from a peer that is a version ahead: it is answered with `unsupported`, at once instead of by the peer's time-out.
 */
export function bindMessages<T extends MessageTable, Context>(
  socket: ReceivingSocket,
  table: T,
  handlers: RequestHandlers<T, Context> & NoticeHandlers<T, Context>,
  options: BindOptions<Context>,
): void {
  const lookup = handlers as Record<string, (payload: unknown, context: Context) => unknown>;
  for (const [name, definition] of Object.entries(table)) {
    const handler = lookup[name];
    if (handler === undefined) throw new Error(`no handler for ${name}`);
    if (definition.kind === 'request') bindRequest(socket, name, definition, handler, options);
    else bindNotice(socket, name, definition, handler, options);
  }
  socket.onAny((event, ...args) => {
    const ack = args.at(-1);
    const name = String(event);
    if (Object.hasOwn(table, name) || typeof ack !== 'function') return;
    ack({ ok: false, error: toWireError(unsupported(name, options.self ?? 'this side')) });
  });
}

function unsupported(name: string, self: string): SgridError {
  return new SgridError('unsupported', said`${self} does not know "${name.slice(0, 64)}"`, {
    hint: said`it is older than what asked for this: upgrade it`,
  });
}

function bindRequest<Context>(
  socket: ReceivingSocket,
  name: string,
  definition: RequestDefinition,
  handler: (payload: unknown, context: Context) => unknown,
  { context, authorize, onError, track }: BindOptions<Context>,
): void {
  socket.on(name, async (...args) => {
    const ack = args.at(-1);
    if (typeof ack !== 'function') return;
    const reply = async (): Promise<Reply<unknown>> => {
      try {
        const parsed = definition.payload.safeParse(args.length > 1 ? args[0] : undefined);
        if (!parsed.success)
          throw new SgridError('bad_request', said`${name}: ${describeIssue(parsed.error)}`);
        authorize?.(name, definition, context);
        return { ok: true, value: await handler(parsed.data, context) };
      } catch (error) {
        onError?.(name, error, context);
        return { ok: false, error: toWireError(error) };
      }
    };
    const replying = reply();
    track?.(replying);
    ack(await replying);
  });
}

function bindNotice<Context>(
  socket: ReceivingSocket,
  name: string,
  definition: NoticeDefinition,
  handler: (payload: unknown, context: Context) => unknown,
  { context, onError }: BindOptions<Context>,
): void {
  const read = (payload: unknown): unknown => {
    if (definition.accepts?.(payload) === true) return payload;
    const parsed = definition.payload.safeParse(payload);
    if (parsed.success) return parsed.data;
    throw new SgridError('bad_request', said`${name}: ${describeIssue(parsed.error)}`);
  };
  socket.on(name, (...args) => {
    try {
      handler(read(args[0]), context);
    } catch (error) {
      onError?.(name, error, context);
    }
  });
}

/**
 * Sends a request and returns its validated result.
 *
 * @throws SgridError with the peer's code, or `timeout`, or `internal` when the answer itself is malformed.
 */
export async function call<T extends MessageTable, N extends RequestName<T>>(
  socket: CallingSocket,
  table: T,
  name: N,
  payload: PayloadInput<T, N>,
  options: { timeoutMs?: number } = {},
): Promise<Result<T, N>> {
  const definition = table[name] as unknown as RequestDefinition;
  const timeoutMs = options.timeoutMs ?? definition.timeoutMs;
  let answer: unknown;
  try {
    answer = await socket.timeout(timeoutMs).emitWithAck(name, payload);
  } catch (cause) {
    throw whyNoAnswer(name, timeoutMs, cause);
  }
  return readReply(name, definition, answer) as Result<T, N>;
}

/** socket.io-client ends pending acknowledgements at a disconnect with this message and no code (lib/socket.ts `_clearAcks`). */
const DISCONNECTED = 'socket has been disconnected';

function whyNoAnswer(name: string, timeoutMs: number, cause: unknown): SgridError {
  return cause instanceof Error && cause.message === DISCONNECTED
    ? new SgridError('disconnected', said`${name}: the link went down before the answer`, { cause })
    : new SgridError('timeout', said`${name}: no answer within ${timeoutMs / 1000} s`, { cause });
}

/** Unwraps and validates one answer to a request. Exported for callers that collect acks of a room. */
export function readReply(name: string, definition: RequestDefinition, answer: unknown): unknown {
  const reply = replySchema.safeParse(answer);
  if (!reply.success)
    throw new SgridError('internal', said`${name}: malformed reply: ${describeIssue(reply.error)}`);
  if (!reply.data.ok) throw fromWireError(reply.data.error);
  const result = definition.result.safeParse(reply.data.value);
  if (!result.success)
    throw new SgridError('internal', said`${name}: malformed result: ${describeIssue(result.error)}`);
  return result.data;
}

/** Sends a notice; typed, unanswered. */
export function tell<T extends MessageTable, N extends NoticeName<T>>(
  socket: NoticeSocket,
  _table: T,
  name: N,
  payload: PayloadInput<T, N>,
): void {
  socket.emit(name, payload);
}
