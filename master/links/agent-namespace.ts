import type { Logger } from 'pino';
import type { Namespace, Socket } from 'socket.io';
import { agentLink } from '../../common/protocol/agent-link.ts';
import { bindMessages } from '../../common/protocol/bind.ts';
import { SgridError, toWireError } from '../../common/protocol/errors.ts';
import { type AgentHello, agentHelloSchema } from '../../common/protocol/handshake.ts';
import { type Authority, demandRole } from '../access/authority.ts';
import { checkHello, toConnectError } from '../access/handshake.ts';
import type { Background } from '../background.ts';
import type { AgentContext, createAgentHandlers } from '../handlers/agent-report.ts';
import { nodeRoom } from '../relay.ts';

/**
 * Opens the agents' namespace. A node has one connection: the same agent replaces its own (dead) one, another agent
 * with that node's id is refused while the first is connected.
 */
export function openAgentNamespace(options: {
  namespace: Namespace;
  authority: Authority;
  handlers: ReturnType<typeof createAgentHandlers>;
  background: Background;
  logger: Logger;
  /** The node's connection is gone, or has been replaced. */
  onLost: (hello: AgentHello, replaced: boolean) => void;
}): void {
  const { namespace, authority, handlers, background, logger, onLost } = options;
  const connections = new Map<number, { socket: Socket; hello: AgentHello }>();

  const demandFree = ({ nodeId, agentId }: AgentHello): void => {
    const holder = connections.get(nodeId);
    if (holder === undefined || holder.hello.agentId === agentId) return;
    throw new SgridError(
      'identity_taken',
      `node ${nodeId} is connected already, from ${holder.socket.handshake.address} as "${holder.hello.alias}"`,
      { hint: 'give this agent another nodeIndex' },
    );
  };

  namespace.use((socket, next) => {
    try {
      const { identity, hello } = checkHello(socket.handshake.auth, agentHelloSchema, authority);
      demandRole(identity, 'agent', 'the agent link');
      demandFree(hello);
      socket.data = hello;
      next();
    } catch (error) {
      logger.warn({ error: toWireError(error), from: socket.handshake.address }, 'agent refused');
      next(toConnectError(error));
    }
  });

  namespace.on('connection', (socket) => {
    const hello = socket.data as AgentHello;
    const { nodeId } = hello;
    try {
      // Two handshakes may have passed the check above before either was connected.
      demandFree(hello);
    } catch {
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
