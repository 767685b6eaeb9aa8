import * as z from 'zod';
import { confirmSchema, idSchema } from '../../domain/names.ts';
import { rolloutPlanSchema, rolloutRequestSchema, rolloutSchema } from '../../domain/rollout.ts';
import { guardedRequest, notice, request } from '../define.ts';

export const rolloutRequests = {
  /** Put releases on instances, batch by batch. Answered when begun; `rollout.changed` tells the rest. */
  'rollout.create': guardedRequest({
    payload: rolloutRequestSchema.and(z.object({ confirm: confirmSchema })),
    result: z.object({ rollout: rolloutSchema }),
    role: 'operator',
    // Pipelines begin them, also on a busy master: without an answer they cannot know whether it was begun.
    timeoutMs: 30_000,
  }),
  /** What `rollout.create` would do. Changes nothing. */
  'rollout.plan': request({
    payload: rolloutRequestSchema,
    result: z.object({ plan: rolloutPlanSchema }),
    role: 'viewer',
  }),
  /** What is under way finishes; nothing is begun until it is resumed. */
  'rollout.pause': request({
    payload: z.object({ rolloutId: idSchema }),
    result: z.object({ rollout: rolloutSchema }),
    role: 'operator',
  }),
  'rollout.resume': request({
    payload: z.object({ rolloutId: idSchema }),
    result: z.object({ rollout: rolloutSchema }),
    role: 'operator',
  }),
  /** What is under way finishes, the rest is skipped; with `rollback` what was changed gets back what it ran before. */
  'rollout.abort': guardedRequest({
    payload: z.object({
      confirm: confirmSchema,
      rolloutId: idSchema,
      rollback: z.boolean().default(false),
    }),
    result: z.object({ rollout: rolloutSchema }),
    role: 'operator',
  }),
  'rollout.get': request({
    payload: z.object({ rolloutId: idSchema }),
    result: z.object({ rollout: rolloutSchema }),
    role: 'viewer',
  }),

  /** Newest first. */
  'rollout.list': request({
    payload: z.object({ serviceId: idSchema.optional(), limit: z.int().min(1).max(200).default(50) }),
    result: z.object({ rollouts: z.array(rolloutSchema) }),
    role: 'viewer',
  }),
};

export const rolloutNotices = {
  /** Every change of a rollout, to all cockpits. */
  'rollout.changed': notice({ payload: z.object({ rollout: rolloutSchema }) }),
};
