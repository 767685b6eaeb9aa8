import { z } from 'zod';
import { idSchema, timestampSchema } from './names.ts';

/**
 * One instance of a rollout: `pending` → `preparing` (its node fetches and unpacks) → `applying` (old program stops,
 * new one starts) → `done` or `failed`; `skipped` when the rollout ended before its turn.
 */
export const rolloutStepSchema = z.object({
  instanceId: idSchema,
  nodeId: idSchema,
  state: z.enum(['pending', 'preparing', 'applying', 'done', 'failed', 'skipped']),
  /** Why it failed; empty otherwise. */
  reason: z.string(),
  /** Download progress on its node while `preparing`. */
  receivedBytes: z.int().nonnegative(),
});
export type RolloutStep = z.infer<typeof rolloutStepSchema>;

export const rolloutSchema = z.object({
  rolloutId: idSchema,
  serviceId: idSchema,
  serviceName: z.string(),
  releaseId: idSchema,
  version: z.string(),
  sizeBytes: z.int().nonnegative(),
  actor: z.string(),
  state: z.enum(['running', 'succeeded', 'failed']),
  startedAt: timestampSchema,
  endedAt: timestampSchema.nullable(),
  steps: z.array(rolloutStepSchema),
});
export type Rollout = z.infer<typeof rolloutSchema>;
