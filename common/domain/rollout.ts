import * as z from 'zod';
import { instanceNameOf, type NodeNames } from './instance-name.ts';
import { idSchema, instanceIdsSchema, portSchema, timestampSchema, versionLabelSchema } from './names.ts';
import { english, factsOf, type Said, said, saidFieldSchema, saidSchema, type Told } from './said.ts';

/**
 * What a rollout is for: `deploy` puts releases on instances · `restart` starts them once more, with what is wanted of them
 * by now · `drain` clears a node of the instances of one service.
 */
export const rolloutKindSchema = z.enum(['deploy', 'restart', 'drain']);

/**
 * What a step does to its instance: `deploy` and `restart` as the rollout's kind · `place` a new instance comes up in the place
 * of its peer, and is taken away again when it does not · `retire` it is stopped and removed, once its peer is up in its
 * place · `stop` it is stopped, and stays where it is.
 */
export const stepActionSchema = z.enum(['deploy', 'restart', 'place', 'retire', 'stop']);
export type StepAction = z.infer<typeof stepActionSchema>;

/**
 * One instance of a rollout.
 *
 * Forwards: `pending` → `preparing` (its node fetches and unpacks) → `applying` (old program stops, new one starts, and has
 * to come up) → `done` or `failed`; `skipped` when the rollout ended before its turn. Backwards, when the rollout is rolled
 * back, or of a `place` that came to nothing: `reverting` → `reverted` or `revert-failed`. No state is followed by one that
 * stands before it here.
 */
export const rolloutStepStateSchema = z.enum([
  'pending',
  'preparing',
  'applying',
  'done',
  'failed',
  'skipped',
  'reverting',
  'reverted',
  'revert-failed',
]);

/** A release as a step names it; it may have been removed since. */
const stepReleaseSchema = z.object({ releaseId: idSchema, version: versionLabelSchema });

export const rolloutStepSchema = z.object({
  instanceId: idSchema,
  nodeId: idSchema,
  /** With service and node what people call the instance, also when it is gone; null where that was not noted. */
  port: portSchema.nullable().default(null),
  action: stepActionSchema,
  /** Of `place` and `retire`: the instance that gives way, or that comes in its place. */
  peerId: idSchema.nullable(),
  state: rolloutStepStateSchema,
  /** Why it failed; empty otherwise. */
  reason: z.string(),
  /** The same with its facts apart, for readers of other languages. */
  said: saidFieldSchema,
  /** Download progress on its node while `preparing`. */
  receivedBytes: z.int().nonnegative(),
  /** What it gets. */
  release: stepReleaseSchema,
  /** What it was to run when the rollout was created, and gets back in a roll-back; null when it had none. */
  previous: stepReleaseSchema.nullable(),
  /** Whether it was to run at all then. */
  previousDesired: z.enum(['running', 'stopped']),
  /** When the release was put on it, master's clock; null while the rollout has not touched it. */
  appliedAt: timestampSchema.nullable(),
});
export type RolloutStep = z.infer<typeof rolloutStepSchema>;

/** A number of instances, or a share of those in the rollout: `3` or `25%`, as Kubernetes writes it. */
export const maxUnavailableSchema = z.union([
  z.int().min(1).max(10_000),
  z.string().regex(/^(100|[1-9]?[0-9])%$/, 'must be a number of instances or a percentage, such as "25%"'),
]);

export const rolloutOptionsSchema = z.object({
  /**
   * How many of the rollout's instances may be down at the same time. Those that were down before count too, and have their
   * turn first.
   */
  maxUnavailable: maxUnavailableSchema.default(1),
  /** So many instances, the first ones in the order given, come up before any other is touched. 0: no canary. */
  canary: z.int().min(0).max(10_000).default(0),
  /** Wait for somebody to resume it once the canary is up. */
  pauseAfterCanary: z.boolean().default(false),
  /** How long a program must have been up, and healthy where that is checked, in milliseconds. Default: the master's. */
  minReadyMs: z.int().min(0).max(3_600_000).optional(),
  /** `stop`: what was not begun is skipped · `rollback`: what was changed gets back what it ran before. */
  onFailure: z.enum(['stop', 'rollback']).default('stop'),
});
export type RolloutOptions = z.infer<typeof rolloutOptionsSchema>;

