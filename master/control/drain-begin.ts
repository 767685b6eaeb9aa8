import type { DrainPlan, DrainStep } from '../../common/domain/node.ts';
import type { RestartOptions, Rollout } from '../../common/domain/rollout.ts';
import { rolloutOptionsSchema } from '../../common/domain/rollout.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { RecordEvent } from '../event-log.ts';
import type { FleetModel, InstanceEntry } from '../fleet/fleet-model.ts';
import type { InstanceRecord } from '../store/instance-record.ts';
import type { Repositories } from '../store/open-store.ts';
import type { NewStep } from '../store/rollouts.ts';
import { startedEvent } from './rollout-events.ts';
import { leavingStep } from './rollout-steps.ts';

/** Who drains, why, how and when. */
export interface DrainOrder {
  actor: string;
  message: string;
  options: RestartOptions & { minReadyMs: number };
  now: number;
}

/**
 * Writes a drain as it is planned, in the transaction that it is handed: new instances, which are nobody's yet but the
 * rollout's, and a rollout for each service.
 *
 * @throws SgridError `conflict` for what has changed since it was planned
 */
export async function beginDrain(
  repositories: Repositories,
  record: RecordEvent,
  fleet: Pick<FleetModel, 'instance' | 'nodeName'>,
  plan: DrainPlan,
  { actor, message, options, now }: DrainOrder,
): Promise<{ rollouts: Rollout[]; created: InstanceRecord[] }> {
  const rollouts: Rollout[] = [];
  const created: InstanceRecord[] = [];
  for (const [serviceName, steps] of byService(plan)) {
    const composed: NewStep[] = [];
    for (const step of steps) {
      const entry = fleet.instance(step.instanceId);
      if (entry === null || entry.record.removing) throw gone(step);
      if (step.to === null) {
        composed.push(leavingStep(entry, null, fleet.nodeName));
        continue;
      }
      const placed = await place(repositories, entry, step.to, now);
      created.push(placed);
      const leaving = leavingStep(entry, placed.instanceId, fleet.nodeName);
      const { instanceId, nodeId, port } = placed;
      const fresh = { instanceId, nodeId, port, action: 'place' } as const;
      composed.push({
        ...{ ...leaving, ...fresh, peerId: step.instanceId, previous: null, previousDesired: 'stopped' },
      });
      composed.push(leaving);
    }
    const { serviceId } = await repositories.services.byName(serviceName);
    const rollout = await repositories.rollouts.create({
      ...{ kind: 'drain', nodeId: plan.nodeId, serviceId, actor, message, startedAt: now },
      options: { ...rolloutOptionsSchema.parse({}), ...options },
      steps: composed,
    });
    await record(startedEvent(rollout, fleet.nodeName));
    rollouts.push(rollout);
  }
  return { rollouts, created };
}

function byService({ instances }: DrainPlan): Map<string, DrainStep[]> {
  const services = new Map<string, DrainStep[]>();
  for (const step of instances) {
    if (step.action === 'leave') continue;
    services.set(step.serviceName, [...(services.get(step.serviceName) ?? []), step]);
  }
  return services;
}

/** A new instance with all that the old one has of its own: limits, files, and what it is started with. */
async function place(
  { instances, configs }: Repositories,
  { record: old }: InstanceEntry,
  { nodeId, host, port }: NonNullable<DrainStep['to']>,
  now: number,
): Promise<InstanceRecord> {
  const { serviceId, limits, config, heldLaunch } = old;
  const placed = await instances.create({ serviceId, nodeId, host, port, limits }, now);
  const { instanceId } = placed;
  // Those of the old one go with it.
  const copies = await configs.copyOverrides(old.instanceId, instanceId);
  const files = config?.files.map((file) => ({
    ...file,
    versionId: copies.get(file.versionId) ?? file.versionId,
  }));
  return instances.change(instanceId, {
    ...(config === null || files === undefined
      ? {}
      : { config: { ...config, action: { kind: 'nothing' }, files } }),
    ...(heldLaunch === null ? {} : { heldLaunch }),
  });
}

function gone({ instanceId, serviceName }: DrainStep): SgridError {
  return new SgridError('conflict', said`instance ${instanceId} of "${serviceName}" has just been removed`, {
    hint: said`drain the node again`,
  });
}
