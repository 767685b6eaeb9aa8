import type { LogPosition, LogReadRequest } from '../../common/domain/log.ts';

/** A stretch of a log that lies in one file; offsets are logical ones (common/domain/log.ts). */
export interface LogExtent {
  readonly startOffset: number;
  /** Behind the last byte. */
  readonly endOffset: number;
}

/** What is kept of a log right now. */
export interface LogShape {
  readonly lineage: string;
  /** Ascending, with gaps where archives are gone; at least one, the last being what the program appends to. */
  readonly extents: readonly LogExtent[];
  /** Offset at which this lineage began; what is kept from before it is of others. */
  readonly beganOffset: number;
  /** Lineages before this one, and the offset that was known to be their end. */
  readonly past: readonly LogPosition[];
}

export interface ReadPlan {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly headOffset: number;
  readonly tailOffset: number;
  readonly lostBytes: number;
  /** Index of the extent that the bytes are in. */
  readonly extent: number;
  /** The reader is not where it thinks: it is answered at once, also with nothing to read. */
  readonly displaced: boolean;
}

/**
 * Decides which bytes answer a request: at most `maxBytes`, never across two extents (the next read goes on there).
 *
 * A position of bytes that are gone goes on at the next one that is kept, backward at the one before; a position of another
 * lineage goes on where this one began. A position behind the end (the machine lost its last writes, or the reader made it up) goes on at the end.
 */
export function planRead(
  shape: LogShape,
  request: Pick<LogReadRequest, 'from' | 'direction' | 'maxBytes'>,
): ReadPlan {
  const { extents } = shape;
  const headOffset = extents[0]?.startOffset ?? 0;
  const tailOffset = extents.at(-1)?.endOffset ?? 0;
  const { offset, lostBytes, displaced } = locate(shape, request.from, headOffset, tailOffset);
  const common = { headOffset, tailOffset, lostBytes, displaced };
  if (request.direction === 'backward') {
    const extent = Math.max(
      0,
      extents.findLastIndex(({ startOffset }) => startOffset < offset),
    );
    const to = Math.max(headOffset, Math.min(offset, extents[extent]?.endOffset ?? 0));
    const from = Math.max(extents[extent]?.startOffset ?? 0, to - request.maxBytes);
    return { ...common, ...skip(common, offset - to), extent, startOffset: from, endOffset: to };
  }
  const found = extents.findIndex(({ endOffset }) => endOffset > offset);
  const extent = found === -1 ? extents.length - 1 : found;
  const from = found === -1 ? offset : Math.max(offset, extents[extent]?.startOffset ?? 0);
  const to = Math.min(extents[extent]?.endOffset ?? 0, from + request.maxBytes);
  return { ...common, ...skip(common, from - offset), extent, startOffset: from, endOffset: to };
}

/** Over a gap. */
function skip(
  { lostBytes, displaced }: Pick<ReadPlan, 'lostBytes' | 'displaced'>,
  gapBytes: number,
): Pick<ReadPlan, 'lostBytes' | 'displaced'> {
  return { lostBytes: lostBytes + gapBytes, displaced: displaced || gapBytes > 0 };
}

function locate(
  shape: LogShape,
  from: LogReadRequest['from'],
  headOffset: number,
  tailOffset: number,
): { offset: number; lostBytes: number; displaced: boolean } {
  if (from === 'head') return { offset: headOffset, lostBytes: 0, displaced: false };
  if (from === 'tail') return { offset: tailOffset, lostBytes: 0, displaced: false };
  if (from.lineage !== shape.lineage) {
    const end = shape.past.find(({ lineage }) => lineage === from.lineage)?.offset ?? from.offset;
    const offset = Math.max(headOffset, shape.beganOffset);
    const lostBytes = Math.max(0, end - from.offset) + offset - shape.beganOffset;
    return { offset, lostBytes, displaced: true };
  }
  if (from.offset < headOffset) {
    return { offset: headOffset, lostBytes: headOffset - from.offset, displaced: true };
  }
  if (from.offset > tailOffset) return { offset: tailOffset, lostBytes: 0, displaced: true };
  return { offset: from.offset, lostBytes: 0, displaced: false };
}
