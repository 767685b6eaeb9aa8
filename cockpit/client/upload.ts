import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Release } from '../../common/domain/release.ts';
import { said } from '../../common/domain/said.ts';
import { fromWireError, SgridError } from '../../common/protocol/errors.ts';
import {
  HTTP_PATHS,
  httpErrorSchema,
  OFFSET_HEADER,
  SHA256_HEADER,
  uploadResultSchema,
} from '../../common/protocol/http.ts';
import { parseMasterAddress, requestMaster } from '../../common/protocol/master-address.ts';
import { explainFileError } from '../../common/system/atomic-file.ts';

export interface PackageUpload {
  url: string;
  token: string;
  serviceName: string;
  /** A tar archive, gzipped or not. */
  file: string;
  version: string;
  message: string;
  /** Called with bytes that the socket has taken; with the same value twice at most at the end. */
  onProgress?: (sentBytes: number, totalBytes: number) => void;
  signal?: AbortSignal;
}

/** A line that moves nothing for so long, or a master that is silent so long after the last byte, is given up. */
const IDLE_TIMEOUT_MS = 120_000;
const READ_BYTES = 512 * 1024;
const MAX_ANSWER_BYTES = 1024 * 1024;
/** Pauses before an upload that was cut off is carried on, by itself. */
const CARRY_ON_MS = [500, 2_000, 8_000];

/**
 * Streams an archive to the master as a new release. Its sha256 goes ahead, so that a file which changes under the
 * upload is refused rather than released.
 *
 * @throws SgridError of the master; `bad_request` or `permission_denied` for the file; `cancelled` when
 *   the signal aborts; `disconnected` or `timeout` when the line fails more often than it is carried on by itself. What the
 *   master has by then it keeps for a day: the next attempt goes on behind it.
 */
export async function uploadPackage(upload: PackageUpload): Promise<Release> {
  const { file, signal } = upload;
  try {
    const totalBytes = await sizeOf(file);
    const sha256 = await hashFile(file, signal);
    for (let attempt = 0; ; attempt++) {
      try {
        return await send(upload, sha256, totalBytes);
      } catch (error) {
        const pauseMs = CARRY_ON_MS[attempt];
        if (!isCut(error, attempt) || pauseMs === undefined || signal?.aborted === true) throw error;
        await delay(pauseMs, undefined, signal === undefined ? {} : { signal });
      }
    }
  } catch (error) {
    throw explain(error, upload);
  }
}

/** Goes on where it was cut off, unless somebody else who sends the same content does: then all of it once more. */
async function send(upload: PackageUpload, sha256: string, totalBytes: number): Promise<Release> {
  const offsetBytes = await offsetOf(upload, sha256, totalBytes);
  try {
    return await sendFrom(upload, sha256, totalBytes, offsetBytes);
  } catch (error) {
    const isTaken = error instanceof SgridError && (error.code === 'busy' || error.code === 'conflict');
    if (offsetBytes === 0 || !isTaken) throw error;
    return await sendFrom(upload, sha256, totalBytes, 0);
  }
}

