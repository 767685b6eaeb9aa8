import type { IncomingMessage } from 'node:http';
import { said } from '../../common/domain/said.ts';
import { request } from '../../common/system/node-http.ts';
import type { ProbeResult } from './health-progress.ts';

export interface HttpProbe {
  host: string;
  port: number;
  path: string;
  /** Status codes that count as success, both ends included. */
  status: readonly [number, number];
}

/** Of an answer's body so much is read, so that the program sees its answer taken; the rest is nobody's. */
const READ_BYTES = 64 * 1024;

/**
 * `GET` without following redirects, over a connection of its own. The status decides, once the answer has been read to its
 * end or as far as we read: a program that hangs in the middle of its answer is not well.
 *
 * @param signal ends it with its time-out, or the watch.
 */
export function probeHttp(probe: HttpProbe, signal: AbortSignal): Promise<ProbeResult> {
  const { host, port, path } = probe;
  const what = `GET ${path} on port ${port}`;
  return new Promise((resolve) => {
    const asked = request({
      ...{ host, port, path, method: 'GET', agent: false },
      headers: { 'User-Agent': 'sgridnode-health', Accept: '*/*' },
    });
    const finish = (result: ProbeResult): void => {
      signal.removeEventListener('abort', onAbort);
      asked.destroy();
      resolve(result);
    };
    const onAbort = (): void => finish({ ok: false, reason: said`${what}: no answer within the time-out` });
    signal.addEventListener('abort', onAbort, { once: true });
    asked.on('error', (error: NodeJS.ErrnoException) =>
      finish({ ok: false, reason: `${what}: ${error.code ?? error.message}` }),
    );
    asked.once('response', (response) => readAnswer(response, what, probe.status, finish));
    if (signal.aborted) onAbort();
    else asked.end();
  });
}

function readAnswer(
  response: IncomingMessage,
  what: string,
  [least, most]: HttpProbe['status'],
  finish: (result: ProbeResult) => void,
): void {
  const status = response.statusCode ?? 0;
  const verdict: ProbeResult =
    status >= least && status <= most
      ? { ok: true }
      : { ok: false, reason: said`${what}: status ${status}, not ${least} to ${most}` };
  let readBytes = 0;
  response.on('data', (chunk: Buffer) => {
    readBytes += chunk.length;
    if (readBytes >= READ_BYTES) finish(verdict);
  });
  response.once('end', () => finish(verdict));
  response.once('error', (error: NodeJS.ErrnoException) =>
    finish({ ok: false, reason: said`${what}: ${error.code ?? error.message} in the middle of the answer` }),
  );
}
