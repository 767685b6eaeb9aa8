import * as z from 'zod';
import { portSchema, timestampSchema } from './names.ts';
import { saidFieldSchema } from './said.ts';

const argumentSchema = z
  .string()
  .max(8192)
  .refine((argument) => !argument.includes('\0'), 'holds a NUL');

/** When a check runs and how often it must agree with itself; all times in milliseconds. After Kubernetes' probes. */
const cadence = {
  intervalMs: z.int().min(100).max(3_600_000).default(10_000),
  /** A check that takes longer has failed. */
  timeoutMs: z.int().min(50).max(600_000).default(3_000),
  /** So many failures in a row make it unhealthy. */
  failureThreshold: z.int().min(1).max(100).default(3),
  /** So many successes in a row make it healthy again; the first success after a start always does. */
  successThreshold: z.int().min(1).max(100).default(1),
  /** For so long after a start failures do not count: slow programs come up in it. */
  startPeriodMs: z.int().min(0).max(3_600_000).default(0),
  /** Restart it (stop with its grace, then start) when it becomes unhealthy; counted by the restart policy as a failure. */
  restart: z.boolean().default(false),
};

/** How an agent asks a running program whether it does its job. Addresses are the instance's own. */
export const healthCheckSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  /** A connection that is accepted is a success. */
  z.object({ kind: z.literal('tcp'), port: portSchema.optional(), ...cadence }),
  /** `GET` of `path`; redirects are not followed. */
  z.object({
    kind: z.literal('http'),
    port: portSchema.optional(),
    path: z
      .string()
      .max(2048)
      .regex(/^\/[\x21-\x7e]*$/, 'must start with "/" and hold only printable ASCII without spaces'),
    /** Status codes that count as success, both ends included. */
    status: z
      .tuple([z.int().min(100).max(599), z.int().min(100).max(599)])
      .refine(([least, most]) => least <= most, 'must be a range: the lower status first')
      .default([200, 399]),
    ...cadence,
  }),
  /** A command in the instance's group, user, directory and environment; exit status 0 is a success. No shell. */
  z.object({ kind: z.literal('command'), command: z.array(argumentSchema).min(1).max(64), ...cadence }),
]);
export type HealthCheck = z.infer<typeof healthCheckSchema>;
export type ActiveHealthCheck = Exclude<HealthCheck, { kind: 'none' }>;

/**
 * `none` nothing is checked, or nothing runs · `starting` runs, and no check has succeeded yet nor failed often enough ·
 * `healthy` · `unhealthy`.
 */
export const healthStateSchema = z.enum(['none', 'starting', 'healthy', 'unhealthy']);
export type HealthState = z.infer<typeof healthStateSchema>;

/** Beside the observed state, never instead of it: an unhealthy program runs. */
export const healthStatusSchema = z.object({
  state: healthStateSchema,
  /** Why the last check that failed did, for people; empty while all is well. */
  reason: z.string().max(1024),
  /** The same with its facts apart, for readers of other languages. */
  said: saidFieldSchema,
  since: timestampSchema.nullable(),
});
export type HealthStatus = z.infer<typeof healthStatusSchema>;

export const NO_HEALTH: HealthStatus = { state: 'none', reason: '', since: null };
