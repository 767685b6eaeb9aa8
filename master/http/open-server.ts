import type { Server as HttpServer, RequestListener, ServerOptions } from 'node:http';
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https';
import { createServer } from '../../common/system/node-http.ts';
import type { Certificate } from './certificate.ts';

export type MasterServer = HttpServer | HttpsServer;

/** Everything of the master goes over this one server: encrypted when there is a certificate. It does not listen yet. */
export function createMasterServer(
  certificate: Pick<Certificate, 'cert' | 'key'> | null,
  timeouts: Pick<ServerOptions, 'requestTimeout' | 'headersTimeout' | 'connectionsCheckingInterval'>,
  listener: RequestListener,
): MasterServer {
  if (certificate === null) return createServer(timeouts, listener);
  const { cert, key } = certificate;
  // A client that connects and says nothing is cut like one whose headers do not end.
  const handshakeTimeout = timeouts.headersTimeout;
  return createTlsServer(
    { ...timeouts, cert, key, minVersion: 'TLSv1.2', ...(handshakeTimeout && { handshakeTimeout }) },
    listener,
  );
}
