import * as z from 'zod';
import { figuresHistorySchema } from '../../domain/figures.ts';
import { figuresOverTimeSchema, historyRequestSchema } from '../../domain/history.ts';
import { instanceIdsSchema } from '../../domain/names.ts';
import { request } from '../define.ts';

export const historyRequests = {
  'figures.history': request({
    payload: z.object({ instanceIds: instanceIdsSchema }),
    result: z.object({ histories: z.array(figuresHistorySchema) }),
    role: 'viewer',
  }),
  /** Over minutes to days: 10 s apart for an hour, 1 min for a day, 10 min for 14 days (less of instances in a large fleet). */
  'history.read': request({
    payload: historyRequestSchema,
    result: figuresOverTimeSchema,
    timeoutMs: 10_000,
    role: 'viewer',
  }),
};
