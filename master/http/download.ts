import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { SgridError } from '../../common/protocol/errors.ts';
import type { PackageStore } from './package-store.ts';
import { parseRange } from './range.ts';
import { sendError } from './respond.ts';

const STALLED_MS = 60_000;

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
      new SgridError('out_of_range', `the package has ${sizeBytes} bytes, not ${request.headers.range}`),
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
  await pipeline(createReadStream(file, { start, end, highWaterMark: 256 * 1024 }), response);
}
