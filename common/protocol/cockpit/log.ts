import * as z from 'zod';
import { logFileSchema, logReadRequestSchema, logReadResultSchema } from '../../domain/log.ts';
import { logRunSchema } from '../../domain/log-runs.ts';
import { logSearchRequestSchema, logSearchResultSchema } from '../../domain/log-search.ts';
import { idSchema } from '../../domain/names.ts';
import { request } from '../define.ts';

export const logRequests = {
  /** Relayed to the instance's agent. */
  'log.read': request({
    payload: logReadRequestSchema,
    result: logReadResultSchema,
    timeoutMs: 12_000,
    role: 'viewer',
  }),
  'log.search': request({
    payload: logSearchRequestSchema,
    result: logSearchResultSchema,
    timeoutMs: 15_000,
    role: 'viewer',
  }),
  /** Where the runs of an instance lie in its `stdout`, the latest last. */
  'log.runs': request({
    payload: z.object({ instanceId: idSchema }),
    result: z.object({ runs: z.array(logRunSchema) }),
    timeoutMs: 7_000,
    role: 'viewer',
  }),
  'log.files': request({
    payload: z.object({ instanceId: idSchema }),
    result: z.object({ files: z.array(logFileSchema) }),
    timeoutMs: 7_000,
    role: 'viewer',
  }),
};
