import { Worker } from 'node:worker_threads';
import { said } from '../../../common/domain/said.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { createFind, type SearchPattern } from './find-in-line.ts';
import type { ScanResult } from './scan-lines.ts';
import type { ScanRequest } from './search-worker.ts';

/** A thread that looks at chunks. */
export interface SearchThread {
  /**
   * @throws SgridError `timeout` when a single line takes so long that the thread has to be ended; `cancelled` by the
   * signal
   */
  scan(request: ScanRequest): Promise<ScanResult>;
  close(): Promise<void>;
}

/** Behind its deadline a thread gets so long to come to the end of a line. */
const PATIENCE_MS = 2000;
const LEAST_PAUSE_MS = 50;
const MAX_HEAP_MIB = 64;

/**
 * @param cpuMs what this process has used of the CPU. A thread is given up by that and not by a clock, which goes on while
 * a busy machine gives it no turn: one that is at a line for ever uses it up.
 * @throws SgridError `bad_request` for what is no regular expression
 */
export function startSearchThread(
  file: string,
  pattern: SearchPattern,
  signal?: AbortSignal,
  cpuMs: () => number = usedCpuMs,
): SearchThread {
  checkPattern(pattern);
  const worker = new Worker(file, {
    workerData: pattern,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB },
  });
  // What it takes to come up is no fault of the pattern.
  const isOnline = new Promise((resolve) => worker.once('online', resolve));
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  worker.on('error', failed.reject);
  worker.on('exit', () => failed.reject(new SgridError('internal', said`the search ended unexpectedly`)));
  const cancel = (): void => failed.reject(new SgridError('cancelled', said`the search was cancelled`));
  if (signal?.aborted === true) cancel();
  signal?.addEventListener('abort', cancel, { once: true });

  return {
    async scan(request) {
      await Promise.race([isOnline, failed.promise]);
      const answered = Promise.withResolvers<ScanResult>();
      worker.once('message', answered.resolve);
      const allowedMs = request.maxMs + PATIENCE_MS;
      const beganAtMs = cpuMs();
      const giveUp = (): void => {
        const leftMs = allowedMs - (cpuMs() - beganAtMs);
        if (leftMs > 0) {
          timer = setTimeout(giveUp, Math.max(leftMs, LEAST_PAUSE_MS));
          return;
        }
        const message = said`the pattern takes longer than ${Math.round(allowedMs)} ms on one line`;
        const hint = said`use a simpler one: nested repetitions such as (a+)+ can take for ever`;
        answered.reject(new SgridError('timeout', message, { hint }));
      };
      let timer = setTimeout(giveUp, allowedMs);
      worker.postMessage(request, [request.chunk.buffer]);
      try {
        return await Promise.race([answered.promise, failed.promise]);
      } finally {
        clearTimeout(timer);
        worker.off('message', answered.resolve);
      }
    },
    async close() {
      signal?.removeEventListener('abort', cancel);
      await worker.terminate();
    },
  };
}

function checkPattern(pattern: SearchPattern): void {
  try {
    createFind(pattern);
  } catch (error) {
    throw new SgridError('bad_request', error instanceof Error ? error.message : String(error), {
      hint: said`mend the regular expression, or search for it literally`,
      cause: error,
    });
  }
}

function usedCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
