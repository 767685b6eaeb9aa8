import * as z from 'zod';
import { exitResultSchema } from '../../common/domain/instance.ts';
import { timestampSchema } from '../../common/domain/names.ts';
import { releaseRefSchema } from '../../common/domain/release.ts';
import { saidFieldSchema } from '../../common/domain/said.ts';
import { processIdentitySchema } from '../../common/system/process-identity.ts';

/** Why a run is being stopped. */
export const stopReasonSchema = z.enum(['operator', 'changed', 'restart', 'unhealthy']);
export type StopReason = z.infer<typeof stopReasonSchema>;

/** What the checks of a run have found so far. */
export const runHealthSchema = z.object({
  state: z.enum(['starting', 'healthy', 'unhealthy']),
  reason: z.string().max(1024),
  said: saidFieldSchema,
  since: timestampSchema,
  /** How often it became healthy or unhealthy: what its events are told apart by. */
  changes: z.int().nonnegative(),
  /** How long it was healthy before it last became unhealthy, in milliseconds. */
  healthyMs: z.int().nonnegative(),
});
export type RunHealth = z.infer<typeof runHealthSchema>;

/** One run of an instance's program, from the intent to start it until its end has been dealt with. */
export const runSchema = z.object({
  /** Counts the runs of the instance, for people. */
  number: z.int().positive(),
  /** Unique for ever; the shim carries it on its command line and in the names of its records. */
  runId: z.string().regex(/^[\w-]{1,64}$/),
  intentAt: timestampSchema,
  bootId: z.string().max(64),
  /** What it was started with: see `launchKeyOf`. */
  launchKey: z.string().max(64),
  restartGeneration: z.int().nonnegative(),
  /** Started by the restart policy, not by an operator. */
  byPolicy: z.boolean(),
  release: releaseRefSchema,
  /** The group's count of OOM kills when this run began; null where it is not counted. */
  oomKillsBefore: z.int().nonnegative().nullable(),
  /** Null until the shim's started record was seen. */
  program: processIdentitySchema.nullable(),
  shim: processIdentitySchema.nullable(),
  startedAt: timestampSchema.nullable(),
  /** Set before the first signal of a stop is sent, so that an agent killed in the middle goes on with it. */
  stopping: z.object({ reason: stopReasonSchema, at: timestampSchema }).nullable(),
  /** Null before the first check, and where nothing is checked. */
  health: runHealthSchema.nullable().default(null),
});
export type Run = z.infer<typeof runSchema>;

/** A record with a longer one could not be read again. */
export const MAX_REASON_LENGTH = 4096;

/** What an instance is while nothing of it runs. */
export const restSchema = z.object({
  state: z.enum(['stopped', 'exited', 'failed', 'backoff', 'crash-loop', 'unknown']),
  reason: z.string().max(MAX_REASON_LENGTH),
  said: saidFieldSchema,
  /** When it is to be started again; with `backoff` only. */
  nextStartAt: timestampSchema.nullable(),
  /** What had been asked for when it came to rest: asking for something else starts it again. See `askKeyOf`. */
  askKey: z.string().max(64),
});
export type Rest = z.infer<typeof restSchema>;

/** All that is known of an instance's runs: `run.json`, replaced atomically before anything is done. */
export const instanceRecordSchema = z.object({
  format: z.literal(1),
  /** Its group; kept, since the names that it is made of may change. */
  groupKey: z.string().max(128),
  cgroup: z.string().max(1024),
  runs: z.int().nonnegative(),
  run: runSchema.nullable(),
  rest: restSchema,
  /** When `rest` or the phase of `run` last changed. */
  since: timestampSchema,
  /** Starts by policy since an operator last started it. */
  restarts: z.int().nonnegative(),
  /** Deaths in a row before a run was stable. */
  fastDeaths: z.int().nonnegative(),
  lastExit: exitResultSchema.nullable(),
  lastRelease: releaseRefSchema.nullable(),
});
export type InstanceRecord = z.infer<typeof instanceRecordSchema>;

export function newRecord(groupKey: string, now: number): InstanceRecord {
  return {
    format: 1,
    groupKey,
    cgroup: '',
    runs: 0,
    run: null,
    rest: { state: 'stopped', reason: '', nextStartAt: null, askKey: '' },
    since: now,
    restarts: 0,
    fastDeaths: 0,
    lastExit: null,
    lastRelease: null,
  };
}
