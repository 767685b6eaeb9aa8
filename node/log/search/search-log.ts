import type { LogPosition } from '../../../common/domain/log.ts';
import {
  type LogMatch,
  type LogSearchRequest,
  type LogSearchResult,
  MAX_MATCH_TEXT_BYTES,
} from '../../../common/domain/log-search.ts';
import type { ReadableLog } from '../instance-log.ts';
import { readSpan, type Span } from '../read-span.ts';
import type { FoundLine, ScanResult } from './scan-lines.ts';
import type { SearchThread } from './search-thread.ts';

/** Longer than the longest piece that is searched at once, and small enough to keep a thread's answer prompt. */
const CHUNK_BYTES = 1024 * 1024;
/** The text of all matches of one answer. */
const MAX_ANSWER_BYTES = 512 * 1024;

/**
 * Searches from a position on until there are enough matches, nothing more, or the bounds are reached. Reads here and looks
 * in a thread, so that neither a large log nor a bad pattern holds up anything else.
 *
 * @param now a clock that never goes back, in milliseconds
 * @param throwIfEnded asked between chunks
 */
export async function searchLog(
  log: ReadableLog,
  request: LogSearchRequest,
  thread: SearchThread,
  now: () => number,
  throwIfEnded: () => void,
): Promise<LogSearchResult> {
  const { direction, maxMatches, maxBytes } = request;
  const deadline = now() + request.maxMs;
  const matches: LogMatch[] = [];
  let scannedBytes = 0;
  let scannedLines = 0;
  let lostBytes = 0;
  const texts: Uint8Array[] = [];
  let textBytes = 0;
  for (let from = request.from; ; ) {
    throwIfEnded();
    const span = await readSpan(log, from, direction, CHUNK_BYTES);
    lostBytes += span.lostBytes;
    const answer = (next: LogPosition, stoppedBy: LogSearchResult['stoppedBy']): LogSearchResult => ({
      ...{ matches, text: Buffer.concat(texts), next, stoppedBy, scannedBytes, scannedLines, lostBytes },
      ...{ headOffset: span.headOffset, tailOffset: span.tailOffset },
    });
    const begin = direction === 'forward' ? span.start : span.end;
    // Somebody emptied the log meanwhile: what was found is in the lineage before.
    if (typeof from === 'object' && matches.length > 0 && begin.lineage !== from.lineage) {
      return answer(from, 'bytes');
    }
    if (span.data.length === 0) return answer(begin, 'end');
    const scan = await thread.scan({
      chunk: span.data.slice(),
      direction,
      isEdge: span.isEdge,
      maxMatches: maxMatches - matches.length,
      maxMs: Math.max(0, deadline - now()),
    });
    for (const found of scan.found) {
      const match = toMatch(span, found);
      matches.push(match);
      const from = match.textStart - span.start.offset;
      texts.push(span.data.subarray(from, from + match.textBytes));
      textBytes += match.textBytes;
    }
    scannedLines += scan.lines;
    scannedBytes += direction === 'forward' ? scan.at : span.data.length - scan.at;
    const next = { lineage: span.start.lineage, offset: span.start.offset + scan.at };
    if (scan.stoppedBy !== 'chunk') return answer(next, scan.stoppedBy);
    if (span.isEnd) return answer(openEnd(span, scan, next), 'end');
    if (scannedBytes >= maxBytes) return answer(next, 'bytes');
    if (textBytes >= MAX_ANSWER_BYTES) return answer(next, 'matches');
    if (now() >= deadline) return answer(next, 'time');
    from = next;
  }
}

/** A last line that has no end yet and may still come to match is for the next search. */
function openEnd({ start }: Span, { openLine }: ScanResult, next: LogPosition): LogPosition {
  return openLine === null ? next : { ...next, offset: start.offset + openLine };
}

function toMatch({ start }: Span, { lineStart, lineEnd, matchStart, matchEnd }: FoundLine): LogMatch {
  const room = Math.max(0, MAX_MATCH_TEXT_BYTES - (matchEnd - matchStart));
  const isWhole = lineEnd - lineStart <= MAX_MATCH_TEXT_BYTES;
  // Of a long line, the match with as much before it as behind.
  const from = isWhole ? lineStart : Math.max(lineStart, matchStart - Math.floor(room / 2));
  const to = Math.min(lineEnd, from + MAX_MATCH_TEXT_BYTES);
  const { offset } = start;
  return {
    lineStart: offset + lineStart,
    lineEnd: offset + lineEnd,
    matchStart: offset + matchStart,
    matchEnd: offset + matchEnd,
    textStart: offset + from,
    textBytes: to - from,
  };
}
