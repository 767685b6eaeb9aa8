import type { LogPosition, LogReadResult } from '../../common/domain/log.ts';

const NEWLINE = 0x0a;
const STEP_BYTES = 64 * 1024;

type ReadBack = (request: {
  from: 'tail' | LogPosition;
  direction: 'backward';
  maxBytes: number;
}) => Promise<LogReadResult>;

/**
 * Where the last `lines` lines of a log begin, found by reading backwards in steps. An unfinished last line counts as
 * one, as tail(1) counts it.
 */
export async function findTailStart(read: ReadBack, lines: number): Promise<LogPosition> {
  let from: 'tail' | LogPosition = 'tail';
  let missing = lines;
  let atEnd = true;
  for (;;) {
    const chunk: LogReadResult = await read({ from, direction: 'backward', maxBytes: STEP_BYTES });
    if (lines === 0) return chunk.end;
    const { data, start } = chunk;
    for (let at = data.byteLength - 1; at >= 0; at -= 1) {
      if (data[at] !== NEWLINE) continue;
      // The newline that ends the last line begins no further one.
      if (atEnd && at === data.byteLength - 1) continue;
      missing -= 1;
      if (missing === 0) return { lineage: start.lineage, offset: start.offset + at + 1 };
    }
    atEnd = false;
    if (data.byteLength === 0 || start.offset <= chunk.headOffset) return start;
    from = start;
  }
}
