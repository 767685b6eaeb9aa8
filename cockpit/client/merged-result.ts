import type { LogReadResult } from '../../common/domain/log.ts';
import { english, type Told } from '../../common/domain/said.ts';
import type { LogLane } from './log-lane.ts';
import { scannedBytes } from './log-region.ts';
import type { Stand } from './merged-stand.ts';

export type Bytes = LogReadResult['data'];

export interface MergedResult extends LogReadResult {
  /** Lines left out of all that was looked at. */
  readonly hiddenLines: number;
  /** What keeps single logs from being read; the others go on. */
  readonly troubles: readonly Told[];
}

/** Bytes of several logs; of one that is not open yet, at least something. */
export function unread(bytes: readonly (number | null)[]): number {
  return bytes.reduce<number>((sum, each) => sum + (each ?? 1), 0);
}

/** What is unread, in bytes of the merged log, as far as can be told from what was looked at. */
export function estimate(at: Stand, bytes: number): number {
  const scanned = scannedBytes(at.region);
  const share = scanned === 0 ? 1 : (at.region.end - at.region.start) / scanned;
  return bytes === 0 ? 0 : Math.max(1, Math.ceil(bytes * share));
}

function isWaiting(lane: LogLane): boolean {
  return lane.headBelow().next !== undefined;
}

/** What is answered with `data`, which begins at `start`. */
export function resultOf(at: Stand, start: number, data: Bytes): MergedResult {
  const { region, lineage } = at;
  const isTail = at.below.every((lane) => lane.headBelow().isExhausted && !isWaiting(lane));
  const isHead = at.above.every(
    (lane) => lane.headAbove().isExhausted && lane.headAbove().next === undefined && lane.error() === null,
  );
  const unreadAbove = isHead ? 0 : Math.max(1, unread(at.above.map((lane) => lane.unreadAbove())));
  const unreadBelow = isTail ? 0 : unread(at.below.map((lane) => lane.unreadBelow()));
  return {
    data,
    start: { lineage, offset: start },
    end: { lineage, offset: start + data.length },
    headOffset: Math.max(0, region.start - estimate(at, unreadAbove)),
    tailOffset: region.end + estimate(at, unreadBelow),
    lostBytes: 0,
    hiddenLines: at.hiddenLines,
    troubles: troublesOf([...at.below, ...at.above]),
  };
}

/** Each is told once, whichever way its log is read. */
function troublesOf(lanes: readonly LogLane[]): Told[] {
  const troubles = lanes.flatMap((lane) => lane.trouble() ?? []);
  return [...new Map(troubles.map((trouble) => [english(trouble), trouble])).values()];
}

/** One log that cannot be read leaves the others; when none can, that is an error. */
export function checked(at: Stand, result: MergedResult): MergedResult {
  const errors = at.below.map((lane) => lane.error());
  if (errors.every((error) => error !== null)) throw errors[0];
  return result;
}
