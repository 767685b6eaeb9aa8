import { createHash, type Hash } from 'node:crypto';
import { constants, type FileHandle, open } from 'node:fs/promises';
import type { ReleaseRef } from '../../common/domain/release.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError } from '../../common/system/atomic-file.ts';
import type { FetchPackage } from './release-store.ts';

export interface Download {
  readonly release: ReleaseRef;
  /** Where the bytes go; what is there already is taken as the beginning. */
  readonly partFile: string;
  readonly fetchPackage: FetchPackage;
  readonly onProgress: (receivedBytes: number) => void;
  /** Ends the download with the signal's reason; what was received stays. */
  readonly signal: AbortSignal;
  /** A source that is silent for so long counts as cut. */
  readonly idleTimeoutMs: number;
}

/** Cuts in one download after which it is given up; each has brought at least a byte. */
const MAX_RESUMES = 10;
const REHASH_CHUNK_BYTES = 1024 * 1024;

/**
 * Fetches a package into `partFile` until its size and sha256 are those announced. After a cut it goes on from where it
 * was, as long as every attempt brings something; a beginning left by an earlier run is hashed again, not trusted.
 *
 * @throws SgridError `checksum_mismatch` (the file is emptied), `disconnected` (the file is kept), `no_space`, or what
 * `fetchPackage` throws as SgridError.
 */
export async function downloadPackage(download: Download): Promise<void> {
  const { release, partFile } = download;
  for (;;) {
    const handle = await openPart(partFile);
    try {
      const hash = createHash('sha256');
      const carriedBytes = await hashBeginning(handle, hash, release.sizeBytes);
      await fill(download, handle, hash, carriedBytes);
      const sha256 = hash.digest('hex');
      if (sha256 === release.sha256) return;
      await handle.truncate(0);
      // A beginning can be damaged by a power cut: then the whole is fetched once more.
      if (carriedBytes === 0) throw mismatch(release, `its sha256 is ${sha256}`);
    } finally {
      await handle.close();
    }
  }
}

async function openPart(partFile: string): Promise<FileHandle> {
  try {
    return await open(partFile, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    throw explainFileError(error, partFile);
  }
}

/** Feeds what is there to `hash` and returns its length; a file that is too long is emptied. */
async function hashBeginning(handle: FileHandle, hash: Hash, sizeBytes: number): Promise<number> {
  const { size } = await handle.stat();
  if (size > sizeBytes) {
    await handle.truncate(0);
    return 0;
  }
  const buffer = Buffer.allocUnsafe(Math.min(REHASH_CHUNK_BYTES, Math.max(1, size)));
  let offset = 0;
  while (offset < size) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    offset += bytesRead;
  }
  return offset;
}

async function fill(download: Download, handle: FileHandle, hash: Hash, carriedBytes: number): Promise<void> {
  const { sizeBytes } = download.release;
  let receivedBytes = carriedBytes;
  const take = async (chunk: Uint8Array): Promise<void> => {
    if (receivedBytes + chunk.length > sizeBytes) {
      await handle.truncate(0);
      throw mismatch(download.release, `it is longer than ${sizeBytes} bytes`);
    }
    await writeAt(handle, chunk, receivedBytes, download.partFile);
    hash.update(chunk);
    receivedBytes += chunk.length;
    download.onProgress(receivedBytes);
  };
  download.onProgress(receivedBytes);
  for (let resumes = 0; receivedBytes < sizeBytes; resumes += 1) {
    const before = receivedBytes;
    const cut = await receive(download, before, take, () => receivedBytes === sizeBytes);
    if (receivedBytes < sizeBytes && (receivedBytes === before || resumes >= MAX_RESUMES)) throw cut;
  }
}

/** One attempt. Returns how it was cut, which counts only when bytes are missing; throws what no other attempt mends. */
async function receive(
  { release, fetchPackage, signal, idleTimeoutMs }: Download,
  offset: number,
  take: (chunk: Uint8Array) => Promise<void>,
  isWhole: () => boolean,
): Promise<SgridError> {
  const stop = new AbortController();
  const stopped = Promise.withResolvers<never>();
  stopped.promise.catch(() => {});
  stop.signal.addEventListener('abort', () => stopped.reject(stop.signal.reason), { once: true });
  const follow = (): void => stop.abort(signal.reason);
  if (signal.aborted) follow();
  else signal.addEventListener('abort', follow, { once: true });
  const idle = setTimeout(
    () => stop.abort(disconnected(release, `nothing came for ${idleTimeoutMs / 1000} s`)),
    idleTimeoutMs,
  );
  try {
    const source = await Promise.race([fetchPackage(release.sha256, offset, stop.signal), stopped.promise]);
    const chunks = source[Symbol.asyncIterator]();
    while (!isWhole()) {
      const next = await Promise.race([nextChunk(chunks, release), stopped.promise]);
      if (next instanceof SgridError) return next;
      idle.refresh();
      await take(next);
    }
    return disconnected(release, 'it was whole');
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof SgridError && error.code === 'disconnected') return error;
    if (error instanceof SgridError) throw error;
    return disconnected(release, error instanceof Error ? error.message : String(error), error);
  } finally {
    clearTimeout(idle);
    signal.removeEventListener('abort', follow);
    // Ends the request behind a stream that was left early.
    stop.abort(disconnected(release, 'it was left'));
  }
}

async function nextChunk(
  chunks: AsyncIterator<Uint8Array>,
  release: ReleaseRef,
): Promise<Uint8Array | SgridError> {
  const next = await chunks.next();
  return next.done === true ? disconnected(release, 'the stream ended early') : next.value;
}

async function writeAt(handle: FileHandle, chunk: Uint8Array, position: number, file: string): Promise<void> {
  try {
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, position + done);
      done += bytesWritten;
    }
  } catch (error) {
    throw explainFileError(error, file);
  }
}

function mismatch(release: ReleaseRef, problem: string): SgridError {
  return new SgridError(
    'checksum_mismatch',
    said`package of release ${release.version} is not what was announced: ${problem}, announced was ${release.sha256}`,
    { hint: said`the copy on the master may be damaged: upload the package again` },
  );
}

function disconnected(release: ReleaseRef, problem: string, cause?: unknown): SgridError {
  return new SgridError('disconnected', said`package of release ${release.version} was cut off: ${problem}`, {
    hint: said`it is resumed at the next attempt`,
    cause,
  });
}
