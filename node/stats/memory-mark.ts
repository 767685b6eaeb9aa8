import { said, type Told } from '../../common/domain/said.ts';
import type { Limits } from '../../common/domain/service.ts';

const MIB_BYTES = 1024 * 1024;
/** Of the hard limit, when no mark is given. */
const DEFAULT_MARK = 0.9;
/** Of the mark: an instance that was warned of is warned of again only after it was below. */
const REARM_BELOW = 0.8;

/** Bytes of memory from which on an instance is warned of; null when it has no limit. */
export function memoryMarkOf({ memoryMiB, memoryHighMiB }: Limits): number | null {
  if (memoryHighMiB !== undefined) return memoryHighMiB * MIB_BYTES;
  return memoryMiB === undefined ? null : Math.floor(memoryMiB * MIB_BYTES * DEFAULT_MARK);
}

/**
 * Below this nothing changes the answer of `isOverMark` from false, and everything makes it false: while the whole usage is
 * below, the working set need not be asked for.
 */
export function memoryThreshold(wasOver: boolean, markBytes: number): number {
  return wasOver ? markBytes * REARM_BELOW : markBytes;
}

/** Whether an instance counts as over its mark now: with hysteresis, so that one that hovers there is told once. */
export function isOverMark(wasOver: boolean, bytes: number, markBytes: number): boolean {
  return bytes >= memoryThreshold(wasOver, markBytes);
}

/** What is said of one that has come over its mark. */
export function overMarkText(bytes: number, markBytes: number, { memoryMiB }: Limits): Told {
  const mib = (value: number): string => `${Math.floor(value / MIB_BYTES)} MiB`;
  const limit = memoryMiB === undefined ? '' : said`; at ${memoryMiB} MiB the kernel ends processes of it`;
  return said`uses ${mib(bytes)} of memory, its mark is ${mib(markBytes)}${limit}`;
}
