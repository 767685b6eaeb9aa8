import * as z from 'zod';
import { registryEntrySchema } from '../../domain/registry.ts';
import { request } from '../define.ts';

export const registryRequests = {
  /** Which instance answers where, as it was last pushed to all nodes. */
  'registry.list': request({
    payload: z.object({}),
    result: z.object({ entries: z.array(registryEntrySchema) }),
    role: 'viewer',
  }),
};
