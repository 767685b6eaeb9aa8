import { type FileHandle, open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { PackageStore } from './package-store.ts';
import { type ByteRange, parseRange } from './range.ts';
import { sendError } from './respond.ts';

const STALLED_MS = 60_000;
const PIECE_BYTES = 512 * 1024;

/** Sends a package, or the part of it that a `Range` asks for, so that a cut download goes on where it was cut. */
export async function sendPackage(
  packages: PackageStore,
  sha256: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { file, sizeBytes } = await packages.locate(sha256);
  const range = parseRange(request.headers.range, sizeBytes);
  if (range === 'unsatisfiable') {
    response.setHeader('content-range', `bytes */${sizeBytes}`);
    sendError(
      request,
      response,
      new SgridError(
        'out_of_range',
        said`the package has ${sizeBytes} bytes, not ${String(request.headers.range)}`,
      ),
    );
    return;
  }
  const headers = {
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    etag: `"${sha256}"`,
    'cache-control': 'private, immutable',
  };
  const { start, end } = range === 'whole' ? { start: 0, end: sizeBytes - 1 } : range;
  response.writeHead(range === 'whole' ? 200 : 206, {
    ...headers,
    'content-length': end - start + 1,
    ...(range === 'whole' ? {} : { 'content-range': `bytes ${start}-${end}/${sizeBytes}` }),
  });
  if (request.method === 'HEAD' || sizeBytes === 0) {
    response.end();
    return;
  }
  // A reader that has stopped reading must not hold the file for ever.
  response.setTimeout(STALLED_MS, () => response.destroy());
  const handle = await open(file);
  try {
    await sendPieces(handle, { start, end }, response);
  } finally {
    await handle.close();
  }
}

/**
 * Sends a part of a file through one piece of memory. With a new one for each read, a package of 200 MB costs the master
 * four times as much, most of it for the garbage collector.
 */
async function sendPieces(
  handle: FileHandle,
  { start, end }: Exclude<ByteRange, string>,
  response: ServerResponse,
): Promise<void> {
  const memory = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, end + 1 - start));
  for (let position = start; position <= end; ) {
    const { bytesRead } = await handle.read(memory, 0, Math.min(memory.length, end + 1 - position), position);
    if (bytesRead === 0) throw new SgridError('internal', said`the package became shorter while it was sent`);
    await written(response, memory.subarray(0, bytesRead));
    position += bytesRead;
  }
  response.end();
}

/** Resolves when the kernel, or the encryption, has taken all of it. @throws SgridError `disconnected` */
async function written(response: ServerResponse, piece: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (cause?: unknown): void =>
    reject(new SgridError('disconnected', said`the client went away in the middle of a package`, { cause }));
  if (response.destroyed) fail();
  response.once('close', fail);
  response.write(piece, (error) => (error ? fail(error) : resolve()));
  try {
    await promise;
  } finally {
    response.off('close', fail);
  }
}
