import { type Activity, isSameActivity, type Session } from '../../common/domain/presence.ts';
import type { MasterClient } from './master-client.ts';

const TELL_INTERVAL_MS = 1_000;

/** Tells the master what this cockpit looks at and does, and learns who else is there. */
export interface PresenceWatch {
  /** To be called whenever it may have changed. */
  look(activity: Activity): void;
  close(): void;
}

/** At most one notice a second, always of the last; and one with every new connection, of which the master knows nothing. */
export function createPresenceWatch({
  client,
  onSessions,
}: {
  client: Pick<MasterClient, 'call' | 'link' | 'listen'>;
  onSessions: (sessions: readonly Session[], selfId?: string) => void;
}): PresenceWatch {
  let timer: NodeJS.Timeout | undefined;
  let present: Activity | null = null;
  let told: Activity | null = null;
  let isUp = false;

  const tell = (): void => {
    if (present === null || !isUp || timer !== undefined) return;
    if (told !== null && isSameActivity(told, present)) return;
    told = present;
    // Nobody waits for it: what is not told now is told with the next change or connection.
    client.call('presence.tell', told).catch(() => undefined);
    timer = setTimeout(() => {
      timer = undefined;
      tell();
    }, TELL_INTERVAL_MS);
  };
  const connected = (): void => {
    told = null;
    tell();
    client.call('presence.list', {}).then(
      ({ sessions, selfId }) => onSessions(sessions, selfId),
      () => undefined,
    );
  };
  const onLink = (state: string): void => {
    const wasUp = isUp;
    isUp = state === 'up';
    if (isUp && !wasUp) connected();
  };
  const unlisten = client.listen({
    onLink: ({ state }) => onLink(state),
    onPresence: (sessions) => onSessions(sessions),
  });
  onLink(client.link().state);

  return {
    look(activity) {
      present = activity;
      tell();
    },
    close() {
      clearTimeout(timer);
      unlisten();
    },
  };
}
