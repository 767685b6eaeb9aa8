import { z } from 'zod';
import { logPathSchema, logRotationSchema } from './log.ts';
import {
  envSchema,
  groupNameSchema,
  idSchema,
  packagePathSchema,
  serviceNameSchema,
  timestampSchema,
} from './names.ts';

/** How a package becomes a program. */
export const serviceTypeSchema = z.enum(['binary', 'node', 'java']);
export type ServiceType = z.infer<typeof serviceTypeSchema>;

/** After systemd.service(5) `Restart=`: when an ended program is started again. */
export const restartPolicySchema = z.object({
  mode: z.enum(['always', 'on-failure', 'never']).default('always'),
  /** First pause before a restart, in milliseconds; doubled after each fast death. */
  initialDelayMs: z.int().min(0).max(600_000).default(500),
  /** Longest pause, in milliseconds. */
  maxDelayMs: z.int().min(0).max(3_600_000).default(30_000),
  /** A run at least this long counts as stable and resets the back-off, in milliseconds. */
  stableAfterMs: z.int().min(0).max(3_600_000).default(10_000),
  /** After this many fast deaths in a row the instance is left in `crash-loop`. */
  maxFastDeaths: z.int().min(1).max(1000).default(8),
});
export type RestartPolicy = z.infer<typeof restartPolicySchema>;

/** Limits of one instance, enforced by its cgroup. Absent means unlimited. */
export const limitsSchema = z.object({
  /** CPU time per wall time: 1.5 is one and a half cores. */
  cpuCores: z.number().min(0.01).max(4096).optional(),
  /** Hard memory limit in MiB, page cache included. */
  memoryMiB: z.int().min(4).max(16_777_216).optional(),
  /** Processes and threads together. */
  pids: z.int().min(1).max(4_194_304).optional(),
});
export type Limits = z.infer<typeof limitsSchema>;

/** What is the same for all instances of a service. */
export const serviceSpecSchema = z.object({
  name: serviceNameSchema,
  group: groupNameSchema.default('default'),
  type: serviceTypeSchema,
  description: z.string().max(1024).default(''),
  /**
   * The file in the package to run. `binary` and `node` need it (node falls back to `package.json` `main`, then
   * `index.js`); `java` takes the only jar or war in the package when it is absent.
   */
  entry: packagePathSchema.optional(),
  /** Arguments behind the entry. */
  args: z
    .array(
      z
        .string()
        .max(8192)
        .refine((arg) => !arg.includes('\0'), 'holds a NUL'),
    )
    .max(256)
    .default([]),
  /** Flags of the runtime before the entry: JVM flags, or `node` options. */
  runtimeArgs: z
    .array(
      z
        .string()
        .max(8192)
        .refine((arg) => !arg.includes('\0'), 'holds a NUL'),
    )
    .max(64)
    .default([]),
  env: envSchema.default({}),
  /** Time between SIGTERM and SIGKILL when stopping, in milliseconds. */
  graceMs: z.int().min(0).max(600_000).default(10_000),
  restart: restartPolicySchema.default(() => restartPolicySchema.parse({})),
  /** How its output is kept. */
  log: logRotationSchema.default(() => logRotationSchema.parse({})),
  /** Log files that the program writes itself. */
  logPaths: z.array(logPathSchema).max(32).default([]),
});
export type ServiceSpec = z.infer<typeof serviceSpecSchema>;

export const serviceSchema = serviceSpecSchema.extend({
  serviceId: idSchema,
  createdAt: timestampSchema,
});
export type Service = z.infer<typeof serviceSchema>;
