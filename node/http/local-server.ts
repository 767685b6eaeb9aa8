import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import type { InstanceStatus } from '../../common/domain/instance.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { createServer } from '../../common/system/node-http.ts';
import { sendError, sendJson } from './respond.ts';

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

/** How many of them are in each state. */
export function countStates(statuses: readonly Pick<InstanceStatus, 'state'>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state } of statuses) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** Answers GET and HEAD of the paths that are its own. @returns false, having done nothing, for all others. */
export type LocalHandler = (url: URL, request: IncomingMessage, response: ServerResponse) => boolean;

export interface LocalServer {
  readonly port: number;
  close(): Promise<void>;
}

export function healthHandler(health: () => AgentHealth): LocalHandler {
  return ({ pathname }, _request, response) => {
    if (pathname !== '/healthz') return false;
    sendJson(response, 200, health());
    return true;
  };
}

/** `GET /readyz`: 200 when the agent does its job, 503 with the reasons while it does not yet. */
export function readinessHandler(reasons: () => readonly string[]): LocalHandler {
  return ({ pathname }, _request, response) => {
    if (pathname !== '/readyz') return false;
    const found = reasons();
    sendJson(response, found.length === 0 ? 200 : 503, { ready: found.length === 0, reasons: found });
    return true;
  };
}

/**
 * Beyond it a connection is closed as it comes: a program that opens them without end must not take the descriptors with which
 * the agent looks after the others. All that may wait for changes at once, and as many again.
 */
const MAX_CONNECTIONS = 2_048;

/**
 * The agent's HTTP port for programs on this machine: loopback only, since it asks for no token; nothing can be changed
 * through it.
 *
 * @param port 0 takes a free one.
 * @param handlers asked in turn.
 * @throws SgridError `conflict` or `permission_denied` when the port cannot be had.
 */
export async function openLocalServer(
  port: number,
  handlers: readonly LocalHandler[],
  maxConnections = MAX_CONNECTIONS,
): Promise<LocalServer> {
  const server = createServer((request, response) => {
    try {
      handle(request, response, handlers);
    } catch (error) {
      sendError(response, error);
    }
  });
  server.maxConnections = maxConnections;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // It stays: a connection that cannot be accepted (accept(2), EMFILE) must not end the agent.
  server.on('error', (error) => reject(explain(error, port)));
  server.listen(port, '127.0.0.1', resolve);
  await promise;
  return { port: portOf(server), close: () => close(server) };
}

function handle(request: IncomingMessage, response: ServerResponse, handlers: readonly LocalHandler[]): void {
  // A body is never looked at.
  request.resume();
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    const error = new SgridError('bad_request', 'only GET and HEAD are answered here');
    sendError(response, error, 405, { allow: 'GET, HEAD' });
    return;
  }
  if (!isNameOfHere(request.headers.host)) {
    const error = new SgridError('bad_request', 'this port answers to localhost and to addresses only');
    sendError(response, error, 421);
    return;
  }
  const url = URL.parse(request.url ?? '', 'http://127.0.0.1');
  if (url === null) throw new SgridError('bad_request', 'the path cannot be understood');
  if (handlers.some((handler) => handler(url, request, response))) return;
  throw new SgridError('not_found', `nothing is served at ${url.pathname}`, {
    hint: 'try GET /healthz, /readyz, /metrics or /v1/services',
  });
}

/**
 * Against DNS rebinding: a page in somebody's browser on this machine reaches the port under a name of its own, and would read what
 * is answered. Programs that send no `Host` are no browsers. (421: RFC 9110 15.5.20.)
 */
function isNameOfHere(host: string | undefined): boolean {
  if (host === undefined) return true;
  const name = URL.parse(`http://${host}`)?.hostname.replace(/^\[|\]$/g, '') ?? '';
  return name === 'localhost' || isIP(name) !== 0;
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
