import { type CutPoint, cutForward, findCut, lineCut, PIECE_BYTES } from './log-cuts.ts';

/** Blocks smaller than this are joined, so that a log that comes byte by byte does not become a list of bytes. */
const JOINED_BYTES = 32_768;

/** Whole display lines that lie behind one another. */
export interface LogBlock {
  /** `text` is output; the others stand for bytes that are not here, and are shown as one line each. */
  readonly kind: 'text' | 'lost' | 'begun-anew';
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
  /** Offsets of its display lines. */
  readonly starts: readonly number[];
  /** Goes on behind its last line (see CutPoint). */
  readonly nextCut: number;
}

/**
 * The part of a log that is held: blocks without a gap between them, then the rest of a line that has not ended. Offsets
 * are those of the log's position, so that whatever was dropped at either end can be read again.
 */
export interface LogWindow {
  readonly blocks: readonly LogBlock[];
  readonly rest: { readonly cut: CutPoint; readonly bytes: Uint8Array };
  /** Bytes right before the first line that belong to a line whose beginning is not here yet. */
  readonly above: { readonly offset: number; readonly bytes: Uint8Array };
}

const NO_BYTES = new Uint8Array(0);

/** A few bytes of a message, without keeping the whole of it alive. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** An empty window at a place where a line begins, or at a cut. */
export function emptyWindow(cut: CutPoint): LogWindow {
  return { blocks: [], rest: { cut, bytes: NO_BYTES }, above: { offset: cut.offset, bytes: NO_BYTES } };
}

/** A window with bytes that begin at `offset`: in the middle of a line unless `isLineStart`. */
export function windowOf(bytes: Uint8Array, offset: number, isLineStart: boolean): LogWindow {
  const cut = isLineStart ? lineCut(offset) : findCut(bytes, offset);
  if (cut === null) return appendBytes(emptyWindow(lineCut(offset)), bytes);
  const window = appendBytes(emptyWindow(cut), bytes.subarray(cut.offset - offset));
  return { ...window, above: { offset, bytes: copyOf(bytes.subarray(0, cut.offset - offset)) } };
}

export function windowStart(window: LogWindow): number {
  return window.blocks[0]?.start ?? window.rest.cut.offset;
}

/** Behind the last byte held. */
export function windowEnd(window: LogWindow): number {
  return window.rest.cut.offset + window.rest.bytes.length;
}

/** Adds bytes that follow the last one. */
export function appendBytes(window: LogWindow, bytes: Uint8Array): LogWindow {
  if (bytes.length === 0) return window;
  const { cut, bytes: before } = window.rest;
  const all = before.length === 0 ? bytes : Buffer.concat([before, bytes]);
  const { starts, next } = cutForward(all, cut);
  const length = next.offset - cut.offset;
  const rest = { cut: next, bytes: copyOf(all.subarray(length)) };
  if (starts.length === 0) return { ...window, rest };
  const block: LogBlock = {
    kind: 'text',
    start: cut.offset,
    end: next.offset,
    bytes: all.subarray(0, length),
    starts,
    nextCut: next.nextCut,
  };
  return { ...window, blocks: withBlock(window.blocks, block), rest };
}

function withBlock(blocks: readonly LogBlock[], block: LogBlock): LogBlock[] {
  const last = blocks.at(-1);
  if (last?.kind !== 'text' || last.bytes.length + block.bytes.length > JOINED_BYTES)
    return [...blocks, block];
  const joined: LogBlock = {
    ...block,
    start: last.start,
    bytes: Buffer.concat([last.bytes, block.bytes]),
    starts: [...last.starts, ...block.starts],
  };
  return [...blocks.slice(0, -1), joined];
}

/** Ends the line at the end, and puts a line in place of bytes that cannot be had. Goes on at `end`, with a new line. */
export function appendGap(window: LogWindow, kind: 'lost' | 'begun-anew', end: number): LogWindow {
  const blocks = [...window.blocks];
  const { cut, bytes } = window.rest;
  const start = windowEnd(window);
  if (bytes.length > 0) {
    const text = { start: cut.offset, end: start, bytes, starts: [cut.offset], nextCut: cut.nextCut };
    blocks.push({ kind: 'text', ...text });
  }
  const next = lineCut(end);
  blocks.push({ kind, start, end, bytes: NO_BYTES, starts: [start], nextCut: next.nextCut });
  return { ...window, blocks, rest: { cut: next, bytes: NO_BYTES } };
}

/** Adds bytes that end where what is held begins. `isHead`: nothing comes before them, so a line begins there. */
export function prependBytes(window: LogWindow, bytes: Uint8Array, isHead: boolean): LogWindow {
  const all = window.above.bytes.length === 0 ? bytes : Buffer.concat([bytes, window.above.bytes]);
  const offset = window.above.offset - bytes.length;
  const end = windowStart(window);
  const cut = isHead ? lineCut(offset) : findCut(all, offset);
  if (cut === null || cut.offset >= end) return { ...window, above: { offset, bytes: copyOf(all) } };
  const text = all.subarray(cut.offset - offset);
  const { starts, next } = cutForward(text, cut);
  const isCutInside = next.offset < end;
  if (isCutInside) starts.push(next.offset);
  const block: LogBlock = {
    kind: 'text',
    start: cut.offset,
    end,
    bytes: text,
    starts,
    // The window begins at a cut, so the line that reaches it was to be cut there.
    nextCut: isCutInside ? next.nextCut + PIECE_BYTES : next.nextCut,
  };
  return {
    ...window,
    blocks: [block, ...window.blocks],
    above: { offset, bytes: copyOf(all.subarray(0, cut.offset - offset)) },
  };
}

/** Drops whole blocks that end before `keepFrom`. */
export function dropBefore(window: LogWindow, keepFrom: number): LogWindow {
  const first = window.blocks.findIndex((block) => block.end > keepFrom);
  const blocks = first === -1 ? [] : window.blocks.slice(first);
  if (blocks.length === window.blocks.length) return window;
  const start = blocks[0]?.start ?? window.rest.cut.offset;
  return { ...window, blocks, above: { offset: start, bytes: NO_BYTES } };
}

/** Drops whole blocks, and the rest, that begin behind `keepTo`. */
export function dropBehind(window: LogWindow, keepTo: number): LogWindow {
  const blocks = window.blocks.filter((block) => block.start <= keepTo);
  const last = blocks.at(-1);
  if (last === undefined || blocks.length === window.blocks.length) return window;
  return { ...window, blocks, rest: { cut: { offset: last.end, nextCut: last.nextCut }, bytes: NO_BYTES } };
}

export function heldBytes(window: LogWindow): number {
  return window.blocks.reduce((sum, block) => sum + block.bytes.length, window.rest.bytes.length);
}

/** The same place without the lines held: for going through a log of any size. Keeps the last byte, which tells how the line before ended. */
export function withoutLines(window: LogWindow, step: 1 | -1): LogWindow {
  if (step < 0) {
    const start = windowStart(window);
    const cut = { offset: start, nextCut: start };
    return { blocks: [], rest: { cut, bytes: NO_BYTES }, above: window.above };
  }
  const last = window.blocks.at(-1);
  if (last === undefined) return window;
  const lineEnd = last.kind === 'text' ? last.bytes.subarray(-1) : NO_BYTES;
  const offset = last.end - lineEnd.length;
  return { blocks: [], rest: window.rest, above: { offset, bytes: copyOf(lineEnd) } };
}
