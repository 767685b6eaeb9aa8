import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import * as z from 'zod';
import { logPositionSchema } from '../../common/domain/log.ts';
import { readFileIfThere, writeFileAtomic } from '../../common/system/atomic-file.ts';
import { processIdentitySchema } from '../../common/system/process-identity.ts';
import { stretchSchema } from './archive-format.ts';

const offsetSchema = z.int().nonnegative();
const digestSchema = z.object({ bytes: offsetSchema, sha256: z.string() });
/** Length and hash of some bytes. */
export type Digest = z.infer<typeof digestSchema>;

/** A stretch of the live file whose content tells whether the head was cut off. */
const witnessSchema = z.object({
  /** Place in the file, the same before and after. */
  position: offsetSchema,
  before: digestSchema,
  /** Null where nothing can be known of it: behind a truncation. */
  after: digestSchema.nullable(),
});
export type Witness = z.infer<typeof witnessSchema>;

/** A rotation whose archive is complete, and whose cut may have happened or not. */
const pendingCutSchema = z.object({
  /** `collapse` by fallocate(2) FALLOC_FL_COLLAPSE_RANGE, `truncate` by ftruncate(2). */
  method: z.enum(['collapse', 'truncate']),
  archive: stretchSchema,
  witness: witnessSchema,
  /** Who cuts; nothing can be said before it is gone. Null where the agent itself does. */
  cutter: processIdentitySchema.nullable(),
  /** When what is left of the live file began, milliseconds since the epoch. */
  at: z.int(),
});
export type PendingCut = z.infer<typeof pendingCutSchema>;

/**
 * What is kept beside a log, so that positions mean the same after a restart of the agent.
 *
 * The fingerprint tells whether the file is still the one that it was: inode numbers are given out again at once
 * (ext4), and times change with every write, but the first bytes of a file that is only appended to never do. They hold
 * the time of our first mark.
 */
export const lineageSchema = z.object({
  lineage: logPositionSchema.shape.lineage,
  /** Logical offset of the live file's first byte: how much was cut off in front of it. */
  baseOffset: offsetSchema,
  fingerprint: digestSchema,
  /** Lineages before, latest last, with the offset that was known to be their end. */
  past: z.array(logPositionSchema),
  /** Offset at which this lineage began; archives before it hold what was kept of the ones before. */
  beganOffset: offsetSchema.default(0),
  /** When the live file's first byte was written, roughly, milliseconds since the epoch; null when not known. */
  liveSince: z.int().nullable().default(null),
  pending: pendingCutSchema.nullable().default(null),
});
export type Lineage = z.infer<typeof lineageSchema>;

export const FINGERPRINT_BYTES = 64;
const PAST_KEPT = 8;

/** Null when there is none, or it cannot be understood: then positions of before cannot be honoured either. */
export function loadLineage(sidecar: string): Lineage | null {
  const text = readFileIfThere(sidecar);
  if (text === null) return null;
  try {
    return lineageSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export function saveLineage(sidecar: string, lineage: Lineage): void {
  writeFileAtomic(sidecar, `${JSON.stringify(lineage)}\n`, 0o644);
}

/** A new beginning at `baseOffset`; `endOffset` is where the one before was known to end. */
export function beginLineage(
  id: string,
  before: Lineage | null,
  { baseOffset, endOffset, now }: { baseOffset: number; endOffset: number; now: number },
): Lineage {
  const past = before === null ? [] : [...before.past, { lineage: before.lineage, offset: endOffset }];
  return {
    lineage: id,
    baseOffset,
    fingerprint: digestOf(Buffer.alloc(0)),
    past: past.slice(-PAST_KEPT),
    beganOffset: baseOffset,
    liveSince: now,
    pending: null,
  };
}

/** Of what a file has at `position`, at most `bytes`. */
export function readDigest(fd: number, position: number, bytes: number): Digest {
  const buffer = Buffer.alloc(bytes);
  const length = readSync(fd, buffer, 0, bytes, position);
  return digestOf(buffer.subarray(0, length));
}

export function digestHolds(fd: number, position: number, expected: Digest): boolean {
  const now = readDigest(fd, position, expected.bytes);
  return now.bytes === expected.bytes && now.sha256 === expected.sha256;
}

export function digestOf(content: Uint8Array): Digest {
  return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}
