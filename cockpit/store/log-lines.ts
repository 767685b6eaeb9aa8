import { type CutPoint, lineCut, PIECE_BYTES } from './log-cuts.ts';
import type { LogBlock, LogWindow } from './log-window.ts';

/** One display line. */
export interface LogLine {
  readonly kind: LogBlock['kind'];
  readonly start: number;
  readonly end: number;
  /** Its line end included, if it has one. */
  readonly bytes: Uint8Array;
  /** It is a later piece of a line longer than a piece. */
  readonly isContinued: boolean;
}

/** Where a display line is in a window. The rest, if there is any, is the only line of the block behind the last. */
export interface LineRef {
  readonly block: number;
  readonly line: number;
}

export function firstLine(window: LogWindow): LineRef | null {
  return window.blocks.length > 0 || window.rest.bytes.length > 0 ? { block: 0, line: 0 } : null;
}

export function lastLine(window: LogWindow): LineRef | null {
  const block = window.blocks.length;
  if (window.rest.bytes.length > 0) return { block, line: 0 };
  const last = window.blocks.at(-1);
  return last === undefined ? null : { block: block - 1, line: last.starts.length - 1 };
}

export function lineBehind(window: LogWindow, { block, line }: LineRef): LineRef | null {
  const lines = window.blocks[block]?.starts.length;
  if (lines === undefined) return null;
  if (line + 1 < lines) return { block, line: line + 1 };
  const isLast = block + 1 === window.blocks.length;
  return isLast && window.rest.bytes.length === 0 ? null : { block: block + 1, line: 0 };
}

export function lineBefore(window: LogWindow, { block, line }: LineRef): LineRef | null {
  if (line > 0) return { block, line: line - 1 };
  const before = window.blocks[block - 1];
  return before === undefined ? null : { block: block - 1, line: before.starts.length - 1 };
}

/** The line that holds the byte at `offset`, or the nearest one. */
export function lineAt(window: LogWindow, offset: number): LineRef | null {
  const last = lastLine(window);
  if (last === null) return null;
  if (window.rest.bytes.length > 0 && offset >= window.rest.cut.offset) return last;
  const block = lastAtOrBefore(window.blocks.length, (at) => window.blocks[at]?.start ?? 0, offset);
  const starts = window.blocks[block]?.starts;
  if (starts === undefined) return last;
  return { block, line: lastAtOrBefore(starts.length, (at) => starts[at] ?? 0, offset) };
}

/** Index of the last of `count` ascending values that is not above `wanted`; 0 when all are. */
function lastAtOrBefore(count: number, valueAt: (index: number) => number, wanted: number): number {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (valueAt(middle) <= wanted) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function readLine(window: LogWindow, { block, line }: LineRef): LogLine {
  const held = window.blocks[block];
  if (held === undefined) {
    const { cut, bytes } = window.rest;
    const isContinued = !followsLineEnd(window, block);
    return { kind: 'text', start: cut.offset, end: cut.offset + bytes.length, bytes, isContinued };
  }
  const start = held.starts[line] ?? held.start;
  const end = held.starts[line + 1] ?? held.end;
  const isContinued = line > 0 ? held.bytes[start - held.start - 1] !== 0x0a : !followsLineEnd(window, block);
  return {
    kind: held.kind,
    start,
    end,
    bytes: held.bytes.subarray(start - held.start, end - held.start),
    isContinued: held.kind === 'text' && isContinued,
  };
}

/** The cut at which a line begins. */
export function cutOf({ start, isContinued }: LogLine): CutPoint {
  if (!isContinued) return lineCut(start);
  // A cut inside a line is at most a control sequence away from its multiple.
  return { offset: start, nextCut: (Math.round(start / PIECE_BYTES) + 1) * PIECE_BYTES };
}

function followsLineEnd(window: LogWindow, block: number): boolean {
  if (block > 0) return endsLine(window.blocks[block - 1]);
  const above = window.above.bytes.at(-1);
  return above === undefined || above === 0x0a;
}

function endsLine(block: LogBlock | undefined): boolean {
  return block === undefined || block.kind !== 'text' || block.bytes.at(-1) === 0x0a;
}
