import { Worker } from 'node:worker_threads';
import { said } from '../../common/domain/said.ts';
import { fromWireError, SgridError, type WireError } from '../../common/protocol/errors.ts';
import type { UnpackRequest } from './unpack-worker.ts';

/** Room for the names of as many entries as an archive may have. */
const MAX_HEAP_MIB = 256;

/**
 * Runs `extractArchive` in a thread of its own. When this has settled, nothing writes any more.
 *
 * @param workerFile `unpack-worker`, as built or in the sources.
 * @throws SgridError of `extractArchive`; the signal's reason, with what was unpacked so far still there.
 */
export async function unpackInThread(
  workerFile: string,
  request: UnpackRequest,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const worker = new Worker(workerFile, {
    workerData: request,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB },
  });
  const ended = Promise.withResolvers<WireError | null>();
  const cancel = (): void => ended.reject(signal.reason);
  signal.addEventListener('abort', cancel, { once: true });
  worker.once('message', ended.resolve);
  worker.once('error', (cause) =>
    ended.reject(
      new SgridError('internal', said`unpacking ${request.file} failed: ${String(cause)}`, { cause }),
    ),
  );
  worker.once('exit', () =>
    ended.reject(new SgridError('internal', said`unpacking ${request.file} ended early`)),
  );
  try {
    const failure = await ended.promise;
    if (failure !== null) throw fromWireError(failure);
  } finally {
    signal.removeEventListener('abort', cancel);
    await worker.terminate();
  }
}