/**
 * `running` · `paused` what is under way finishes, nothing is begun · `aborting` the same, for good · `rolling-back` what was
 * changed gets back what it ran before. Ended: `succeeded` · `failed` (also when a roll-back did not work everywhere) ·
 * `aborted` · `rolled-back`.
 */
export const rolloutStateSchema = z.enum([
  'running',
  'paused',
  'aborting',
  'rolling-back',
  'succeeded',
  'failed',
  'aborted',
  'rolled-back',
]);
export type RolloutState = z.infer<typeof rolloutStateSchema>;

export const rolloutSchema = z.object({
  rolloutId: idSchema,
  kind: rolloutKindSchema,
  /** The node that a drain clears; null for all others. */
  nodeId: idSchema.nullable(),
  serviceId: idSchema,
  serviceName: z.string(),
  /** Of the first step; an undo may give each instance another one. */
  releaseId: idSchema,
  /** The versions that it puts on instances, each once, separated by commas. */
  version: z.string(),
  sizeBytes: z.int().nonnegative(),
  actor: z.string(),
  /** Why, in the words of whoever began it. */
  message: z.string(),
  state: rolloutStateSchema,
  /** Why it is paused, failed or rolled back; empty otherwise. */
  reason: z.string(),
  /** The same with its facts apart, for readers of other languages. */
  said: saidFieldSchema,
  options: rolloutOptionsSchema.required({ minReadyMs: true }),
  /** Whether the canary has come up, so that the rest may have its turn. */
  isPromoted: z.boolean(),
  startedAt: timestampSchema,
  endedAt: timestampSchema.nullable(),
  steps: z.array(rolloutStepSchema),
});
export type Rollout = z.infer<typeof rolloutSchema>;

/** "to 1.4.0", "that restarts", "that drains node beta": what it is for, for people. */
export function describePurpose(
  rollout: Pick<Rollout, 'kind' | 'nodeId' | 'version'>,
  nodeName: NodeNames,
): Said {
  const { kind, version } = rollout;
  if (kind === 'deploy') return said`to ${version}`;
  return kind === 'restart'
    ? said`that restarts`
    : said`that drains node ${drainedNodeName(rollout, nodeName)}`;
}

/** What people call the node that a drain clears. */
export function drainedNodeName({ nodeId }: Pick<Rollout, 'nodeId'>, nodeName: NodeNames): string {
  return nodeId === null ? '-' : nodeName(nodeId);
}

/** `web@beta:8080`: what people call the instance of a step, also when it is gone. */
export function stepName(
  { serviceName }: Pick<Rollout, 'serviceName'>,
  { instanceId, nodeId, port }: Pick<RolloutStep, 'instanceId' | 'nodeId' | 'port'>,
  nodeName: NodeNames,
): string {
  return port === null ? `instance ${instanceId}` : instanceNameOf({ serviceName, nodeId, port }, nodeName);
}

/** The first step that did not go as it should: why its rollout ended. */
export function failedStep({ steps }: Pick<Rollout, 'steps'>): RolloutStep | undefined {
  return steps.find(({ state, reason }) => reason !== '' && state !== 'skipped');
}

/** Whether nothing will happen in it any more, and its service is free for another. */
export function hasEnded({ state }: Pick<Rollout, 'state'>): boolean {
  return ['succeeded', 'failed', 'aborted', 'rolled-back'].includes(state);
}

export type RolloutControl = 'pause' | 'resume' | 'abort' | 'roll-back';

/** From which states an operator may ask for what. */
export const CONTROLLABLE: Readonly<Record<RolloutControl, readonly RolloutState[]>> = {
  pause: ['running'],
  resume: ['paused'],
  abort: ['running', 'paused', 'rolling-back'],
  'roll-back': ['running', 'paused', 'aborting'],
};

/** How instances are restarted, batch by batch. */
export const restartOptionsSchema = rolloutOptionsSchema.pick({ maxUnavailable: true, minReadyMs: true });
export type RestartOptions = z.infer<typeof restartOptionsSchema>;

/**
 * What a rollout is to do: a release on instances of its service, what each instance had before another rollout, or a restart
 * of instances of one service.
 */
