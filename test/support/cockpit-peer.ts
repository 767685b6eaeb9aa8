import { io, type Socket } from 'socket.io-client';
import type { SgridEvent } from '../../common/domain/event.ts';
import type { FleetFrame } from '../../common/domain/fleet.ts';
import type { Session } from '../../common/domain/presence.ts';
import type { Role } from '../../common/domain/role.ts';
import type { Rollout } from '../../common/domain/rollout.ts';
import { bindMessages, call } from '../../common/protocol/bind.ts';
import { type CockpitToMaster, cockpitLink } from '../../common/protocol/cockpit-link.ts';
import type { PayloadInput, RequestName, Result } from '../../common/protocol/define.ts';
import { fromWireError, wireErrorSchema } from '../../common/protocol/errors.ts';
import { PROTOCOL_VERSION } from '../../common/protocol/version.ts';
import type { TestMaster } from './master.ts';

/** A cockpit without a screen: the protocol, and a record of all that came. */
export interface CockpitPeer {
  socket: Socket;
  call<N extends RequestName<CockpitToMaster>>(
    name: N,
    payload: PayloadInput<CockpitToMaster, N>,
  ): Promise<Result<CockpitToMaster, N>>;
  frames: FleetFrame[];
  events: SgridEvent[];
  rollouts: Rollout[];
  /** Every notice of who is connected. */
  presences: Session[][];
  close(): void;
}

/** @throws SgridError that the master refused the connection with. */
export async function connectCockpit(
  master: Pick<TestMaster, 'url' | 'token'>,
  role: Role = 'admin',
): Promise<CockpitPeer> {
  const auth = { token: master.token(role), protocolVersion: PROTOCOL_VERSION, version: 'test' };
  const socket = await connect(master.url, cockpitLink.namespace, auth);
  const frames: FleetFrame[] = [];
  const events: SgridEvent[] = [];
  const rollouts: Rollout[] = [];
  const presences: Session[][] = [];
  bindMessages<typeof cockpitLink.toClient, null>(
    socket,
    cockpitLink.toClient,
    {
      'fleet.frame': (frame) => void frames.push(frame),
      'event.added': (added) => void events.push(...added.events),
      'rollout.changed': ({ rollout }) => void rollouts.push(rollout),
      'presence.changed': ({ sessions }) => void presences.push(sessions),
    },
    { context: null },
  );
  return {
    socket,
    frames,
    events,
    rollouts,
    presences,
    call: (name, payload) => call(socket, cockpitLink.toMaster, name, payload),
    close: () => void socket.disconnect(),
  };
}

/** One connection attempt, without reconnecting. @throws SgridError out of `connect_error`, else that error. */
export async function connect(
  url: string,
  namespace: string,
  auth: Record<string, unknown>,
): Promise<Socket> {
  const socket = io(url + namespace, {
    transports: ['websocket'],
    auth,
    forceNew: true,
    reconnection: false,
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('connect', resolve).once('connect_error', reject);
  try {
    await promise;
    return socket;
  } catch (error) {
    socket.disconnect();
    const wire = wireErrorSchema.safeParse((error as { data?: unknown }).data);
    throw wire.success ? fromWireError(wire.data) : error;
  }
}
