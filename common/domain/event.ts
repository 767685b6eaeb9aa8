import * as z from 'zod';
import { idSchema, timestampSchema } from './names.ts';
import { saidFieldSchema } from './said.ts';

/** What agents see; some of it the master too. */
const KINDS_OF_AGENTS = [
  'instance.started',
  'instance.adopted',
  'instance.exited',
  'instance.oom',
  'instance.backoff',
  'instance.crash-loop',
  'instance.stopped',
  'instance.failed',
  'instance.unknown',
  'instance.resolved',
  'instance.waiting',
  'instance.limited',
  'instance.memory-high',
  'instance.healthy',
  'instance.unhealthy',
  'instance.stop-failed',
  'log.rotated',
  'log.failed',
  'release.fetched',
  'config.delivered',
  'config.failed',
  'node.rebooted',
  /** Of a peer that is a version ahead; its message says what it was. */
  'other',
] as const;

/** What only the master sees: nobody else may put it into the audit. */
const KINDS_OF_MASTER = [
  'node.connected',
  'node.joined',
  'node.lost',
  'node.replaced',
  'command',
  'release.uploaded',
  'release.removed',
  'rollout.started',
  'rollout.paused',
  'rollout.resumed',
  'rollout.aborted',
  'rollout.rolling-back',
  'rollout.finished',
] as const;

/** What happened. One list, since the cockpit shows one stream. */
export const eventKindSchema = z.enum([...KINDS_OF_AGENTS, ...KINDS_OF_MASTER]);
export type EventKind = z.infer<typeof eventKindSchema>;

/** What an event of an agent counts as. */
export function kindFromAgent(kind: EventKind): EventKind {
  const ofMaster: readonly EventKind[] = KINDS_OF_MASTER;
  return ofMaster.includes(kind) ? 'other' : kind;
}

/** An event that an agent saw. `eventId` makes delivery exactly once: the master ignores one it has. */
export const agentEventSchema = z.object({
  eventId: z.uuid(),
  at: timestampSchema,
  /** Events wait in queues and databases while products are upgraded: a kind that is not known here must not hold them up. */
  kind: eventKindSchema.or(
    z
      .string()
      .max(64)
      .transform((): EventKind => 'other'),
  ),
  instanceId: idSchema.nullable(),
  /** One line for people. */
  message: z.string().max(4096),
  /** The same with its facts apart, for readers of other languages. */
  said: saidFieldSchema,
});
export type AgentEvent = z.infer<typeof agentEventSchema>;

/** An event as it is kept and shown. */
export const eventSchema = agentEventSchema.extend({
  /** Order of arrival in the master's database. */
  seq: idSchema,
  nodeId: idSchema.nullable(),
  serviceId: idSchema.nullable(),
  /** The token's name, or `agent` or `master` where no person asked. */
  actor: z.string().max(128),
  result: z.enum(['ok', 'failed']),
});
export type SgridEvent = z.infer<typeof eventSchema>;
