import { type Duplex, PassThrough } from 'node:stream';
import { type Namespace, Server, type Socket } from 'socket.io';
import { said } from '../../common/domain/said.ts';
import { agentLink } from '../../common/protocol/agent-link.ts';
import { cockpitLink } from '../../common/protocol/cockpit-link.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { toConnectError } from '../access/handshake.ts';
import type { MasterServer } from '../http/open-server.ts';

/** Larger than any message that is meant to be: a log chunk has 1 MiB, the report of a node with 10,000 instances 5. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

/** Of who has not shown a token yet: a hello has less than 4 KiB, and what is begun is held in memory until it is whole. */
const MAX_STRANGER_BYTES = 16 * 1024;

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
    maxHttpBufferSize: MAX_STRANGER_BYTES,
    connectTimeout: 10_000,
    pingInterval: 5_000,
    pingTimeout: 10_000,
  });
  demandLimitField(io.engine as unknown as Engine);
  io.use((_socket, next) => next(toConnectError(new SgridError('not_found', said`nothing is served here`))));
  const [agents, cockpits] = [io.of(agentLink.namespace), io.of(cockpitLink.namespace)];
  for (const namespace of [agents, cockpits]) namespace.on('connection', takeLargeMessages);
  return { agents, cockpits, close: () => io.close() };
}

/** Where ws 8 keeps the limit of a connection, which it has no way to change. */
interface Limited {
  readonly _receiver?: { _maxPayload?: number };
}

interface Receiving {
  readonly transport?: { readonly socket?: Limited };
}

/** The part of Engine.IO's server that makes its connections. */
interface Engine {
  readonly ws?: {
    readonly options?: {
      readonly WebSocket?: new (address: null, protocols: undefined, options: object) => Served;
    };
  };
}

interface Served extends Limited {
  setSocket(socket: Duplex, head: Buffer, options: { maxPayload: number }): void;
  terminate(): void;
}

/**
 * Looks whether the limit of a connection is where it is changed: another ws would leave it at that of strangers, and every
 * report of more than a few instances would end its link.
 *
 * @throws when it is not
 */
export function demandLimitField(engine: Engine): void {
  const { WebSocket } = engine.ws?.options ?? {};
  let found: number | undefined;
  if (WebSocket !== undefined) {
    const [socket, pipe] = [new WebSocket(null, undefined, {}), new PassThrough()];
    socket.setSocket(pipe, Buffer.alloc(0), { maxPayload: MAX_STRANGER_BYTES });
    found = socket._receiver?._maxPayload;
    socket.terminate();
    pipe.destroy();
  }
  if (found !== MAX_STRANGER_BYTES)
    throw new Error(
      'this version of ws keeps the size limit of a connection elsewhere than socket-server.ts changes it',
    );
}

function takeLargeMessages({ conn }: Pick<Socket, 'conn'>): void {
  const receiver = (conn as unknown as Receiving).transport?.socket?._receiver;
  if (receiver !== undefined) receiver._maxPayload = MAX_MESSAGE_BYTES;
}
