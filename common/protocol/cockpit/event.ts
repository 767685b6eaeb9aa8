import * as z from 'zod';
import { eventSchema } from '../../domain/event.ts';
import { idSchema } from '../../domain/names.ts';
import { notice, request } from '../define.ts';

export const eventRequests = {
  /** Newest first; `beforeSeq` pages back. */
  'event.list': request({
    payload: z.object({
      beforeSeq: idSchema.optional(),
      instanceId: idSchema.optional(),
      nodeId: idSchema.optional(),
      serviceId: idSchema.optional(),
      limit: z.int().min(1).max(1000).default(200),
    }),
    result: z.object({ events: z.array(eventSchema) }),
    role: 'viewer',
  }),
};

export const eventNotices = {
  /** Every new event, to all cockpits. */
  'event.added': notice({ payload: z.object({ events: z.array(eventSchema) }) }),
};
