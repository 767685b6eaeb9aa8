import type { SgridEvent } from '../../common/domain/event.ts';
import type { FleetFrame } from '../../common/domain/fleet.ts';
import type { Session } from '../../common/domain/presence.ts';
import type { RegistryChange } from '../../common/domain/registry.ts';
import type { Rollout } from '../../common/domain/rollout.ts';
import { agentLink } from '../../common/protocol/agent-link.ts';
import { tell } from '../../common/protocol/bind.ts';
import { cockpitLink } from '../../common/protocol/cockpit-link.ts';
import { packSamples } from '../../common/protocol/packed-samples.ts';
import type { SocketServer } from './socket-server.ts';
import { tokenRoom } from './token-room.ts';
import { unreadBytes } from './unread-bytes.ts';

/** A cockpit that has not read so much gets no more frames; they are larger only in a fleet of thousands. */
const MAX_UNREAD_BYTES = 256 * 1024;

/** Everybody who is connected, as those see them who have something to tell. */
export interface Audience {
  /** To all cockpits. */
  tellEvents(events: SgridEvent[]): void;
  tellSessions(sessions: Session[]): void;
  tellRollout(rollout: Rollout): void;
  /** To the cockpits in a room. */
  sendFrame(room: string, frame: FleetFrame): void;
  /** Whether a cockpit does not read what it is sent. */
  isBehind(socketId: string): boolean;
  /** To the agents in a room. */
  sendRegistry(room: string, change: RegistryChange): void;
  /** Puts all agents of one room into another as well. */
  joinAgents(room: string, other: string): void;
  /** Ends every connection that was made with this token, once the turn is over. */
  cutToken(name: string): void;
}

export function createAudience({ agents, cockpits }: Pick<SocketServer, 'agents' | 'cockpits'>): Audience {
  return {
    tellEvents: (events) => tell(cockpits, cockpitLink.toClient, 'event.added', { events }),
    tellSessions: (sessions) => tell(cockpits, cockpitLink.toClient, 'presence.changed', { sessions }),
    tellRollout: (rollout) => tell(cockpits, cockpitLink.toClient, 'rollout.changed', { rollout }),
    sendFrame: (room, { samples, ...frame }) =>
      tell(cockpits.to(room), cockpitLink.toClient, 'fleet.frame', {
        ...frame,
        ...(samples !== undefined && { samples: packSamples(samples) }),
      }),
    isBehind(socketId) {
      const socket = cockpits.sockets.get(socketId);
      return socket !== undefined && unreadBytes(socket) > MAX_UNREAD_BYTES;
    },
    sendRegistry: (room, change) => tell(agents.to(room), agentLink.toClient, 'registry.changed', change),
    joinAgents: (room, other) => agents.in(room).socketsJoin(other),
    // A turn later: who rotates the token that it is connected with has to get the answer first.
    cutToken: (name) =>
      void setImmediate(() => {
        for (const namespace of [agents, cockpits]) namespace.in(tokenRoom(name)).disconnectSockets(true);
      }),
  };
}
