import * as z from 'zod';
import { idSchema, portSchema, serviceNameSchema, timestampSchema } from './names.ts';
import { saidFieldSchema } from './said.ts';

/** How this agent isolates services. `none` runs them without limits, inside the agent's own cgroup. */
export const cgroupDriverNameSchema = z.enum(['systemd', 'cgroupfs-v2', 'cgroupfs-v1', 'none']);
export type CgroupDriverName = z.infer<typeof cgroupDriverNameSchema>;

/** What changes rarely on a node; sent when an agent connects. */
export const nodeInfoSchema = z.object({
  hostname: z.string().max(255),
  os: z.string().max(255),
  kernel: z.string().max(255),
  arch: z.string().max(32),
  cpuCount: z.int().positive(),
  memoryBytes: z.int().nonnegative(),
  bootedAt: timestampSchema,
  agentVersion: z.string().max(64),
  agentStartedAt: timestampSchema,
  cgroupDriver: cgroupDriverNameSchema,
  /** What the driver cannot do here, for people; empty when all is well. */
  cgroupWarning: z.string().max(1024),
  /** Versions of the runtimes found, for example `{"node": "24.21.0", "java": "17.0.15"}`. */
  runtimes: z.record(z.string().max(32), z.string().max(64)),
});
export type NodeInfo = z.infer<typeof nodeInfoSchema>;

/** One node as a cockpit sees it. */
export const nodeViewSchema = z.object({
  nodeId: idSchema,
  alias: z.string(),
  innerAddress: z.string(),
  /** Where it is reached from outside, as an operator said it; empty when nobody did. */
  outerAddress: z.string(),
  /** Gets no new instances. */
  isCordoned: z.boolean(),
  link: z.enum(['up', 'down']),
  /** When the master last heard from it, master's clock; null before the first time. */
  lastSeenAt: timestampSchema.nullable(),
  /** Master's clock minus node's clock, in milliseconds: add it to a node's time to get the master's. */
  clockOffsetMs: z.int(),
  info: nodeInfoSchema.nullable(),
});
export type NodeView = z.infer<typeof nodeViewSchema>;

/** What stopping some of its instances leaves of a service. */
export const serviceCapacitySchema = z.object({
  serviceName: serviceNameSchema,
  stopped: z.int().nonnegative(),
  /** Instances that run elsewhere, on nodes that are connected, and are not unhealthy. */
  remaining: z.int().nonnegative(),
});
export type ServiceCapacity = z.infer<typeof serviceCapacitySchema>;

/** What a drain does with an instance that should run, or leaves undone. */
export const drainStepSchema = z.object({
  instanceId: idSchema,
  serviceName: serviceNameSchema,
  port: portSchema,
  /** `move`: another one comes up in its place first · `stop` it · `leave` it as it is. */
  action: z.enum(['move', 'stop', 'leave']),
  /** Of `move`: where the new one is. */
  to: z.object({ nodeId: idSchema, host: z.string(), port: portSchema }).nullable(),
  /** Why it is not moved; empty where it is, or was not to be. */
  reason: z.string(),
  /** The same with its facts apart, for readers of other languages. */
  said: saidFieldSchema,
});
export type DrainStep = z.infer<typeof drainStepSchema>;

/** What draining a node does, or would do. */
export const drainPlanSchema = z.object({
  nodeId: idSchema,
  isCordoned: z.boolean(),
  instances: z.array(drainStepSchema),
  /** What is left of the services that something is stopped of, the barest first. */
  services: z.array(serviceCapacitySchema),
});
export type DrainPlan = z.infer<typeof drainPlanSchema>;