export const rolloutRequestSchema = z.union([
  z.object({
    releaseId: idSchema,
    instanceIds: instanceIdsSchema,
    message: z.string().max(1024).default(''),
    options: rolloutOptionsSchema.default(() => rolloutOptionsSchema.parse({})),
  }),
  z.object({
    /** The rollout whose changes are taken back. */
    undoes: idSchema,
    /** Only these of its instances. */
    instanceIds: instanceIdsSchema.optional(),
    message: z.string().max(1024).default(''),
    options: rolloutOptionsSchema.default(() => rolloutOptionsSchema.parse({})),
  }),
  z.object({
    kind: z.literal('restart'),
    instanceIds: instanceIdsSchema,
    message: z.string().max(1024).default(''),
    options: rolloutOptionsSchema.default(() => rolloutOptionsSchema.parse({})),
  }),
]);
export type RolloutRequest = z.infer<typeof rolloutRequestSchema>;

const warningFields = {
  warnings: z.array(z.string()),
  /** The same in their order with their facts apart, for readers of other languages; null for one that has none. */
  saidWarnings: z.array(saidSchema.nullable()).optional().catch(undefined),
};

/** What a rollout would do, without doing it. */
export const rolloutPlanSchema = z.object({
  kind: rolloutKindSchema,
  serviceId: idSchema,
  serviceName: z.string(),
  version: z.string(),
  options: rolloutSchema.shape.options,
  /** At most so many at the same time: `maxUnavailable` of these instances, in numbers. */
  atOnce: z.int().positive(),
  /** In their order. */
  batches: z.array(
    z.object({
      isCanary: z.boolean(),
      steps: z.array(
        z.object({
          instanceId: idSchema,
          nodeId: idSchema,
          /** What it runs now, as far as is known; null for nothing. */
          runs: stepReleaseSchema.nullable(),
          state: z.string(),
          gets: stepReleaseSchema,
          /** `replace` its release · `restart` it · `start` it, being stopped · `keep`: it runs that release already. */
          action: z.enum(['replace', 'restart', 'start', 'keep']),
          ...warningFields,
        }),
      ),
    }),
  ),
  /** Those are about the whole. */
  ...warningFields,
});
export type RolloutPlan = z.infer<typeof rolloutPlanSchema>;

/** Warnings as a plan holds them. */
export function asWarnings(told: readonly Told[]): Pick<RolloutPlan, 'warnings' | 'saidWarnings'> {
  return { warnings: told.map(english), saidWarnings: told.map((each) => factsOf(each) ?? null) };
}

/** Warnings out of what holds them. */
export function warningsOf({
  warnings,
  saidWarnings,
}: Pick<RolloutPlan, 'warnings' | 'saidWarnings'>): Told[] {
  return warnings.map((warning, at) => saidWarnings?.[at] ?? warning);
}

/**
 * Whether a rollout has put other releases on instances, and left some of that in effect: only such a one can be taken back.
 * First deployments are none, since there is nothing that they could go back to.
 *
 * @param instanceIds looks at these of its instances only.
 */
export function hasReplaced({ kind, steps }: Rollout, instanceIds?: ReadonlySet<number>): boolean {
  return (
    kind === 'deploy' &&
    steps.some(
      ({ instanceId, appliedAt, state, previous, release }) =>
        (instanceIds?.has(instanceId) ?? true) &&
        appliedAt !== null &&
        state !== 'reverted' &&
        previous !== null &&
        previous.releaseId !== release.releaseId,
    )
  );
}

/** What is wrong with options whose fields are all right each by itself; empty when nothing is. For people. */
export function rolloutOptionProblems({ canary, pauseAfterCanary }: RolloutOptions): string[] {
  return pauseAfterCanary && canary === 0 ? ['pauseAfterCanary: there is no canary to pause after'] : [];
}

/** `maxUnavailable` of so many instances: a percentage is rounded down, and is at least one, or nothing could ever move. */
export function maxUnavailableOf({ maxUnavailable }: RolloutOptions, instances: number): number {
  const count =
    typeof maxUnavailable === 'number'
      ? maxUnavailable
      : Math.floor((instances * Number.parseInt(maxUnavailable, 10)) / 100);
  return Math.max(1, Math.min(count, instances));
}
