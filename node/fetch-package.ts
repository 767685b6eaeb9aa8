import type { IncomingMessage } from 'node:http';
import { said } from '../common/domain/said.ts';
import { fromWireError, SgridError } from '../common/protocol/errors.ts';
import { HTTP_PATHS, httpErrorSchema } from '../common/protocol/http.ts';
import { type MasterAddress, parseMasterAddress, requestMaster } from '../common/protocol/master-address.ts';
import type { FetchPackage } from './release/release-store.ts';

const MAX_ERROR_BYTES = 65_536;

/**
 * Packages from the master over HTTP, from any byte on (RFC 9110 14.2).
 *
 * @param token read for each request, since it may have been replaced.
 * @param onProgress bytes of a package that are here.
 */
export function createPackageFetcher(options: {
  masterUrl: string;
  token: () => string;
  onProgress: (sha256: string, receivedBytes: number) => void;
}): FetchPackage {
  const master = parseMasterAddress(options.masterUrl);
  return async (sha256, offset, signal) => {
    const path = HTTP_PATHS.package(sha256);
    const headers = {
      authorization: `Bearer ${options.token()}`,
      ...(offset > 0 ? { range: `bytes=${offset}-` } : {}),
    };
    const response = await request(master, path, headers, signal);
    const expected = offset > 0 ? 206 : 200;
    if (response.statusCode !== expected) throw await toError(response, `${master.origin}${path}`);
    return counted(response, sha256, offset, options.onProgress);
  };
}

async function request(
  master: MasterAddress,
  path: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = requestMaster(master, path, { headers, signal });
  outgoing.on('response', resolve).on('error', (cause) => {
    const hint = said`the download goes on when the master answers`;
    reject(
      new SgridError(
        'disconnected',
        said`the package could not be fetched from ${master.origin}: ${cause.message}`,
        { hint, cause },
      ),
    );
  });
  outgoing.end();
  return await promise;
}

async function toError(response: IncomingMessage, url: string): Promise<SgridError> {
  let text = '';
  for await (const chunk of response) {
    text += chunk;
    if (text.length > MAX_ERROR_BYTES) break;
  }
  try {
    return fromWireError(httpErrorSchema.parse(JSON.parse(text)).error);
  } catch {
    return new SgridError('internal', said`${url} answered ${String(response.statusCode)}`);
  }
}

/** The body, each piece of it valid until the next one is asked for. */
async function* counted(
  response: IncomingMessage,
  sha256: string,
  offset: number,
  onProgress: (sha256: string, receivedBytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let receivedBytes = offset;
  for await (const chunk of response as AsyncIterable<Buffer<ArrayBuffer>>) {
    receivedBytes += chunk.length;
    onProgress(sha256, receivedBytes);
    yield chunk;
    // Its memory is given back now: the garbage collector lets 200 MB of such pieces gather before it looks at them.
    if (chunk.length === chunk.buffer.byteLength) chunk.buffer.transfer(0);
  }
}
