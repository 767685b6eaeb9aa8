import * as z from 'zod';
import { configRefSchema } from './config-file.ts';
import { healthStatusSchema } from './health.ts';
import { idSchema, lineSchema, portSchema, timestampSchema } from './names.ts';
import { releaseRefSchema } from './release.ts';
import { saidFieldSchema } from './said.ts';
import { limitsSchema, serviceSpecSchema } from './service.ts';

export const desiredStateSchema = z.enum(['running', 'stopped']);
export type DesiredState = z.infer<typeof desiredStateSchema>;

/**
 * The state that an agent observes.
 *
 * `stopped` nothing runs and nothing should · `preparing` its release is being fetched or unpacked ·
 * `waiting` for the instances that it depends on, named in the reason ·
 * `starting` spawned, its process not yet identified · `running` identified and alive · `stopping` told to end ·
 * `backoff` ended, to be started again at `nextStartAt` · `crash-loop` ended too often too fast, left alone ·
 * `exited` ended by itself and its policy says no · `failed` could not be started · `unknown` its process cannot be
 * identified: nothing is signalled and nothing is started.
 */
export const observedStateSchema = z.enum([
  'stopped',
  'preparing',
  'waiting',
  'starting',
  'running',
  'stopping',
  'backoff',
  'crash-loop',
  'exited',
  'failed',
  'unknown',
]);
export type ObservedState = z.infer<typeof observedStateSchema>;

/** How a person ends the doubt about an instance that is `unknown`. */
export const resolutionSchema = z.enum(['ended', 'kill']);

/** How a run of a program ended. */
export const exitResultSchema = z.object({
  /** Exit status 0 to 255, or null when a signal ended it or nobody saw the end. */
  code: z.int().min(0).max(255).nullable(),
  /** For example `SIGKILL`; null when it exited by itself. */
  signal: z.string().max(16).nullable(),
  /** Its cgroup counted an OOM kill during this run (`memory.events` `oom_kill`, or v1 `memory.oom_control`). */
  oomKilled: z.boolean(),
  /** `exited` by itself · `stopped` by request · `lost`: the end was seen by nobody (machine reset, shim killed). */
  cause: z.enum(['exited', 'stopped', 'lost']),
  startedAt: timestampSchema,
  endedAt: timestampSchema,
});
export type ExitResult = z.infer<typeof exitResultSchema>;

/**
 * What the master wants of one instance on one node: complete, so that an agent needs nothing else to act, also
 * without a master. Level-triggered: applying the same or an older `revision` again changes nothing.
 */
export const assignmentSchema = z.object({
  instanceId: idSchema,
  serviceId: idSchema,
  /** Raised by the master with every change to anything in here. */
  revision: z.int().positive(),
  desired: desiredStateSchema,
  /** Raised to ask for one restart: a running instance with a lower number is stopped and started once. */
  restartGeneration: z.int().nonnegative(),
  spec: serviceSpecSchema,
  release: releaseRefSchema.nullable(),
  /** Address that the program should bind: `SGRID_TARGET_HOST`. */
  host: lineSchema(255).min(1),
  /** Port that the program should bind: `SGRID_TARGET_PORT`. */
  port: portSchema,
  limits: limitsSchema,
  /** The configuration files that were published to it; absent when none ever were. A change of them restarts nothing. */
  config: configRefSchema.optional(),
});
export type Assignment = z.infer<typeof assignmentSchema>;

/** What an agent reports of one instance whenever it changes; all times are the node's clock. */
export const instanceStatusSchema = z.object({
  instanceId: idSchema,
  /** Revision of the assignment that this status answers to. */
  revision: z.int().nonnegative(),
  state: observedStateSchema,
  /** Why it is in this state, for people: the error of a failed start, what is in doubt. Empty when plain. */
  reason: z.string().max(4096),
  /** The same with its facts apart, for readers of other languages. */
  said: saidFieldSchema,
  stateSince: timestampSchema,
  /** Main process while there is one. */
  pid: z.int().positive().nullable(),
  startedAt: timestampSchema.nullable(),
  /** This agent found the process running when it started. */
  adopted: z.boolean(),
  /** The release that runs, or ran last. */
  release: releaseRefSchema.nullable(),
  /** Starts by policy since the operator last started it. */
  restarts: z.int().nonnegative(),
  lastExit: exitResultSchema.nullable(),
  nextStartAt: timestampSchema.nullable(),
  /** Where its processes are: a cgroup path, or empty with the `none` driver. */
  cgroup: z.string().max(1024),
  health: healthStatusSchema,
  /** The publication whose files are in its configuration directory; absent for none. */
  configRevision: idSchema.optional(),
});
export type InstanceStatus = z.infer<typeof instanceStatusSchema>;

/** One instance as a cockpit sees it: what is wanted, and what its agent last said. */
export const instanceViewSchema = z.object({
  instanceId: idSchema,
  serviceId: idSchema,
  serviceName: z.string(),
  group: z.string(),
  type: serviceSpecSchema.shape.type,
  nodeId: idSchema,
  host: z.string(),
  port: portSchema,
  limits: limitsSchema,
  desired: desiredStateSchema,
  revision: z.int().positive(),
  /** The release it should run. */
  release: releaseRefSchema.nullable(),
  /** Null until its agent first reports it. */
  status: instanceStatusSchema.nullable(),
});
export type InstanceView = z.infer<typeof instanceViewSchema>;
