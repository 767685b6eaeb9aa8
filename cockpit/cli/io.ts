import type { ReadStream, WriteStream } from 'node:tty';
import { plainText } from '../format/plain-text.ts';
import type { ProgressStream } from './progress-stream.ts';

/** The edge of the command line: everything of the process that a command may use, so that tests can pass their own. */
export interface CliIo {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  stdout: NodeJS.WritableStream & { isTTY?: boolean };
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
  /** Where it is told how far something is; default: standard error. */
  progress?: ProgressStream;
  /** Milliseconds since the epoch. */
  clock: () => number;
  /** In [0, 1). */
  random: () => number;
  /** The directory that holds `bin/`, `sgridnext/` and `sgridnode/`. */
  distDirectory: string;
  /** Aborts when the user wants out (SIGINT, SIGTERM, SIGHUP); with `EndedBySignal` as its reason. */
  signal: AbortSignal;
}

/** The streams of a person's terminal, or null when either end is something else: a pipe, a file, nothing. */
export function terminalOf({ stdin, stdout }: CliIo): { stdin: ReadStream; stdout: WriteStream } | null {
  if (stdin.isTTY !== true || stdout.isTTY !== true) return null;
  return { stdin: stdin as ReadStream, stdout: stdout as WriteStream };
}

/**
 * Lines for people. They carry names and texts of others, a node's among them, and nothing in them may drive the terminal:
 * whoever wants to say something cannot forget it here.
 */
export function printLine(stream: NodeJS.WritableStream, text: string): void {
  stream.write(`${text.split('\n').map(plainText).join('\n')}\n`);
}
