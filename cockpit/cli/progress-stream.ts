import type { CliIo } from './io.ts';

/** Standard error for what only tells how far something is. */
export interface ProgressStream {
  /** Whether what was written can be drawn over. */
  readonly isTTY: boolean;
  readonly columns: number;
  write(text: string): void;
}

const DEFAULT_COLUMNS = 80;

/** @param isQuiet asked for each time: the options are known only when the command line has been parsed. */
export function createProgressStream(
  stderr: CliIo['stderr'] & { columns?: number },
  isQuiet: () => boolean = () => false,
): ProgressStream {
  return {
    isTTY: stderr.isTTY === true,
    get columns() {
      return stderr.columns ?? DEFAULT_COLUMNS;
    },
    write(text) {
      if (!isQuiet()) stderr.write(text);
    },
  };
}

/** Where a command tells how far it is. */
export function progressOf(io: CliIo): ProgressStream {
  return io.progress ?? createProgressStream(io.stderr);
}
