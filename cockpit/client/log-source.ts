import type { LogPosition, LogReadRequest, LogReadResult } from '../../common/domain/log.ts';
import { type CutPoint, lineCut } from '../store/log-cuts.ts';
import type { LogSourceSpec } from '../store/log-view-spec.ts';
import {
  appendBytes,
  emptyWindow,
  type LogWindow,
  prependBytes,
  windowEnd,
  windowOf,
} from '../store/log-window.ts';
import { createLineQueue, type LineQueue } from './log-line-queue.ts';
import { linesOf, orderAbove, orderBelow, type SourceLine } from './log-source-lines.ts';

/** Where a log is read from: its beginning, its end, or a place where a line begins. */
export type SourceStart = 'head' | 'tail' | { readonly lineage: string; readonly cut: CutPoint };

export type ReadLog = (request: LogReadRequest) => Promise<LogReadResult>;

/** A log, read in both directions from where it was opened, as whole lines with their times. */
export interface LogSource {
  readonly spec: LogSourceSpec;
  readonly lineage: string;
  /** Lines read and not taken yet. */
  readonly below: LineQueue;
  /** The same above: the last is the next to take. */
  readonly above: SourceLine[];
  /** All that is there now has been read; a line that has not ended does not count. */
  isAtTail(): boolean;
  isAtHead(): boolean;
  /** Bytes that are there and not taken. */
  unreadBelow(): number;
  unreadAbove(): number;
  /** Where the next line to take from `below` begins. */
  place(): SourceStart;
  /** Reads on; with `waitMs` as soon as there is something. False when the log was begun anew. @throws SgridError */
  fetchBelow(waitMs: number): Promise<boolean>;
  fetchAbove(): Promise<boolean>;
}

/** Every line of it becomes an object with a time; a screen needs a twentieth of it. */
const READ_BYTES = 131_072;
/** Lines at the top without a time are held back so long for a line above them that has one. */
const UNTIMED_BYTES = 1024 * 1024;

/** @throws SgridError what reading the log throws */
export async function openLogSource(
  spec: LogSourceSpec,
  from: SourceStart,
  { read, clock }: { read: ReadLog; clock: () => number },
): Promise<LogSource> {
  const ask = (at: 'head' | 'tail' | LogPosition, direction: 'forward' | 'backward', waitMs = 0) =>
    read({ instanceId: spec.instanceId, file: spec.file, from: at, direction, maxBytes: READ_BYTES, waitMs });
  const isTail = from === 'tail';
  const opened = await ask(
    typeof from === 'string' ? from : { lineage: from.lineage, offset: from.cut.offset },
    isTail ? 'backward' : 'forward',
  );
  const { lineage, offset: start } = opened.start;
  let headOffset = 0;
  let tailOffset = 0;
  const takeSizes = (result: LogReadResult): void => {
    headOffset = result.headOffset;
    tailOffset = Math.max(result.tailOffset, result.end.offset);
  };
  takeSizes(opened);

  const isExact = typeof from !== 'string' && from.lineage === lineage && from.cut.offset === start;
  const first: LogWindow = isTail
    ? windowOf(opened.data, start, start <= headOffset)
    : appendBytes(emptyWindow(isExact ? from.cut : lineCut(start)), opened.data);
  /** Only what is not whole lines yet. */
  let bottom: LogWindow = { ...first, blocks: [] };
  let top: LogWindow = isTail ? withTop(first) : emptyWindow(lineCut(start));

  let nextAt = clock();
  let untimed: SourceLine[] = [];
  const isHeadRead = (): boolean => top.above.offset <= headOffset;
  /** Puts off the lines at the top that would get their time from a line that is not read yet. */
  const takeAbove = (lines: readonly SourceLine[]): SourceLine[] => {
    const all = [...lines, ...untimed];
    const timed = all.findIndex((line) => line.ownTime !== null);
    const withoutTime = timed === -1 ? all : all.slice(0, timed);
    untimed = !isHeadRead() && byteCount(withoutTime) < UNTIMED_BYTES ? withoutTime : [];
    const ordered = orderAbove(all.slice(untimed.length), nextAt);
    nextAt = ordered[0]?.at ?? nextAt;
    return ordered;
  };
  const above: SourceLine[] = isTail ? takeAbove(linesOf(first.blocks)) : [];
  const opening = isTail ? [] : orderBelow(linesOf(first.blocks), null, null);
  const below = createLineQueue();
  below.add(opening);
  let lastAt = opening.at(-1)?.at ?? above.at(-1)?.at ?? null;
  nextAt = opening[0]?.at ?? nextAt;

  return {
    spec,
    lineage,
    below,
    above,
    isAtTail: () => windowEnd(bottom) >= tailOffset,
    isAtHead: () => isHeadRead() && untimed.length === 0,
    unreadBelow: () => Math.max(0, tailOffset - windowEnd(bottom)) + below.byteCount(),
    unreadAbove: () => Math.max(0, top.above.offset - headOffset) + byteCount(untimed) + byteCount(above),
    place: () => ({ lineage, cut: below.first()?.cut ?? bottom.rest.cut }),
    fetchBelow: async (waitMs) => {
      const offset = windowEnd(bottom);
      const isLive = offset >= tailOffset;
      const result = await ask({ lineage, offset }, 'forward', waitMs);
      if (result.start.lineage !== lineage) return false;
      takeSizes(result);
      const isGap = result.start.offset > offset;
      const next = appendBytes(isGap ? emptyWindow(lineCut(result.start.offset)) : bottom, result.data);
      bottom = { ...next, blocks: [] };
      const lines = orderBelow(linesOf(next.blocks), lastAt, isLive ? clock() : null);
      lastAt = lines.at(-1)?.at ?? lastAt;
      below.add(lines);
      return true;
    },
    fetchAbove: async () => {
      const result = await ask({ lineage, offset: top.above.offset }, 'backward');
      if (result.start.lineage !== lineage) return false;
      takeSizes(result);
      // Rotated away meanwhile: what is kept begins where this log was read from.
      if (result.data.length === 0) headOffset = top.above.offset;
      const next = prependBytes(
        top,
        result.data,
        result.data.length === 0 || result.start.offset <= headOffset,
      );
      top = withTop(next);
      const taken = above.splice(0);
      for (const line of takeAbove(linesOf(next.blocks))) above.push(line);
      for (const line of taken) above.push(line);
      return true;
    },
  };
}

/** The same place without the lines. */
function withTop({ blocks, rest, above }: LogWindow): LogWindow {
  const cut = lineCut(blocks[0]?.start ?? rest.cut.offset);
  return { blocks: [], rest: { cut, bytes: new Uint8Array(0) }, above };
}

function byteCount(lines: readonly SourceLine[]): number {
  return lines.reduce((sum, line) => sum + line.bytes.length, 0);
}
