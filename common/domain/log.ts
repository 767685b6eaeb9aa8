import * as z from 'zod';
import { bytesSchema } from './bytes.ts';
import { idSchema } from './names.ts';

/**
 * A place in a log that stays valid for ever: `offset` counts every byte written since the log began,
 * rotated ones included. `lineage` names that beginning: it changes only when the log was deleted and begun anew.
 */
export const logPositionSchema = z.object({
  lineage: z.string().max(64),
  offset: z.int().nonnegative(),
});
export type LogPosition = z.infer<typeof logPositionSchema>;

export const MAX_LOG_READ_BYTES = 1024 * 1024;

export const logReadRequestSchema = z.object({
  instanceId: idSchema,
  /** Name out of `log.files`; the program's own output is `stdout`. */
  file: z.string().min(1).max(1024).default('stdout'),
  /** Where to read: the oldest kept byte, the end, or a position out of an earlier answer. */
  from: z.union([z.literal('head'), z.literal('tail'), logPositionSchema]),
  /** `forward` returns the bytes behind `from`; `backward` the bytes before it. */
  direction: z.enum(['forward', 'backward']).default('forward'),
  maxBytes: z.int().min(1).max(MAX_LOG_READ_BYTES).default(65_536),
  /** Long poll: with nothing to read, answer when there is something, or empty after so many milliseconds. */
  waitMs: z.int().min(0).max(30_000).default(0),
});
export type LogReadRequest = z.infer<typeof logReadRequestSchema>;

export const logReadResultSchema = z.object({
  /** Raw bytes. Neither the agent nor the master splits lines or characters. */
  data: bytesSchema,
  /** Position of the first byte of `data`. */
  start: logPositionSchema,
  /** Position behind the last byte of `data`: read on from here. */
  end: logPositionSchema,
  /** Oldest offset still kept, and the offset behind the newest byte, when this was read. */
  headOffset: z.int().nonnegative(),
  tailOffset: z.int().nonnegative(),
  /** Bytes between the asked position and `start` that are kept no longer (or a lineage that is gone: its whole rest is). */
  lostBytes: z.int().nonnegative(),
});
export type LogReadResult = z.infer<typeof logReadResultSchema>;

/** When a log is rotated, and how much of it is kept. */
export const logRotationSchema = z.object({
  /** The file that the program writes to is rotated when it has so many MiB. */
  maxFileMiB: z.int().min(1).max(16_000).default(64),
  /** It is rotated when it began so many hours ago. */
  maxAgeHours: z.int().min(1).max(8760).default(24),
  /** Rotated files, as compressed, and that file together; beyond it the oldest are removed. */
  maxTotalMiB: z.int().min(1).max(16_777_216).default(1024),
});
export type LogRotation = z.infer<typeof logRotationSchema>;

/**
 * Names log files that a program writes itself, as in glob(7): `*`, `?`, `[…]` within a name, `**` for directories. Absolute, or
 * relative to `SGRID_LOG_DIR`.
 */
export const logPathSchema = z
  .string()
  .min(1)
  .max(1024)
  .refine((path) => !path.includes('\0') && !path.split('/').includes('..'), 'must be a path without ".."');

export const logFileSchema = z.object({
  name: z.string(),
  sizeBytes: z.int().nonnegative(),
  modifiedAt: z.int().nonnegative(),
});
export type LogFile = z.infer<typeof logFileSchema>;
