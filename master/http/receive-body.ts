import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { said, type Told } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError } from '../../common/system/atomic-file.ts';

export interface BodyLimits {
  maxBytes: number;
  /** Without a byte for so long, an upload is given up. */
  idleMs: number;
  /** Longest time for a whole upload. */
  totalMs: number;
}

/**
 * Streams a request's body into a file, hashing on the way. What the file has up to `offsetBytes` counts as received.
 *
 * @throws SgridError `too_large` (at once when announced, else when it gets there), `timeout`, `disconnected` when the
 * client went away, `bad_request` when it sent less than announced, `no_space`. The file may be there then, in part.
 */
export async function receiveBody(
  request: IncomingMessage,
  file: string,
  limits: BodyLimits,
  /** Called when the body is wanted: answers `Expect: 100-continue`. */
  onAccepted: () => void,
  offsetBytes = 0,
): Promise<{ sha256: string; sizeBytes: number }> {
  const { maxBytes, idleMs, totalMs } = limits;
  const announced = request.headers['content-length'];
  if (announced !== undefined && offsetBytes + Number(announced) > maxBytes) throw tooLarge(maxBytes);
  if (request.destroyed) throw clientGone();
  const hash = createHash('sha256');
  if (offsetBytes > 0) await pipeline(createReadStream(file, { end: offsetBytes - 1 }), hash, { end: false });
  if (request.destroyed) throw clientGone();
  onAccepted();

  let sizeBytes = offsetBytes;
  const giveUp = new AbortController();
  const expire = (what: Told): void =>
    giveUp.abort(new SgridError('timeout', what, { hint: said`try again` }));
  let idle = setTimeout(() => {}, 0);
  const restartIdle = (): void => {
    clearTimeout(idle);
    idle = setTimeout(() => expire(said`nothing came for ${idleMs / 1000} s`), idleMs);
  };
  restartIdle();
  const total = setTimeout(() => expire(said`the upload took longer than ${totalMs / 1000} s`), totalMs);
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      restartIdle();
      sizeBytes += chunk.byteLength;
      if (sizeBytes > maxBytes) {
        done(tooLarge(maxBytes));
        return;
      }
      hash.update(chunk);
      done(null, chunk);
    },
  });
  // The request stays open behind a failure, since its connection still has to carry the answer: it is unpiped from
  // the meter instead of being a part of the pipeline, which would destroy it.
  const gone = (): void => {
    if (!request.complete) meter.destroy(clientGone());
  };
  request.once('close', gone).once('error', gone).pipe(meter);
  try {
    const sink = createWriteStream(file, {
      flags: offsetBytes > 0 ? 'r+' : 'w',
      start: offsetBytes,
      mode: 0o600,
      highWaterMark: 1024 * 1024,
    });
    await pipeline(meter, sink, { signal: giveUp.signal });
  } catch (error) {
    throw giveUp.signal.aborted ? giveUp.signal.reason : explainFileError(error, 'the upload');
  } finally {
    clearTimeout(idle);
    clearTimeout(total);
    request.unpipe(meter).off('close', gone).off('error', gone);
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

function clientGone(): SgridError {
  return new SgridError('disconnected', said`the client went away before the package was whole`);
}

function tooLarge(maxBytes: number): SgridError {
  return new SgridError('too_large', said`the package is larger than ${maxBytes} bytes`, {
    hint: said`raise maxPackageBytes of the master, or make the package smaller`,
  });
}
