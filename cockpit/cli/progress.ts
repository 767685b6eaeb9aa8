import cliTruncate from 'cli-truncate';
import { formatBytes } from '../format/quantity.ts';
import type { CliIo } from './io.ts';
import { progressOf } from './progress-stream.ts';

const BAR_COLUMNS = 30;
const BAR_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 2_000;

/** How far something is: a bar that is drawn over itself on a terminal, else a line every other second. */
export interface Progress {
  /**
   * @param share from 0 to 1
   * @param figures the same in words
   */
  show(share: number, figures: string): void;
  /** A line of its own that stays, above the bar. */
  line(text: string): void;
  /** Ends the bar: it stays as it was drawn last, or is taken away. */
  end(how: 'keep' | 'clear'): void;
}

/** @param isBar whether a bar may be drawn at all: not where several things go on at the same time. */
export function createProgress(io: CliIo, what: string, isBar = true): Progress {
  const stream = progressOf(io);
  const onTerminal = stream.isTTY && isBar;
  const intervalMs = onTerminal ? BAR_INTERVAL_MS : LINE_INTERVAL_MS;
  let shownAt = onTerminal ? 0 : io.clock();
  let drawn = '';
  return {
    show(share, figures) {
      const isOver = share >= 1 && drawn !== '';
      if (!isOver && io.clock() - shownAt < intervalMs) return;
      const text = onTerminal ? `${what} ${bar(share)} ${figures}` : `${what}: ${figures}`;
      if (text === drawn) return;
      shownAt = io.clock();
      drawn = text;
      // A bar that does not fit would be wrapped, and not be drawn over.
      stream.write(onTerminal ? `\r${cliTruncate(text, stream.columns - 1)}\x1b[K` : `${text}\n`);
    },
    line(text) {
      if (!onTerminal || drawn === '') stream.write(`${text}\n`);
      else stream.write(`\r\x1b[K${text}\n${cliTruncate(drawn, stream.columns - 1)}`);
    },
    end(how) {
      if (onTerminal && drawn !== '') stream.write(how === 'keep' ? '\n' : '\r\x1b[K');
      drawn = '';
    },
  };
}

/** The figures of a transfer. */
export function transferWords(doneBytes: number, totalBytes: number): { share: number; figures: string } {
  const share = totalBytes === 0 ? 1 : doneBytes / totalBytes;
  const percent = Math.floor(share * 100);
  return { share, figures: `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}, ${percent}%` };
}

function bar(share: number): string {
  const filled = Math.round(Math.min(share, 1) * BAR_COLUMNS);
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_COLUMNS - filled)}]`;
}
