import { parseMark } from '../../common/domain/log-mark.ts';
import { lineTime } from '../format/log-time.ts';
import { type CutPoint, lineCut, PIECE_BYTES } from '../store/log-cuts.ts';
import type { LogBlock } from '../store/log-window.ts';

/** A line of one of several logs. */
export interface SourceLine {
  /** Where it begins and ends in its log. */
  readonly cut: CutPoint;
  readonly end: number;
  /** Its line end included. A line longer than a piece comes in several, of which only the last has one. */
  readonly bytes: Uint8Array;
  /** The time that it carries itself, in milliseconds since the epoch. */
  readonly ownTime: number | null;
  /** What it is ordered by: its own time, else that of a line beside it. Never falls within a log. */
  readonly at: number;
  /** The agent put it there. */
  readonly isMark: boolean;
  /** When it was read, by the cockpit's clock, if the log was being followed; 0 when it was there before. */
  readonly arrivedAt: number;
}

/** A line without a time that comes so long after the last one that had one is no continuation of it. */
const CONTINUATION_MS = 5_000;
const MARK_PREFIX = Buffer.from('--- sgrid ');
const LINE_FEED = 0x0a;

/** The lines of blocks, not ordered yet. */
export function linesOf(blocks: readonly LogBlock[]): SourceLine[] {
  return blocks.flatMap(({ starts, start, end, bytes }) =>
    starts.map((offset, at) => {
      const lineEnd = starts[at + 1] ?? end;
      const isContinued = at > 0 && bytes[offset - start - 1] !== LINE_FEED;
      const line = bytes.subarray(offset - start, lineEnd - start);
      const mark = isContinued ? null : markTime(line);
      return {
        cut: isContinued ? pieceCut(offset) : lineCut(offset),
        end: lineEnd,
        bytes: line,
        ownTime: mark ?? (isContinued ? null : lineTime(line)),
        at: 0,
        isMark: mark !== null,
        arrivedAt: 0,
      };
    }),
  );
}

function pieceCut(offset: number): CutPoint {
  return { offset, nextCut: (Math.round(offset / PIECE_BYTES) + 1) * PIECE_BYTES };
}

function markTime(bytes: Uint8Array): number | null {
  if (!MARK_PREFIX.equals(bytes.subarray(0, MARK_PREFIX.length))) return null;
  return parseMark(Buffer.from(bytes).toString('utf8').trimEnd())?.at ?? null;
}

/**
 * Orders lines that follow one another: a line without a time belongs to the one before it, as a stack trace does. One
 * that comes much later while the log is being followed is ordered by when it came.
 *
 * @param lastAt of the line before; null when none is known
 * @param now when they were read, if the log was being followed; null when they were there before
 */
export function orderBelow(
  lines: readonly SourceLine[],
  lastAt: number | null,
  now: number | null,
): SourceLine[] {
  let at = lastAt ?? 0;
  return lines.map((line) => {
    const isOld = now !== null && now - at > CONTINUATION_MS;
    at = Math.max(at, line.ownTime ?? (isOld ? now : at));
    return { ...line, at, arrivedAt: now ?? 0 };
  });
}

/**
 * Orders lines that stand before others.
 *
 * @param nextAt of the line behind them
 */
export function orderAbove(lines: readonly SourceLine[], nextAt: number): SourceLine[] {
  let at = lines.find((line) => line.ownTime !== null)?.ownTime ?? nextAt;
  const ordered = lines.map((line) => {
    at = line.ownTime ?? at;
    return { ...line, at };
  });
  let least = nextAt;
  for (let index = ordered.length - 1; index >= 0; index--) {
    const line = ordered[index];
    if (line === undefined) continue;
    least = Math.min(least, line.at);
    ordered[index] = { ...line, at: least };
  }
  return ordered;
}
