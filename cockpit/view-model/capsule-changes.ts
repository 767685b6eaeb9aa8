import type { SgridEvent } from '../../common/domain/event.ts';
import type { InstanceStatus, InstanceView } from '../../common/domain/instance.ts';
import type { LogRun } from '../../common/domain/log-runs.ts';
import type { NodeView } from '../../common/domain/node.ts';
import type { Rollout, RolloutStep } from '../../common/domain/rollout.ts';
import type { Translate } from '../language/translate.ts';

/** A run at least this long counts as one that worked; the default of `restart.stableAfterMs`. */
export const STABLE_RUN_MS = 10_000;

export interface Change {
  /** Master's clock. */
  readonly at: number;
  readonly actor: string;
  /** One line for people. */
  readonly text: string;
}

/** The last run that ended, and the last one before it that was up long enough. Node's clock. */
export function runsOf(runs: readonly LogRun[]): { ended: LogRun | null; stable: LogRun | null } {
  const at = runs.findLastIndex(({ endedAt }) => endedAt !== null);
  const isStable = ({ startedAt, endedAt }: LogRun): boolean =>
    endedAt !== null && endedAt - startedAt >= STABLE_RUN_MS;
  return { ended: runs[at] ?? null, stable: runs.slice(0, at + 1).findLast(isStable) ?? null };
}

/**
 * Until when a change can have led to its last death, master's clock: of one that runs again, what came behind the death is what
 * mended it, and no cause.
 */
export function causesEndAt(
  { status }: { status: Pick<InstanceStatus, 'state' | 'lastExit'> | null },
  node: Pick<NodeView, 'clockOffsetMs'> | undefined,
): number {
  if (status?.state !== 'running' || status.lastExit === null) return Number.POSITIVE_INFINITY;
  return status.lastExit.endedAt + (node?.clockOffsetMs ?? 0);
}

/** What is neither a change of what runs nor of how. */
const REQUESTS = /^(restart|start|stop|resolve|cordon|uncordon|drain|create service|create instance) /;

/**
 * What was changed within a time, of the instance and of its service: releases, settings, env, limits, config. Newest first.
 *
 * @param within from when until when, master's clock
 */
export function changesWithin(
  { instanceId }: Pick<InstanceView, 'instanceId'>,
  [since, until]: readonly [number, number],
  events: readonly SgridEvent[],
  rollouts: readonly Rollout[],
  t: Translate,
): Change[] {
  const isWithin = (at: number): boolean => at >= since && at <= until;
  const releases = rollouts.flatMap(({ rolloutId, actor, message, steps }) =>
    steps.flatMap((step): Change[] => {
      if (step.instanceId !== instanceId || step.appliedAt === null || !isWithin(step.appliedAt)) return [];
      const what = releaseChange(step, rolloutId, t);
      const isBack = step.state === 'reverted' || step.state === 'reverting';
      const why = message === '' ? '' : t(' ({what})', { what: message });
      const text = `${what}${isBack ? t(', taken back since') : ''}${why}`;
      return [{ at: step.appliedAt, actor, text }];
    }),
  );
  const others = events.flatMap(({ at, actor, kind, message, result, instanceId: of }): Change[] => {
    const isOurs = of === instanceId || of === null;
    const isChange = kind === 'command' || kind.startsWith('config.');
    if (!isOurs || !isChange || !isWithin(at) || result !== 'ok' || REQUESTS.test(message)) return [];
    return [{ at, actor, text: message }];
  });
  return [...releases, ...others].sort((one, other) => other.at - one.at);
}

function releaseChange({ previous, release }: RolloutStep, rolloutId: number, t: Translate): string {
  const to = release.version;
  if (previous === null) return t('first release {to} by rollout {rolloutId}', { to, rolloutId });
  // It was begun for something else: new settings, or a config file.
  if (previous.releaseId === release.releaseId)
    return t('started anew by rollout {rolloutId}, release {to} as before', { to, rolloutId });
  return t('release {from} -> {to} by rollout {rolloutId}', { from: previous.version, to, rolloutId });
}

export interface RollBack {
  readonly rolloutId: number;
  readonly from: string;
  readonly to: string;
  /** How many instances that rollout changed. */
  readonly instances: number;
}

/**
 * The rollout that put the present release on an instance in the place of another one, before it died; null when there is none.
 *
 * @param until `causesEndAt`
 */
export function rollBackOf(
  instance: { instanceId: number; release: { releaseId: number } | null },
  until: number,
  rollouts: readonly Rollout[],
): RollBack | null {
  const { instanceId, release } = instance;
  const newestFirst = [...rollouts].sort((one, other) => other.rolloutId - one.rolloutId);
  for (const { rolloutId, steps } of newestFirst) {
    const step = steps.find((each) => each.instanceId === instanceId && each.appliedAt !== null);
    if (step === undefined || step.state === 'reverted') continue;
    const { previous, appliedAt: at } = step;
    if (at !== null && at > until) return null;
    if (step.release.releaseId !== release?.releaseId || previous === null) return null;
    if (previous.releaseId === step.release.releaseId) continue;
    const changed = steps.filter(({ appliedAt, state }) => appliedAt !== null && state !== 'reverted');
    return { rolloutId, from: step.release.version, to: previous.version, instances: changed.length };
  }
  return null;
}
