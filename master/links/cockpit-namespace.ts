import type { Logger } from 'pino';
import type { Namespace } from 'socket.io';
import { said } from '../../common/domain/said.ts';
import { bindMessages } from '../../common/protocol/bind.ts';
import { cockpitLink } from '../../common/protocol/cockpit-link.ts';
import { tellError, toWireError } from '../../common/protocol/errors.ts';
import { cockpitHelloSchema } from '../../common/protocol/handshake.ts';
import { PRODUCT_VERSION } from '../../common/version.ts';
import { addressOfPeer, demandRole, type Identity } from '../access/authority.ts';
import { guardAll } from '../access/guard.ts';
import { checkHello, toConnectError } from '../access/handshake.ts';
import { AuditedError } from '../control/audited-error.ts';
import { createConfigHandlers } from '../handlers/config.ts';
import type { CockpitContext, HandlerDependencies } from '../handlers/context.ts';
import { createEventHandlers } from '../handlers/event.ts';
import { createFleetHandlers } from '../handlers/fleet.ts';
import { createHistoryHandlers } from '../handlers/history.ts';
import { createInstanceHandlers } from '../handlers/instance.ts';
import { createLogHandlers } from '../handlers/log.ts';
import { createNodeHandlers } from '../handlers/node.ts';
import { createPresenceHandlers } from '../handlers/presence.ts';
import { createRegistryHandlers } from '../handlers/registry-list.ts';
import { createReleaseHandlers } from '../handlers/release.ts';
import { createRolloutHandlers } from '../handlers/rollout.ts';
import { createServiceHandlers } from '../handlers/service.ts';
import { createSessionHandlers } from '../handlers/session.ts';
import { createTokenHandlers } from '../handlers/token.ts';
import { tokenRoom } from './token-room.ts';

/** Opens the cockpits' namespace. What a role may do, and what takes a typed name, is decided here and nowhere else. */
export function openCockpitNamespace(
  options: HandlerDependencies & {
    namespace: Namespace;
    logger: Logger;
  },
): void {
  const { namespace, authority, background, logger, events, frames, presence } = options;
  const handlers = guardAll(options, {
    ...createSessionHandlers(options),
    ...createFleetHandlers(options),
    ...createServiceHandlers(options),
    ...createNodeHandlers(options),
    ...createReleaseHandlers(options),
    ...createInstanceHandlers(options),
    ...createRolloutHandlers(options),
    ...createRegistryHandlers(options),
    ...createLogHandlers(options),
    ...createConfigHandlers(options),
    ...createTokenHandlers(options),
    ...createEventHandlers(options),
    ...createHistoryHandlers(options),
    ...createPresenceHandlers(options),
  });

  namespace.use((socket, next) => {
    try {
      const { auth, address } = socket.handshake;
      const from = addressOfPeer(address);
      const { identity } = checkHello(auth, cockpitHelloSchema, authority, from, 'sgrid');
      demandRole(identity, 'viewer', 'the cockpit link');
      socket.data = identity;
      next();
    } catch (error) {
      logger.warn({ error: toWireError(error), from: socket.handshake.address }, 'cockpit refused');
      next(toConnectError(error));
    }
  });

  /** A change that was refused as a whole: forbidden, or contradicted by the present state. */
  const auditRefusal = (name: string, error: unknown, { actor }: Identity): void => {
    const definition = Object.entries(cockpitLink.toMaster).find(([known]) => known === name)?.[1];
    const isChange = definition?.kind === 'request' && definition.role !== 'viewer';
    if (!isChange || error instanceof AuditedError || toWireError(error).code === 'bad_request') return;
    background.run('recording a refusal', () =>
      events.record({
        kind: 'command',
        actor,
        result: 'failed',
        message: said`${name}: ${tellError(error)}`,
      }),
    );
  };

  namespace.on('connection', (socket) => {
    const identity = socket.data as Identity;
    socket.join(tokenRoom(identity.actor));
    presence.join(socket.id, { ...identity, from: socket.handshake.address });
    socket.on('disconnect', () => {
      frames.unwatch(socket);
      presence.leave(socket.id);
    });
    bindMessages<typeof cockpitLink.toMaster, CockpitContext>(socket, cockpitLink.toMaster, handlers, {
      context: { identity, socket },
      self: `sgridnext ${PRODUCT_VERSION}`,
      track: background.track,
      authorize: (name, definition) => demandRole(identity, definition.role, name),
      onError: (name, error) => {
        const wire = toWireError(error);
        if (wire.code === 'internal')
          logger.error({ err: error, name, actor: identity.actor }, 'request failed');
        else logger.info({ name, actor: identity.actor, error: wire }, 'request refused');
        auditRefusal(name, error, identity);
      },
    });
  });
}
