import type { Logger } from 'pino';
import type { Namespace, Socket } from 'socket.io';
import { agentLink } from '../../common/protocol/agent-link.ts';
import { bindMessages, call } from '../../common/protocol/bind.ts';
import { SgridError, toWireError } from '../../common/protocol/errors.ts';
import { type AgentHello, agentHelloSchema } from '../../common/protocol/handshake.ts';
import { type Authority, demandRole } from '../access/authority.ts';
import { checkHello, toConnectError } from '../access/handshake.ts';
import { demandNodeIdentity } from '../access/node-identity.ts';
import type { Background } from '../background.ts';
import type { FleetModel } from '../fleet/fleet-model.ts';
import type { AgentContext, createAgentHandlers } from '../handlers/agent-report.ts';
import { nodeRoom } from '../relay.ts';

interface Connection {
  socket: Socket;
  hello: AgentHello;
}

/** What a handshake found out. */
interface Admission {
  hello: AgentHello;
  /** The connection that did not answer, and which this one may replace. */
  silent: Connection | null;
}

/**
 * Opens the agents' namespace. A node has one connection, of the agent that it is known by. The same run of that replaces
 * its own (dead) one; another run does when the one that is connected does not answer.
 */
export function openAgentNamespace(options: {
  namespace: Namespace;
  authority: Authority;
  fleet: Pick<FleetModel, 'node'>;
  handlers: ReturnType<typeof createAgentHandlers>;
  background: Background;
  logger: Logger;
  /** The node's connection is gone, or has been replaced. */
  onLost: (hello: AgentHello, replaced: boolean) => void;
}): void {
  const { namespace, authority, fleet, handlers, background, logger, onLost } = options;
  const connections = new Map<number, Connection>();

  /** The connection in the way of this one, or null. */
  const holderAgainst = ({ nodeId, agentId, runId }: AgentHello): Connection | null => {
    const holder = connections.get(nodeId);
    if (holder === undefined) return null;
    return holder.hello.agentId === agentId && holder.hello.runId === runId ? null : holder;
  };

  const admit = async (auth: unknown): Promise<Admission> => {
    const { identity, hello } = checkHello(auth, agentHelloSchema, authority);
    demandRole(identity, 'agent', 'the agent link');
    demandNodeIdentity(fleet.node(hello.nodeId), hello);
    const holder = holderAgainst(hello);
    if (holder === null) return { hello, silent: null };
    if (holder.hello.agentId !== hello.agentId || (await answers(holder))) throw taken(holder, hello);
    return { hello, silent: holder };
  };

  namespace.use((socket, next) => {
    admit(socket.handshake.auth).then(
      (admission) => {
        socket.data = admission;
        next();
      },
      (error: unknown) => {
        logger.warn({ error: toWireError(error), from: socket.handshake.address }, 'agent refused');
        next(toConnectError(error));
      },
    );
  });

  namespace.on('connection', (socket) => {
    const { hello, silent } = socket.data as Admission;
    const { nodeId } = hello;
    const holder = holderAgainst(hello);
    // Two handshakes may have passed the check above before either was connected.
    if (holder !== null && holder !== silent) {
      socket.disconnect(true);
      return;
    }
    const old = connections.get(nodeId);
    connections.set(nodeId, { socket, hello });
    if (old !== undefined) {
      onLost(hello, true);
      old.socket.disconnect(true);
    }
    socket.join(nodeRoom(nodeId));
    const current = (): boolean => connections.get(nodeId)?.socket === socket;
    socket.on('disconnect', (reason) => {
      if (!current()) return;
      connections.delete(nodeId);
      logger.info({ nodeId, reason }, 'node lost');
      onLost(hello, false);
    });
    bindMessages<typeof agentLink.toMaster, AgentContext>(socket, agentLink.toMaster, handlers, {
      context: { hello, current },
      track: background.track,
      onError: (name, error) =>
        logger.warn({ nodeId, name, error: toWireError(error) }, 'agent message failed'),
    });
  });
}

async function answers({ socket }: Connection): Promise<boolean> {
  try {
    await call<typeof agentLink.toClient, 'node.ping'>(socket, agentLink.toClient, 'node.ping', {});
    return true;
  } catch (error) {
    // An error is an answer too.
    return !['timeout', 'disconnected'].includes(toWireError(error).code);
  }
}

function taken(holder: Connection, { nodeId, agentId }: AgentHello): SgridError {
  const isCopy = holder.hello.agentId === agentId;
  const message = `node ${nodeId} is connected already, from ${holder.socket.handshake.address} as "${holder.hello.alias}"`;
  return new SgridError(
    'identity_taken',
    isCopy ? `${message}, with the same state directory or a copy of it` : message,
    { hint: 'give this agent another nodeIndex and a state directory of its own' },
  );
}
