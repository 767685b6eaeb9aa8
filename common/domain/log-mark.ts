const MARK = /^--- sgrid (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z) --- (.*)$/s;
const MAX_TEXT_LENGTH = 1024;

/** A line of ours between those of the program. */
export interface LogMark {
  /** Milliseconds since the epoch, the node's clock. */
  at: number;
  text: string;
}

/**
 * The line, without its newline, by which an agent marks a log: `--- sgrid <RFC 3339 time> --- <text>`. Plain ASCII in
 * front, so that `grep '^--- sgrid '` lists the runs in any terminal. Control characters of `text` become spaces.
 */
export function formatMark(at: number, text: string): string {
  const line = text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, MAX_TEXT_LENGTH);
  return `--- sgrid ${new Date(at).toISOString()} --- ${line}`;
}

/** Reads a line (without its newline) back; null when it is none of ours. A program can of course print one too. */
export function parseMark(line: string): LogMark | null {
  const match = MARK.exec(line);
  if (match === null) return null;
  const [, time = '', text = ''] = match;
  const at = Date.parse(time);
  return Number.isNaN(at) ? null : { at, text };
}
