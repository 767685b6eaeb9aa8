import * as z from 'zod';
import { bytesSchema } from './bytes.ts';
import { logPositionSchema } from './log.ts';
import { idSchema } from './names.ts';

const offsetSchema = z.int().nonnegative();

/** Bounds of one answer; whoever wants more asks on from `next`, and whoever does not has cancelled. */
export const MAX_SEARCH_MS = 5000;
export const MAX_SEARCH_BYTES = 1024 ** 3;
/** How much of a matching line comes along, in bytes. */
export const MAX_MATCH_TEXT_BYTES = 2048;

export const logSearchRequestSchema = z.object({
  instanceId: idSchema,
  /** As in `log.read`. */
  file: z.string().min(1).max(1024).default('stdout'),
  /**
   * What to look for within single lines. A line longer than 64 KiB is searched in pieces of that size, each as if it were a
   * line; a match may reach 4 KiB into the next.
   */
  pattern: z.string().min(1).max(1024),
  /** `regex` as in ECMAScript, without flags of its own. */
  syntax: z.enum(['literal', 'regex']).default('literal'),
  ignoreCase: z.boolean().default(false),
  /** Where to begin: the oldest kept byte, the end, or a position, best one at the beginning of a line. */
  from: z.union([z.literal('head'), z.literal('tail'), logPositionSchema]),
  direction: z.enum(['forward', 'backward']).default('forward'),
  maxMatches: z.int().min(1).max(500).default(100),
  /** How much of the log to look at; it may become 1 MiB more. */
  maxBytes: z.int().min(1).max(MAX_SEARCH_BYTES).default(MAX_SEARCH_BYTES),
  /** When to answer with what was found by then. */
  maxMs: z.int().min(1).max(MAX_SEARCH_MS).default(1000),
});
export type LogSearchRequest = z.infer<typeof logSearchRequestSchema>;

/** A line in which the pattern was found; offsets are logical ones of the result's lineage. */
export const logMatchSchema = z.object({
  /** The line's first byte, and behind its last one without the newline. */
  lineStart: offsetSchema,
  lineEnd: offsetSchema,
  /** The first match within it; in a line that is not UTF-8 the whole line. */
  matchStart: offsetSchema,
  matchEnd: offsetSchema,
  /** What the result's `text` has of the line, or of a long one a part with the match in it: its offset and length. */
  textStart: offsetSchema,
  textBytes: offsetSchema,
});
export type LogMatch = z.infer<typeof logMatchSchema>;

export const logSearchResultSchema = z.object({
  /** In the order in which they were found: backward the latest first. */
  matches: z.array(logMatchSchema),
  /** Of all matches, one after another, as raw bytes. In one piece, since every one is a frame of its own on the link. */
  text: bytesSchema,
  /** Go on from here, in the same direction. */
  next: logPositionSchema,
  /** Why it ended: there is nothing more in that direction now, or one of the bounds was reached. */
  stoppedBy: z.enum(['end', 'matches', 'bytes', 'time']),
  scannedBytes: offsetSchema,
  scannedLines: offsetSchema,
  /** As in `log.read`. */
  headOffset: offsetSchema,
  tailOffset: offsetSchema,
  lostBytes: offsetSchema,
});
export type LogSearchResult = z.infer<typeof logSearchResultSchema>;
