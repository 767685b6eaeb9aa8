import { parentPort, workerData } from 'node:worker_threads';
import { extractArchive } from '../../common/archive/extract-archive.ts';
import { toWireError, type WireError } from '../../common/protocol/errors.ts';

/** What the agent asks of the thread. */
export interface UnpackRequest {
  readonly file: string;
  readonly directory: string;
}

/** The thread in which a package is unpacked: thousands of small writes, none of which may hold up the agent. Entry file. */
const { file, directory } = workerData as UnpackRequest;
const failure: WireError | null = await extractArchive(file, directory).then(() => null, toWireError);
parentPort?.postMessage(failure);
