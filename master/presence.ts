import { type Activity, isSameActivity, type Session } from '../common/domain/presence.ts';
import type { Role } from '../common/domain/role.ts';

/** Who is connected with a cockpit, and what they do. */
export interface Presence {
  join(sessionId: string, who: { actor: string; role: Role; from: string }): void;
  /** What somebody does now; of a session that is gone, nothing. */
  tell(sessionId: string, activity: Activity): void;
  leave(sessionId: string): void;
  /** Those who have been here longest first. */
  list(): Session[];
  close(): void;
}

/** Tells everybody what changed, at most once an interval, however many change how much. With no change there is no timer. */
export function createPresence(options: {
  push: (sessions: Session[]) => void;
  /** Master's clock. */
  now: () => number;
  intervalMs: number;
}): Presence {
  const { push, now, intervalMs } = options;
  const sessions = new Map<string, Session>();
  let timer: NodeJS.Timeout | null = null;
  let isChanged = false;
  let isClosed = false;

  const list = (): Session[] => [...sessions.values()];
  const changed = (): void => {
    isChanged = true;
    if (timer !== null || isClosed) return;
    push(list());
    isChanged = false;
    timer = setTimeout(() => {
      timer = null;
      if (isChanged) changed();
    }, intervalMs);
  };

  return {
    join(sessionId, { actor, role, from }) {
      const at = now();
      const nothing: Activity = { screen: '', about: [], doing: '' };
      sessions.set(sessionId, { sessionId, actor, role, from, since: at, changedAt: at, ...nothing });
      changed();
    },
    tell(sessionId, activity) {
      const known = sessions.get(sessionId);
      if (known === undefined || isSameActivity(known, activity)) return;
      sessions.set(sessionId, { ...known, ...activity, changedAt: now() });
      changed();
    },
    leave(sessionId) {
      if (sessions.delete(sessionId)) changed();
    },
    list,
    close() {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
      timer = null;
    },
  };
}
