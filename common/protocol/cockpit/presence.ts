import * as z from 'zod';
import { activitySchema, sessionSchema } from '../../domain/presence.ts';
import { notice, request } from '../define.ts';

export const presenceRequests = {
  /** What this cockpit looks at and does; sent when it changes, at most once a second. */
  'presence.tell': request({ payload: activitySchema, result: z.object({}), role: 'viewer' }),
  /** Everybody who is connected, and which of them is the one who asks. */
  'presence.list': request({
    payload: z.object({}),
    result: z.object({ selfId: z.string(), sessions: z.array(sessionSchema) }),
    role: 'viewer',
  }),
};

export const presenceNotices = {
  /** Who is connected, to all cockpits: at most once a second, when it changes. */
  'presence.changed': notice({ payload: z.object({ sessions: z.array(sessionSchema) }) }),
};
