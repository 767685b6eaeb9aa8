import * as z from 'zod';
import { english, factsOf, type Said, said, saidFieldSchema, type Told } from '../domain/said.ts';

/**
 * Every error code that can cross a link. Callers branch on these, never on message text.
 *
 * Adding a code: add it here with the side that raises it; nothing else has to change.
 */
export const ERROR_CODES = [
  /** The payload does not fit its schema. */
  'bad_request',
  /** No token, or one that the master does not know. */
  'unauthenticated',
  /** The token's role may not do this. */
  'forbidden',
  /** The two sides speak protocol versions that are too far apart. */
  'protocol_mismatch',
  /** The peer is of a version that does not know this message. */
  'unsupported',
  /** Another live connection holds this identity (an agent's node id). */
  'identity_taken',
  /** The named thing does not exist. */
  'not_found',
  /** The named thing exists already. */
  'already_exists',
  /** It touches a protected service, whose name was not typed. */
  'unconfirmed',
  /** The request contradicts the present state (a rollout under way, a port in use). */
  'conflict',
  /** A value is outside what this node or service allows. */
  'out_of_range',
  /** The node has no live link to the master. */
  'node_unreachable',
  /** No answer came within the time-out; the request may still take effect. */
  'timeout',
  /** The package is truncated, corrupt, or holds entries that are not allowed. */
  'package_invalid',
  /** The bytes do not match the announced sha256 or size. */
  'checksum_mismatch',
  /** The package or message exceeds the size limit. */
  'too_large',
  /** The program could not be started. */
  'start_failed',
  /** Processes of the instance are still there after SIGKILL. */
  'stop_failed',
  /** The instance's process cannot be identified; nothing is signalled or started. */
  'identity_in_doubt',
  /** Too many of these are under way here already (the agent's HTTP port); or it is not ready yet. Worth another try. */
  'busy',
  /** A file, directory or port cannot be used by this user. */
  'permission_denied',
  /** The disk is full. */
  'no_space',
  /** The link went down while waiting. */
  'disconnected',
  /** The request was cancelled by the caller. */
  'cancelled',
  /** Anything else: a bug of ours. The message carries what is known. */
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

const MAX_TEXT_LENGTH = 4096;

export const wireErrorSchema = z.object({
  /** A code of a later version is one that nobody here can branch on. */
  code: z.enum(ERROR_CODES).or(
    z
      .string()
      .max(64)
      .transform((): ErrorCode => 'internal'),
  ),
  /** What is wrong, naming the thing, as one sentence without a full stop. */
  message: z.string().max(MAX_TEXT_LENGTH),
  /** What the reader can do about it. */
  hint: z.string().max(MAX_TEXT_LENGTH).optional(),
  /** Both with their facts apart, for readers of other languages. */
  said: saidFieldSchema,
  saidHint: saidFieldSchema,
});

/** An error as it travels: plain data. */
export type WireError = z.infer<typeof wireErrorSchema>;

/** The one error class of the product: a code to branch on, a message to read, a hint to act on. */
export class SgridError extends Error {
  override readonly name = 'SgridError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  /** Message and hint with their facts apart, where they were said so. */
  readonly said: Said | undefined;
  readonly saidHint: Said | undefined;

  constructor(code: ErrorCode, message: Told, options: { hint?: Told | undefined; cause?: unknown } = {}) {
    super(english(message), options.cause === undefined ? undefined : { cause: options.cause });
    const { hint } = options;
    this.code = code;
    this.hint = hint === undefined ? undefined : english(hint);
    this.said = factsOf(message);
    this.saidHint = hint === undefined ? undefined : factsOf(hint);
  }
}

/** Turns an error into plain data. Unknown errors become `internal` and keep only their message; long texts are cut. */
export function toWireError(error: unknown): WireError {
  const known = error instanceof SgridError ? error : null;
  const text = error instanceof Error ? error.message : String(error);
  return {
    code: known?.code ?? 'internal',
    message: text.slice(0, MAX_TEXT_LENGTH),
    ...(known?.hint !== undefined && { hint: known.hint.slice(0, MAX_TEXT_LENGTH) }),
    ...(known?.said !== undefined && { said: known.said }),
    ...(known?.saidHint !== undefined && { saidHint: known.saidHint }),
  };
}

export function fromWireError({ code, message, hint, said, saidHint }: WireError): SgridError {
  return new SgridError(code, said ?? message, { hint: saidHint ?? hint });
}

/** `message`, and the hint behind it where there is one: what a person is shown. */
export function describeError(error: unknown): string {
  return english(tellError(error));
}

/** The same with its facts apart, to become part of another sentence. */
export function tellError(error: unknown): Told {
  const { message, hint, said: facts, saidHint } = toWireError(error);
  return hint === undefined ? (facts ?? message) : said`${facts ?? message} — ${saidHint ?? hint}`;
}
