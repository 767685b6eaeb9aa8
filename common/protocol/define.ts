import * as z from 'zod';
import type { Role } from '../domain/role.ts';
import { type WireError, wireErrorSchema } from './errors.ts';

/** A message that is answered: with a result or a typed error, within `timeoutMs`. */
export interface RequestDefinition<
  P extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
  G extends boolean = boolean,
> {
  readonly kind: 'request';
  readonly payload: P;
  readonly result: R;
  /** How long the caller waits for the answer, in milliseconds, unless it says otherwise. */
  readonly timeoutMs: number;
  /** The least role that may send it. Only meaningful on the cockpit link. */
  readonly role: Role;
  /**
   * It can take capacity away from a service: a protected one is touched by it only with its name in `confirm`. Of every
   * request that a viewer may not send, on the cockpit link.
   */
  readonly guarded: G;
}

/** A message that is not answered. */
export interface NoticeDefinition<P extends z.ZodType = z.ZodType> {
  readonly kind: 'notice';
  readonly payload: P;
  /**
   * Of a notice that comes thousands of times a second: true only of what `payload` takes as it is, and quick to say so. What it
   * does not accept is put to `payload`.
   */
  readonly accepts?: (payload: unknown) => payload is z.output<P>;
}

export type MessageDefinition = RequestDefinition | NoticeDefinition;
export type MessageTable = Readonly<Record<string, MessageDefinition>>;

/** All messages of one link, by direction. The only place where an event is named. */
export interface LinkDefinition<
  Up extends MessageTable = MessageTable,
  Down extends MessageTable = MessageTable,
> {
  readonly namespace: `/${string}`;
  /** Sent by the client (agent or cockpit) to the master. */
  readonly toMaster: Up;
  /** Sent by the master to the client. */
  readonly toClient: Down;
}

/** Without a role it is an administrator's: one whose role was forgotten is refused, not open to everybody. */
export function request<P extends z.ZodType, R extends z.ZodType>(definition: {
  payload: P;
  result: R;
  timeoutMs?: number;
  role?: Role;
}): RequestDefinition<P, R, false> {
  return { kind: 'request', timeoutMs: 5_000, role: 'admin', guarded: false, ...definition };
}

/** A request that can take capacity away; see `guarded`. Its payload takes `confirm`. */
export function guardedRequest<P extends z.ZodType<{ confirm: string[] }>, R extends z.ZodType>(definition: {
  payload: P;
  result: R;
  timeoutMs?: number;
  role: Exclude<Role, 'viewer' | 'agent'>;
}): RequestDefinition<P, R, true> {
  return { kind: 'request', timeoutMs: 5_000, guarded: true, ...definition };
}

export function notice<P extends z.ZodType>(
  definition: Omit<NoticeDefinition<P>, 'kind'>,
): NoticeDefinition<P> {
  return { kind: 'notice', ...definition };
}

export function defineLink<Up extends MessageTable, Down extends MessageTable>(
  link: LinkDefinition<Up, Down>,
): LinkDefinition<Up, Down> {
  return link;
}

/** What a request is answered with. */
export type Reply<T> = { ok: true; value: T } | { ok: false; error: WireError };

export const replySchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: wireErrorSchema }),
]);

type Names<T extends MessageTable, K extends MessageDefinition['kind']> = {
  [N in keyof T]: T[N] extends { kind: K } ? N : never;
}[keyof T] &
  string;

/** Names of the requests in a table. */
export type RequestName<T extends MessageTable> = Names<T, 'request'>;
/** Names of the requests in a table that can take capacity away. */
export type GuardedName<T extends MessageTable> = {
  [N in keyof T]: T[N] extends { guarded: true } ? N : never;
}[keyof T] &
  string;
/** Names of the notices in a table. */
export type NoticeName<T extends MessageTable> = Names<T, 'notice'>;

/** What the sender passes: the schema's input, so that defaults may be left out. */
export type PayloadInput<T extends MessageTable, N extends keyof T> = z.input<T[N]['payload']>;
/** What the receiver gets, after validation. */
export type Payload<T extends MessageTable, N extends keyof T> = z.output<T[N]['payload']>;
/** What a request is answered with, after validation. */
export type Result<T extends MessageTable, N extends keyof T> =
  T[N] extends RequestDefinition<z.ZodType, infer R> ? z.output<R> : never;
/** What a handler returns: the result schema's input. */
export type ResultInput<T extends MessageTable, N extends keyof T> =
  T[N] extends RequestDefinition<z.ZodType, infer R> ? z.input<R> : never;

/** The Socket.IO event map of a table, for `Server<…>` and `Socket<…>`. */
export type EventMap<T extends MessageTable> = {
  [N in keyof T & string]: T[N] extends RequestDefinition
    ? (payload: PayloadInput<T, N>, ack: (reply: Reply<ResultInput<T, N>>) => void) => void
    : (payload: PayloadInput<T, N>) => void;
};
