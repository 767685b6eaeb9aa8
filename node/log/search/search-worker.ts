import { parentPort, workerData } from 'node:worker_threads';
import { createFind, type SearchPattern } from './find-in-line.ts';
import { type ScanOptions, type ScanResult, scanLines } from './scan-lines.ts';

/** What the agent asks of the thread. */
export interface ScanRequest extends Omit<ScanOptions, 'isOver'> {
  readonly chunk: Uint8Array<ArrayBuffer>;
  readonly maxMs: number;
}

/** The thread that a search has to itself, so that no pattern can hold up the agent. Entry file. */
const find = createFind(workerData as SearchPattern);
parentPort?.on('message', ({ chunk, maxMs, ...options }: ScanRequest) => {
  const deadline = performance.now() + maxMs;
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
  const result: ScanResult = scanLines(bytes, find, {
    ...options,
    isOver: () => performance.now() >= deadline,
  });
  parentPort?.postMessage(result);
});
