import type { LogRotation } from '../../common/domain/log.ts';

/** When a log is rotated, and how much of it is kept. */
export interface RotationPolicy {
  /** The live file is rotated when it has so many bytes. */
  readonly maxFileBytes: number;
  /** The live file is rotated when it began so many milliseconds ago. */
  readonly maxAgeMs: number;
  /** Archives, as compressed, and the live file together; beyond it the oldest archives go. */
  readonly maxTotalBytes: number;
}

const MIB = 1024 * 1024;
/** A file that is so small stays as it is however old: it cannot be cut, and its lines are all that a quiet program said. */
const LEAST_BYTES = 8192;

export function rotationPolicy({ maxFileMiB, maxAgeHours, maxTotalMiB }: LogRotation): RotationPolicy {
  return {
    maxFileBytes: maxFileMiB * MIB,
    maxAgeMs: maxAgeHours * 3_600_000,
    maxTotalBytes: maxTotalMiB * MIB,
  };
}

export interface LiveFile {
  readonly liveBytes: number;
  /** When its first byte was written, milliseconds since the epoch; null when not known. */
  readonly liveSince: number | null;
}

export function isRotationDue(
  { liveBytes, liveSince }: LiveFile,
  policy: RotationPolicy,
  now: number,
): boolean {
  if (liveBytes < LEAST_BYTES) return false;
  return liveBytes >= policy.maxFileBytes || (liveSince !== null && now - liveSince >= policy.maxAgeMs);
}

/** The oldest archives that have to go, so that the rest is within the cap. */
export function excessArchives<T extends { readonly sizeBytes: number }>(
  archives: readonly T[],
  liveBytes: number,
  policy: RotationPolicy,
): readonly T[] {
  let total = archives.reduce((sum, { sizeBytes }) => sum + sizeBytes, liveBytes);
  let count = 0;
  for (const { sizeBytes } of archives) {
    if (total <= policy.maxTotalBytes) break;
    total -= sizeBytes;
    count += 1;
  }
  return archives.slice(0, count);
}
