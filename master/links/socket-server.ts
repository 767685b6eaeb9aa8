import { type Namespace, Server } from 'socket.io';
import { agentLink } from '../../common/protocol/agent-link.ts';
import { cockpitLink } from '../../common/protocol/cockpit-link.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { toConnectError } from '../access/handshake.ts';
import type { MasterServer } from '../http/open-server.ts';

/** Larger than any message that is meant to be: a log chunk has 1 MiB, the report of a node with 10,000 instances 5. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

export interface SocketServer {
  agents: Namespace;
  cockpits: Namespace;
  close(): Promise<void>;
}

/** Socket.IO on the master's server: one namespace for agents, one for cockpits, and nothing else. */
export function createSocketServer(server: MasterServer): SocketServer {
  const io = new Server(server, {
    transports: ['websocket'],
    serveClient: false,
    perMessageDeflate: false,
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    connectTimeout: 10_000,
    pingInterval: 5_000,
    pingTimeout: 10_000,
  });
  io.use((_socket, next) => next(toConnectError(new SgridError('not_found', 'nothing is served here'))));
  return {
    agents: io.of(agentLink.namespace),
    cockpits: io.of(cockpitLink.namespace),
    close: () => io.close(),
  };
}
