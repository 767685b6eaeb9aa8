import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import * as z from 'zod';

const MAX_BYTES = 8192;

/** What pino writes, as far as a person wants it. */
const logLineSchema = z.object({
  msg: z.string().optional(),
  hint: z.string().optional(),
  err: z.object({ message: z.string() }).optional(),
});

/** The last lines that a component wrote to its log behind `offset`; its JSON lines shortened to their messages. */
export function lastLogLines(file: string, offset: number, lines: number): string[] {
  let text: string;
  try {
    text = readEnd(file, offset);
  } catch {
    return [];
  }
  const found = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-lines)
    .map(shorten);
  return found.filter((line, at) => !isSaidAgain(line, found.slice(at + 1)));
}

/** What ends a component is logged for machines, and then said for people: once is enough. */
function isSaidAgain(line: string, later: readonly string[]): boolean {
  return later.some((each) => {
    const [, words] = /^sgrid(?:next|node): (.+)$/.exec(each) ?? [];
    return words !== undefined && line.includes(words);
  });
}

function readEnd(file: string, offset: number): string {
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const start = Math.max(offset, size - MAX_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    return buffer.toString('utf8', 0, readSync(handle, buffer, 0, buffer.byteLength, start));
  } finally {
    closeSync(handle);
  }
}

function shorten(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const parsed = logLineSchema.parse(JSON.parse(line));
    return [parsed.msg, parsed.err?.message, parsed.hint].filter((part) => part !== undefined).join(': ');
  } catch {
    return line;
  }
}
