import type { CockpitHandlers, HandlerDependencies } from './context.ts';

export function createPresenceHandlers({
  presence,
}: HandlerDependencies): CockpitHandlers<'presence.tell' | 'presence.list'> {
  return {
    'presence.tell': (activity, { socket }) => {
      presence.tell(socket.id, activity);
      return {};
    },
    'presence.list': (_payload, { socket }) => ({ selfId: socket.id, sessions: presence.list() }),
  };
}