/** Sends the file from an offset on. @throws SgridError of the master; what the line or the file failed with. */
async function sendFrom(
  upload: PackageUpload,
  sha256: string,
  totalBytes: number,
  offsetBytes: number,
): Promise<Release> {
  const { file, signal } = upload;
  const outgoing = requestMaster(parseMasterAddress(upload.url), uploadPath(upload), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${upload.token}`,
      'content-type': 'application/octet-stream',
      'content-length': totalBytes - offsetBytes,
      [SHA256_HEADER]: sha256,
      ...(offsetBytes > 0 && { [OFFSET_HEADER]: offsetBytes }),
    },
    timeout: IDLE_TIMEOUT_MS,
    ...(signal === undefined ? {} : { signal }),
  });
  outgoing.on('timeout', () => {
    outgoing.destroy(
      new SgridError('timeout', said`the upload of ${file} stood still for ${IDLE_TIMEOUT_MS / 1000} s`),
    );
  });
  const answered = answerOf(outgoing);
  const source = createReadStream(file, { start: offsetBytes, highWaterMark: READ_BYTES });
  const sent = pipeline(source, countBytes(offsetBytes, totalBytes, upload.onProgress), outgoing);
  // A refusal comes before the last byte, and then cuts the sending off: its words count, not the broken pipe.
  await Promise.race([sent, answered]).catch(() => undefined);
  return await readAnswer(await answered.catch((error) => rethrowSent(sent, error)));
}

/** Nobody listening is a reason to wait only for a master that was there before: it may be starting again. */
function isCut(error: unknown, attempt: number): boolean {
  const { code } = error as NodeJS.ErrnoException;
  const isGone = attempt > 0 && code === 'ECONNREFUSED';
  return isGone || ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'timeout'].includes(code ?? '');
}

/** How much the master has of an upload of this content that was cut off; 0 also when it cannot be asked. */
async function offsetOf(
  { url, token, signal }: PackageUpload,
  sha256: string,
  totalBytes: number,
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const asking = requestMaster(parseMasterAddress(url), HTTP_PATHS.uploadOffset(sha256), {
    method: 'HEAD',
    headers: { authorization: `Bearer ${token}` },
    timeout: IDLE_TIMEOUT_MS,
    ...(signal === undefined ? {} : { signal }),
  });
  asking.on('timeout', () => asking.destroy());
  asking.on('error', () => resolve(0));
  asking.on('response', (response) => {
    response.resume();
    resolve(response.statusCode === 200 ? Number(response.headers[OFFSET_HEADER]) : 0);
  });
  asking.end();
  const offsetBytes = await promise;
  return Number.isSafeInteger(offsetBytes) && offsetBytes < totalBytes ? offsetBytes : 0;
}

async function rethrowSent(sent: Promise<void>, error: unknown): Promise<never> {
  await sent;
  throw error;
}

function uploadPath({ serviceName, version, message }: PackageUpload): string {
  return `${HTTP_PATHS.upload(serviceName)}?${new URLSearchParams({ version, message })}`;
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file);
  if (!found.isFile()) {
    throw new SgridError('bad_request', said`${file} is not a file`, { hint: said`pack it with tar first` });
  }
  return found.size;
}

async function hashFile(file: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: READ_BYTES }), hash, { ...(signal && { signal }) });
  return hash.digest('hex');
}

function countBytes(
  offsetBytes: number,
  totalBytes: number,
  onProgress: PackageUpload['onProgress'],
): Transform {
  let sentBytes = offsetBytes;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sentBytes += chunk.byteLength;
      onProgress?.(sentBytes, totalBytes);
      done(null, chunk);
    },
  });
}

function answerOf(outgoing: ClientRequest): Promise<{ status: number; body: string }> {
  const answered = new Promise<{ status: number; body: string }>((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      readBody(response).then((body) => {
        resolve({ status: response.statusCode ?? 0, body });
        outgoing.destroy();
      }, reject);
    });
  });
  // It is awaited later; until then a failure must not count as unhandled.
  answered.catch(() => undefined);
  return answered;
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new SgridError('internal', said`the answer to the upload is too long`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readAnswer({ status, body }: { status: number; body: string }): Release {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (cause) {
    throw new SgridError('internal', said`the master answered ${status} with something that is not JSON`, {
      cause,
    });
  }
  const refusal = httpErrorSchema.safeParse(json);
  if (refusal.success) throw fromWireError(refusal.data.error);
  const result = uploadResultSchema.safeParse(json);
  if (!result.success)
    throw new SgridError('internal', said`the master answered ${status} with an unknown answer`);
  return result.data.release;
}

function explain(error: unknown, { file, url, signal }: PackageUpload): unknown {
  if (error instanceof SgridError) return error;
  if (signal?.aborted === true) {
    return new SgridError('cancelled', said`the upload of ${file} was cancelled`, { cause: error });
  }
  const { code, path, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') {
    return new SgridError('bad_request', said`${file} does not exist`, {
      hint: said`check the path`,
      cause: error,
    });
  }
  if (path !== undefined) return explainFileError(error, file);
  return new SgridError('disconnected', said`the upload of ${file} to ${url} was cut off: ${message}`, {
    hint: said`try again: it goes on where it was cut off`,
    cause: error,
  });
}
