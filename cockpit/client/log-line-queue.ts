import type { SourceLine } from './log-source-lines.ts';

/** First in, first out, in constant time: a read may hold as many lines as bytes. */
export interface LineQueue {
  first(): SourceLine | undefined;
  take(): SourceLine | undefined;
  add(lines: readonly SourceLine[]): void;
  byteCount(): number;
}

export function createLineQueue(): LineQueue {
  let lines: SourceLine[] = [];
  let at = 0;
  let bytes = 0;
  return {
    first: () => lines[at],
    take: () => {
      const line = lines[at];
      if (line === undefined) return undefined;
      at += 1;
      bytes -= line.bytes.length;
      return line;
    },
    add: (more) => {
      lines = [...lines.slice(at), ...more];
      at = 0;
      for (const line of more) bytes += line.bytes.length;
    },
    byteCount: () => bytes,
  };
}
