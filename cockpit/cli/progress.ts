import { formatBytes } from '../format/quantity.ts';
import type { CliIo } from './io.ts';

const BAR_COLUMNS = 30;
const BAR_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 2_000;

export interface Progress {
  update: (doneBytes: number, totalBytes: number) => void;
  end: () => void;
}

/** Progress on standard error: a bar that is drawn over itself on a terminal, else a line every other second. */
export function createProgress(io: CliIo, what: string): Progress {
  const onTerminal = io.stderr.isTTY === true;
  const intervalMs = onTerminal ? BAR_INTERVAL_MS : LINE_INTERVAL_MS;
  let shownAt = onTerminal ? 0 : io.clock();
  let shown = false;
  return {
    update(doneBytes, totalBytes) {
      const finished = doneBytes >= totalBytes;
      if (!(finished && shown) && io.clock() - shownAt < intervalMs) return;
      shownAt = io.clock();
      shown = true;
      const share = totalBytes === 0 ? 1 : doneBytes / totalBytes;
      const figures = `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}, ${Math.floor(share * 100)}%`;
      if (!onTerminal) {
        io.stderr.write(`${what}: ${figures}\n`);
        return;
      }
      const filled = Math.round(share * BAR_COLUMNS);
      io.stderr.write(
        `\r${what} [${'#'.repeat(filled)}${'.'.repeat(BAR_COLUMNS - filled)}] ${figures}\x1b[K`,
      );
    },
    end() {
      if (shown && onTerminal) io.stderr.write('\n');
    },
  };
}
