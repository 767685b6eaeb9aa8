import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { z } from 'zod';
import { logPositionSchema } from '../../common/domain/log.ts';
import { readFileIfThere, writeFileAtomic } from '../../common/system/atomic-file.ts';

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
  baseOffset: z.int().nonnegative(),
  fingerprint: z.object({ bytes: z.int().nonnegative(), sha256: z.string() }),
  /** Lineages before, latest last, with the offset that was known to be their end. */
  past: z.array(logPositionSchema),
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

/** A new beginning; `endOffset` is where the one before was known to end. */
export function beginLineage(id: string, before: Lineage | null, endOffset: number): Lineage {
  const past = before === null ? [] : [...before.past, { lineage: before.lineage, offset: endOffset }];
  return {
    lineage: id,
    baseOffset: 0,
    fingerprint: { bytes: 0, sha256: hashOf(Buffer.alloc(0)) },
    past: past.slice(-PAST_KEPT),
  };
}

/** The first bytes of a file, at most `bytes`. */
export function readFingerprint(fd: number, bytes: number): Lineage['fingerprint'] {
  const head = Buffer.alloc(bytes);
  const length = readSync(fd, head, 0, bytes, 0);
  return { bytes: length, sha256: hashOf(head.subarray(0, length)) };
}

export function fingerprintHolds(fd: number, fingerprint: Lineage['fingerprint']): boolean {
  const now = readFingerprint(fd, fingerprint.bytes);
  return now.bytes === fingerprint.bytes && now.sha256 === fingerprint.sha256;
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
