import type { LogPosition, LogReadRequest } from '../../common/domain/log.ts';
import type { ReadableLog } from './instance-log.ts';
import { readOnce } from './read-log.ts';

/** Bytes of a log that follow one another, over the boundaries of its files. */
export interface Span {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly start: LogPosition;
  readonly end: LogPosition;
  readonly headOffset: number;
  readonly tailOffset: number;
  /** As in `log.read`, between where it was to begin and where it does. */
  readonly lostBytes: number;
  /** What lies beyond it is missing, or there is nothing. */
  readonly isEdge: boolean;
  /** There is nothing beyond it, now. */
  readonly isEnd: boolean;
}

/** Reads as many bytes as asked for, or as there are before the next gap. */
export async function readSpan(
  log: ReadableLog,
  from: LogReadRequest['from'],
  direction: LogReadRequest['direction'],
  maxBytes: number,
): Promise<Span> {
  const first = await readOnce(log, { from, direction, maxBytes });
  const parts = [first.result.data];
  let { start, end } = first.result;
  let length = first.result.data.length;
  let isEdge = length === 0;
  while (length < maxBytes && !isEdge) {
    const more = await readOnce(log, {
      from: direction === 'forward' ? end : start,
      direction,
      maxBytes: maxBytes - length,
    });
    const { data, lostBytes } = more.result;
    isEdge = data.length === 0 || more.isDisplaced || lostBytes > 0;
    if (isEdge) break;
    length += data.length;
    if (direction === 'forward') {
      parts.push(data);
      end = more.result.end;
    } else {
      parts.unshift(data);
      start = more.result.start;
    }
  }
  const { headOffset, tailOffset, lostBytes } = first.result;
  const isEnd = direction === 'forward' ? end.offset >= tailOffset : start.offset <= headOffset;
  return {
    data: concat(parts, length),
    start,
    end,
    headOffset,
    tailOffset,
    lostBytes,
    isEdge: isEdge || isEnd,
    isEnd,
  };
}

function concat(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
