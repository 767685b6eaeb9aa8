import type { FindInLine } from './find-in-line.ts';

/** A longer line is searched in pieces of so many bytes, each as if it were a line. */
export const PIECE_BYTES = 64 * 1024;
/** How far behind the end of a piece of a long line a match that begins in it may reach. */
const OVERLAP_BYTES = 4096;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** Asking for the time costs about as much as matching a line. */
const LINES_A_LOOK = 64;

export interface ScanOptions {
  readonly direction: 'forward' | 'backward';
  /** Nothing follows the chunk in that direction: its last line is whole, as far as there is one. */
  readonly isEdge: boolean;
  readonly maxMatches: number;
  /** Asked every few lines; a scan ends when it answers so. */
  readonly isOver: () => boolean;
}

/** Places in the chunk. */
export interface FoundLine {
  readonly lineStart: number;
  readonly lineEnd: number;
  readonly matchStart: number;
  readonly matchEnd: number;
}

export interface ScanResult {
  readonly found: readonly FoundLine[];
  /** Scanned is what lies between here and where it began. */
  readonly at: number;
  readonly lines: number;
  /** Where a last line begins that has no newline yet and did not match. */
  readonly openLine: number | null;
  readonly stoppedBy: 'chunk' | 'matches' | 'time';
}

/** Looks at the lines of a chunk, which begins (forward) or ends (backward) at the boundary of a line. */
export function scanLines(chunk: Buffer, find: FindInLine, options: ScanOptions): ScanResult {
  const { direction, isEdge, maxMatches, isOver } = options;
  const found: FoundLine[] = [];
  const nextLine = direction === 'forward' ? lineAfter : lineBefore;
  let at = direction === 'forward' ? 0 : chunk.length;
  let lines = 0;
  let openLine: number | null = null;
  const result = (stoppedBy: ScanResult['stoppedBy']): ScanResult => ({
    found,
    at,
    lines,
    openLine,
    stoppedBy,
  });

  for (;;) {
    if (found.length >= maxMatches) return result('matches');
    const line = nextLine(chunk, at, isEdge);
    if (line === null) return result('chunk');
    if (lines % LINES_A_LOOK === LINES_A_LOOK - 1 && isOver()) return result('time');
    const match = findInPieces(chunk, line.start, line.end, find);
    if (match !== null) found.push({ lineStart: line.start, lineEnd: line.end, ...match });
    else if (!line.isClosed) openLine = line.start;
    lines += 1;
    at = direction === 'forward' ? line.next : line.start;
  }
}

interface Line {
  readonly start: number;
  readonly end: number;
  /** Behind its newline. */
  readonly next: number;
  readonly isClosed: boolean;
}

/** Null when the chunk does not hold the whole of it. */
function lineAfter(chunk: Buffer, at: number, isEdge: boolean): Line | null {
  if (at >= chunk.length) return null;
  const newline = chunk.indexOf(NEWLINE, at);
  if (newline !== -1)
    return { start: at, end: textEnd(chunk, at, newline), next: newline + 1, isClosed: true };
  // Of a line that is longer than a chunk, the chunk is the line.
  if (!isEdge && at > 0) return null;
  return { start: at, end: chunk.length, next: chunk.length, isClosed: !isEdge };
}

function lineBefore(chunk: Buffer, at: number, isEdge: boolean): Line | null {
  if (at <= 0) return null;
  const isClosed = chunk[at - 1] === NEWLINE;
  const end = isClosed ? at - 1 : at;
  const newline = end === 0 ? -1 : chunk.lastIndexOf(NEWLINE, end - 1);
  if (newline === -1 && !isEdge && at < chunk.length) return null;
  const start = newline + 1;
  return { start, end: textEnd(chunk, start, end), next: at, isClosed: true };
}

function textEnd(chunk: Buffer, start: number, end: number): number {
  return end > start && chunk[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
}

/** What a pattern costs on a line may grow with the square of its length and worse, hence pieces. */
function findInPieces(
  chunk: Buffer,
  start: number,
  end: number,
  find: FindInLine,
): Pick<FoundLine, 'matchStart' | 'matchEnd'> | null {
  for (let piece = start; ; piece += PIECE_BYTES) {
    const isLast = end - piece <= PIECE_BYTES;
    const text = chunk.subarray(piece, Math.min(end, piece + PIECE_BYTES + OVERLAP_BYTES));
    const match = find(text);
    if (match !== null && (isLast || match.start < PIECE_BYTES)) {
      return { matchStart: piece + match.start, matchEnd: piece + match.end };
    }
    if (isLast) return null;
  }
}
