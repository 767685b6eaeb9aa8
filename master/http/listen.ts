import type { AddressInfo, Server } from 'node:net';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';

/**
 * Listens, and returns the port that it is.
 *
 * @throws SgridError `conflict` for a taken port, `permission_denied`, `bad_request` for an address that is not ours.
 */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen({ host, port }, resolve);
  try {
    await promise;
  } catch (cause) {
    throw explainListenError(cause, host, port);
  } finally {
    server.off('error', reject);
  }
  return (server.address() as AddressInfo).port;
}

function explainListenError(cause: unknown, host: string, port: number): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    return new SgridError('conflict', said`port ${port} on ${host} is taken by another process`, {
      hint: said`see who has it with "ss -ltnp 'sport = :${port}'", or choose another with --http-port`,
      cause,
    });
  }
  if (code === 'EACCES') {
    return new SgridError('permission_denied', said`this user may not listen on port ${port}`, {
      hint: said`ports below 1024 take CAP_NET_BIND_SERVICE; choose a higher one with --http-port`,
      cause,
    });
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new SgridError('bad_request', said`${host} is no address of this machine`, {
      hint: said`use 127.0.0.1, 0.0.0.0, or an address that "ip addr" shows`,
      cause,
    });
  }
  return cause;
}
