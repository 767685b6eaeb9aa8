/**
 * Where a log is cut into display lines: behind every line feed, and, so that a line of many megabytes can be scrolled
 * through without holding it, at multiples of `PIECE_BYTES` inside a line longer than that.
 *
 * Whether a place is a cut depends only on the `2 * PIECE_BYTES` bytes before it and the four behind it. So reading
 * forwards, backwards, or from the middle of a line gives the same lines, whatever the sizes of the reads.
 */
export const PIECE_BYTES = 8192;

/** Longest UTF-8 character: a cut is moved behind the character that it would halve. */
const LOOKAHEAD_BYTES = 4;
/** A cut is moved before a control sequence of up to this length that it would halve. */
const LOOKBEHIND_BYTES = 48;

const LINE_FEED = 0x0a;
const ESCAPE = 0x1b;

/** The beginning of a display line, and all that is needed to find the next one. */
export interface CutPoint {
  readonly offset: number;
  /** Where the line is cut if it has not ended by then: a multiple of `PIECE_BYTES`. */
  readonly nextCut: number;
}

/** A cut at the beginning of a line. */
export function lineCut(offset: number): CutPoint {
  return { offset, nextCut: firstCutOf(offset) };
}

/** A cut is made only where a whole piece of the line lies before it, which makes the rule local. */
function firstCutOf(offset: number): number {
  return (Math.ceil(offset / PIECE_BYTES) + 1) * PIECE_BYTES;
}

export interface CutLines {
  /** Offsets of the display lines that are complete. */
  readonly starts: number[];
  /** Where the rest begins, of which the end is not known yet. */
  readonly next: CutPoint;
}

/** Cuts `bytes`, which begin at `from.offset`. */
export function cutForward(bytes: Uint8Array, from: CutPoint): CutLines {
  const base = from.offset;
  const known = base + bytes.length;
  const starts: number[] = [];
  let { offset, nextCut } = from;
  for (;;) {
    const found = bytes.indexOf(LINE_FEED, offset - base);
    const lineFeed = found === -1 ? Number.POSITIVE_INFINITY : base + found;
    const decidable = found === -1 ? known - LOOKAHEAD_BYTES : lineFeed - 1;
    for (; nextCut <= decidable; nextCut += PIECE_BYTES) {
      const cut = base + wholeCharacters(bytes, nextCut - base);
      if (cut >= lineFeed) continue;
      starts.push(offset);
      offset = cut;
    }
    if (found === -1) return { starts, next: { offset, nextCut } };
    starts.push(offset);
    offset = lineFeed + 1;
    nextCut = firstCutOf(offset);
  }
}

/**
 * The first cut in `bytes`, which begin at `offset`, somewhere inside a line; null when there is none that can be told.
 */
export function findCut(bytes: Uint8Array, offset: number): CutPoint | null {
  const cut = firstCutOf(offset);
  const found = bytes.indexOf(LINE_FEED);
  const lineFeed = found === -1 ? Number.POSITIVE_INFINITY : offset + found;
  if (lineFeed <= cut) return lineCut(lineFeed + 1);
  if (found === -1 && cut + LOOKAHEAD_BYTES > offset + bytes.length) return null;
  const moved = offset + wholeCharacters(bytes, cut - offset);
  return moved >= lineFeed ? lineCut(lineFeed + 1) : { offset: moved, nextCut: cut + PIECE_BYTES };
}

/** Moves a cut out of a character or control sequence. */
function wholeCharacters(bytes: Uint8Array, cut: number): number {
  const before = bytes.subarray(Math.max(0, cut - LOOKBEHIND_BYTES), cut);
  const sequence = before.lastIndexOf(ESCAPE);
  if (sequence !== -1 && isUnfinishedCsi(before.subarray(sequence))) return cut - before.length + sequence;
  let moved = cut;
  while (moved < cut + LOOKAHEAD_BYTES - 1 && ((bytes[moved] ?? 0) & 0xc0) === 0x80) moved += 1;
  return moved;
}

/** ESC, `[`, then parameter and intermediate bytes, without a final one (ECMA-48 5.4). */
function isUnfinishedCsi(bytes: Uint8Array): boolean {
  if (bytes.length > 1 && bytes[1] !== 0x5b) return false;
  return bytes.subarray(2).every((byte) => byte >= 0x20 && byte <= 0x3f);
}
