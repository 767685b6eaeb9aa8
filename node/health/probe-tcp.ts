import { connect } from 'node:net';
import { said } from '../../common/domain/said.ts';
import type { ProbeResult } from './health-progress.ts';

/** A connection that is accepted is a success; it is closed at once. @param signal ends it with its time-out, or the watch */
export function probeTcp(host: string, port: number, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (result: ProbeResult): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(result);
    };
    const onAbort = (): void =>
      finish({ ok: false, reason: said`no connection to ${host}:${port} within the time-out` });
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => finish({ ok: true }));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      finish({ ok: false, reason: said`no connection to ${host}:${port}: ${error.code ?? error.message}` }),
    );
    if (signal.aborted) onAbort();
  });
}
