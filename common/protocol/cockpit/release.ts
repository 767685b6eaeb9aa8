import * as z from 'zod';
import { confirmSchema, idSchema } from '../../domain/names.ts';
import { packageDiffSchema, releaseSchema } from '../../domain/release.ts';
import { guardedRequest, request } from '../define.ts';

export const releaseRequests = {
  /** Uploads go over HTTP (see http.ts). Newest first. */
  'release.list': request({
    payload: z.object({ serviceId: idSchema.optional() }),
    result: z.object({ releases: z.array(releaseSchema) }),
    role: 'viewer',
  }),
  /** All or none; none that an instance runs or should run, or that a rollout under way may still need. */
  'release.remove': guardedRequest({
    payload: z.object({ confirm: confirmSchema, releaseIds: z.array(idSchema).min(1).max(1_000) }),
    result: z.object({}),
    role: 'operator',
  }),
  'release.diff': request({
    payload: z.object({ fromReleaseId: idSchema, toReleaseId: idSchema }),
    result: z.object({ from: releaseSchema, to: releaseSchema, diff: packageDiffSchema }),
    timeoutMs: 120_000,
    role: 'viewer',
  }),
};
