import type { Logger } from 'pino';
import type { Namespace, Socket } from 'socket.io';
import { said } from '../../common/domain/said.ts';
import { agentLink } from '../../common/protocol/agent-link.ts';
import { bindMessages, call } from '../../common/protocol/bind.ts';
import { SgridError, toWireError } from '../../common/protocol/errors.ts';
import { type AgentHello, agentHelloSchema } from '../../common/protocol/handshake.ts';
import { PRODUCT_VERSION } from '../../common/version.ts';
import { type Authority, addressOfPeer, demandRole, type Identity } from '../access/authority.ts';
import { checkHello, toConnectError } from '../access/handshake.ts';
import { demandNodeIdentity } from '../access/node-identity.ts';
import type { Background } from '../background.ts';
import type { FleetModel } from '../fleet/fleet-model.ts';
import type { AgentContext, createAgentHandlers } from '../handlers/agent-report.ts';
import { nodeRoom } from '../relay.ts';
import { tokenRoom } from './token-room.ts';

interface Connection {
  socket: Socket;
  hello: AgentHello;
}

/** What a handshake found out. */
interface Admission {
  identity: Identity;
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
  /** The token is this node's from now on. @throws SgridError `forbidden` when another node was first. */
  bindToken: (name: string, hello: AgentHello) => Promise<void>;
  handlers: ReturnType<typeof createAgentHandlers>;
  background: Background;
  logger: Logger;
  /** The node's connection is gone, or has been replaced. */
  onLost: (hello: AgentHello, replaced: boolean) => void;
}): void {
  const { namespace, authority, fleet, bindToken, handlers, background, logger, onLost } = options;
  const connections = new Map<number, Connection>();

  /** The connection in the way of this one, or null. */
  const holderAgainst = ({ nodeId, agentId, runId }: AgentHello): Connection | null => {
    const holder = connections.get(nodeId);
    if (holder === undefined) return null;
    return holder.hello.agentId === agentId && holder.hello.runId === runId ? null : holder;
  };

  const admit = async ({ auth, address }: Socket['handshake']): Promise<Admission> => {
    const from = addressOfPeer(address);
    const { identity, hello } = checkHello(auth, agentHelloSchema, authority, from, 'sgridnode');
    demandRole(identity, 'agent', 'the agent link');
    demandTokenOf(identity, hello.nodeId);
    demandNodeIdentity(fleet.node(hello.nodeId), hello);
    const holder = holderAgainst(hello);
    if (holder !== null && (holder.hello.agentId !== hello.agentId || (await answers(holder)))) {
      throw taken(holder, hello);
    }
    if (identity.isJoining) await bindToken(identity.actor, hello);
    return { identity, hello, silent: holder };
  };

  const isStillKnown = ({ handshake }: Socket): boolean => {
    try {
      authority.authenticate(handshake.auth.token, null);
      return true;
    } catch {
      return false;
    }
  };

  namespace.use((socket, next) => {
    admit(socket.handshake).then(
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
    const { identity, hello, silent } = socket.data as Admission;
    const { nodeId } = hello;
    const holder = holderAgainst(hello);
    // Two handshakes may have passed the checks above before either was connected, or a token been revoked meanwhile.
    if ((holder !== null && holder !== silent) || !isStillKnown(socket)) {
      socket.disconnect(true);
      return;
    }
    const old = connections.get(nodeId);
    connections.set(nodeId, { socket, hello });
    if (old !== undefined) {
      onLost(hello, true);
      old.socket.disconnect(true);
    }
    socket.join([nodeRoom(nodeId), tokenRoom(identity.actor)]);
    const current = (): boolean => connections.get(nodeId)?.socket === socket;
    socket.on('disconnect', (reason) => {
      if (!current()) return;
      connections.delete(nodeId);
      logger.info({ nodeId, reason }, 'node lost');
      onLost(hello, false);
    });
    bindMessages<typeof agentLink.toMaster, AgentContext>(socket, agentLink.toMaster, handlers, {
      context: { hello, current },
      self: `sgridnext ${PRODUCT_VERSION}`,
      track: background.track,
      onError: (name, error) =>
        logger.warn({ nodeId, name, error: toWireError(error) }, 'agent message failed'),
    });
  });
}

/** @throws SgridError `forbidden` when the token belongs to another node. */
function demandTokenOf({ actor, nodeId }: Identity, claimed: number): void {
  if (nodeId === null || nodeId === claimed) return;
  throw new SgridError('forbidden', said`the token "${actor}" belongs to node ${nodeId}, not ${claimed}`, {
    hint: said`use a token of its own for each node, or set nodeIndex right`,
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
  const message = said`node ${nodeId} is connected already, from ${holder.socket.handshake.address} as "${holder.hello.alias}"`;
  return new SgridError(
    'identity_taken',
    isCopy ? said`${message}, with the same state directory or a copy of it` : message,
    { hint: said`give this agent another nodeIndex and a state directory of its own` },
  );
}
