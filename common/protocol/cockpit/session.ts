import * as z from 'zod';
import { timestampSchema } from '../../domain/names.ts';
import { roleSchema } from '../../domain/role.ts';
import { request } from '../define.ts';

export const sessionRequests = {
  /** Who am I, and is the link alive: sent on connecting and then every few seconds to measure latency. */
  'session.hello': request({
    payload: z.object({}),
    result: z.object({
      actor: z.string(),
      role: roleSchema,
      masterVersion: z.string(),
      at: timestampSchema,
    }),
    role: 'viewer',
  }),
};
