import type { NodeNames } from '../../common/domain/instance-name.ts';
import {
  asWarnings,
  describePurpose,
  maxUnavailableOf,
  type Rollout,
  type RolloutPlan,
  type RolloutStep,
} from '../../common/domain/rollout.ts';
import { said, type Told, word } from '../../common/domain/said.ts';
import type { InstanceEntry } from '../fleet/fleet-model.ts';
import type { NewRollout } from '../store/rollouts.ts';
import { gateOf, isUp } from './rollout-gate.ts';

type PlannedStep = RolloutPlan['batches'][number]['steps'][number];

interface Planned {
  step: PlannedStep;
  isDown: boolean;
}

/** What a rollout would do, in the order in which it would do it as things stand. */
export function planRollout(
  rollout: NewRollout & Pick<RolloutPlan, 'serviceName'>,
  view: {
    instance: (instanceId: number) => InstanceEntry | null;
    isUp: (nodeId: number) => boolean;
    nodeName: NodeNames;
    /** The rollout that holds the service's lock. */
    holder: Rollout | null;
  },
): RolloutPlan {
  const { kind, options, steps, serviceId, serviceName } = rollout;
  const planned = steps.map((step): Planned => {
    const entry = view.instance(step.instanceId);
    const awayName = view.isUp(step.nodeId) ? null : view.nodeName(step.nodeId);
    const gate = entry === null ? null : gateOf(entry.record.spec);
    const isDown = gate !== null && !gate.completes && !isUp(entry?.status ?? null, gate);
    return { step: planStep(step, entry, awayName, isDown), isDown };
  });
  const atOnce = maxUnavailableOf(options, steps.length);
  const canary = planned.slice(0, options.canary);
  const rest = planned.slice(options.canary);
  const batches = (group: readonly Planned[], isCanary: boolean): RolloutPlan['batches'] =>
    chunk([...group.filter(({ isDown }) => isDown), ...group.filter(({ isDown }) => !isDown)], atOnce).map(
      (batch) => ({ isCanary, steps: batch.map(({ step }) => step) }),
    );
  return {
    kind,
    serviceId,
    serviceName,
    version: [...new Set(steps.map(({ release }) => release.version))].join(', '),
    options,
    atOnce,
    batches: [...batches(canary, true), ...batches(rest, false)],
    ...asWarnings(warnAbout(rollout, planned, view)),
  };
}

function planStep(
  { instanceId, nodeId, action, release, previousDesired }: NewRollout['steps'][number],
  entry: InstanceEntry | null,
  /** Of its node, when that is not connected. */
  awayName: string | null,
  isDown: boolean,
): PlannedStep {
  const status = entry?.status ?? null;
  const warnings: Told[] = [];
  if (awayName !== null) warnings.push(said`node ${awayName} is not connected`);
  if (previousDesired === 'stopped') warnings.push(said`it is stopped, and will be started`);
  else if (isDown && status !== null) warnings.push(said`it is down: ${word(status.state)}`);
  const runs = status?.pid == null ? null : status.release;
  const isRestart = action === 'restart';
  const keeps =
    !isRestart && previousDesired === 'running' && !isDown && runs?.releaseId === release.releaseId;
  return {
    instanceId,
    nodeId,
    runs: runs === null ? null : { releaseId: runs.releaseId, version: runs.version },
    state: status?.state ?? 'unreported',
    gets: release,
    action: keeps ? 'keep' : previousDesired === 'stopped' ? 'start' : isRestart ? 'restart' : 'replace',
    ...asWarnings(warnings),
  };
}

function warnAbout(
  { options, steps }: Pick<Rollout, 'options'> & Pick<NewRollout, 'steps'>,
  planned: readonly Planned[],
  { holder, nodeName }: { holder: Rollout | null; nodeName: NodeNames },
): Told[] {
  const warnings: Told[] = [];
  if (holder !== null)
    warnings.push(
      said`it cannot begin now: rollout ${holder.rolloutId} ${describePurpose(holder, nodeName)} by ${holder.actor} is ${word(holder.state)}`,
    );
  if (options.canary >= steps.length && options.canary > 0)
    warnings.push(said`all instances are canaries: nothing is left to be held back`);
  const bare = steps.filter(({ previous }) => previous === null).length;
  if (options.onFailure === 'rollback' && bare > 0)
    warnings.push(said`${bare} of ${steps.length} had no release before: a roll-back stops them`);
  if (steps.length > 1 && maxUnavailableOf(options, steps.length) === steps.length)
    warnings.push(said`all instances may be down at the same time`);
  if (planned.every(({ step }) => step.action === 'keep'))
    warnings.push(said`every instance runs that already`);
  return warnings;
}

function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}

/** Whether a step changed its instance, and that has not been taken back. */
export function isInEffect({ appliedAt, state }: RolloutStep): boolean {
  return appliedAt !== null && state !== 'reverted';
}
