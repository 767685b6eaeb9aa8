/** A line of a container's output, or a piece of a very long one, with the time that the engine gave it. */
export interface StampedLine {
  /** RFC 3339 with nine digits of a second, in UTC: in the order of text they are in the order of time. */
  readonly at: string;
  /** With its newline, if it has one. */
  readonly text: Buffer;
}

/** `2026-11-22T10:41:09.443123456Z ` */
const STAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{9}Z $/;
const STAMP_BYTES = 31;
/** The engine cuts longer lines into messages of so many bytes (moby, daemon/logger/copier.go), each with the line's stamp. */
const MESSAGE_BYTES = 16_384;
/** A line without an end must not fill our memory. Whole messages, so that a reader who begins anew cuts at the same places. */
const MAX_RAW_BYTES = 64 * (STAMP_BYTES + MESSAGE_BYTES);
const NEWLINE = 0x0a;

/** Takes one stream of `docker logs --timestamps` apart. */
export function createLineReader(): { push(chunk: Buffer): StampedLine[]; end(): StampedLine[] } {
  let rest: Buffer = Buffer.alloc(0);
  let lastStamp = '';

  function take(raw: Buffer): StampedLine {
    const head = raw.toString('latin1', 0, STAMP_BYTES);
    if (!STAMP.test(head)) return { at: lastStamp, text: raw };
    lastStamp = head.slice(0, -1);
    return { at: lastStamp, text: withoutStamps(raw, head) };
  }

  return {
    push(chunk) {
      const lines: StampedLine[] = [];
      let buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (;;) {
        const newline = buffer.indexOf(NEWLINE);
        const isLong = newline < 0 ? buffer.length >= MAX_RAW_BYTES : newline >= MAX_RAW_BYTES;
        if (newline < 0 && !isLong) break;
        const length = isLong ? MAX_RAW_BYTES : newline + 1;
        lines.push(take(buffer.subarray(0, length)));
        buffer = buffer.subarray(length);
      }
      rest = Buffer.from(buffer);
      return lines;
    },
    end() {
      const last = rest;
      rest = Buffer.alloc(0);
      return last.length === 0 ? [] : [take(last)];
    },
  };
}

function withoutStamps(raw: Buffer, stamp: string): Buffer {
  const parts: Buffer[] = [];
  let at = STAMP_BYTES;
  for (;;) {
    const next = at + MESSAGE_BYTES;
    if (raw.toString('latin1', next, next + STAMP_BYTES) !== stamp) break;
    parts.push(raw.subarray(at, next));
    at = next + STAMP_BYTES;
  }
  return parts.length === 0 ? raw.subarray(at) : Buffer.concat([...parts, raw.subarray(at)]);
}
