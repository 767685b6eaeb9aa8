import { createServer, type Server } from 'node:http';
import { SgridError } from '../../common/protocol/errors.ts';

/** What `GET /healthz` answers. */
export interface AgentHealth {
  status: 'ok';
  version: string;
  nodeId: number;
  /** Link to the master. */
  link: string;
  cgroupDriver: string;
  /** How many instances are in each state. */
  instances: Record<string, number>;
}

export interface LocalServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * The agent's HTTP port for programs on this machine: loopback only, since it asks for no token.
 *
 * @param port 0 takes a free one.
 * @throws SgridError `conflict` or `permission_denied` when the port cannot be had.
 */
export async function openLocalServer(port: number, health: () => AgentHealth): Promise<LocalServer> {
  const server = createServer((request, response) => {
    const known = request.url === '/healthz';
    const allowed = request.method === 'GET' || request.method === 'HEAD';
    const body = known && allowed ? health() : { error: { code: 'not_found', message: 'try GET /healthz' } };
    response.writeHead(known && allowed ? 200 : 404, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify(body)}\n`);
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error) => reject(explain(error, port)));
  server.listen(port, '127.0.0.1', resolve);
  await promise;
  return { port: portOf(server), close: () => close(server) };
}

function explain(error: NodeJS.ErrnoException, port: number): unknown {
  if (error.code === 'EADDRINUSE') {
    return new SgridError('conflict', `port ${port} on 127.0.0.1 is in use`, {
      hint: 'another agent on this machine? Give this one another --node-port, or 0 for a free one',
      cause: error,
    });
  }
  if (error.code === 'EACCES') {
    return new SgridError('permission_denied', `port ${port} may not be used by this user`, {
      hint: 'choose a --node-port above 1023',
      cause: error,
    });
  }
  return error;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  return promise;
}
