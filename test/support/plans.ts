import type { FleetSnapshot } from '../../common/domain/fleet.ts';
import type { Release } from '../../common/domain/release.ts';
import type { RolloutOptions, RolloutPlan } from '../../common/domain/rollout.ts';

/** What a master answers to `rollout.plan`: as many at a time as asked for, everything replaced by that release. */
export function planOf(
  request: { releaseId: number; instanceIds: readonly number[]; options: RolloutOptions },
  { instances }: Pick<FleetSnapshot, 'instances'>,
  releases: readonly Release[],
): RolloutPlan {
  const steps = request.instanceIds.flatMap((id) => {
    const view = instances.find(({ instanceId }) => instanceId === id);
    return view === undefined ? [] : [view];
  });
  const [first] = steps;
  const { releaseId } = request;
  const version = releases.find((release) => release.releaseId === releaseId)?.version ?? '?';
  return {
    kind: 'deploy',
    serviceId: first?.serviceId ?? 1,
    serviceName: first?.serviceName ?? 'web',
    version,
    options: { ...request.options, minReadyMs: request.options.minReadyMs ?? 1000 },
    atOnce: 1,
    batches: steps.map((view, at) => ({
      isCanary: at < request.options.canary,
      steps: [
        {
          instanceId: view.instanceId,
          nodeId: view.nodeId,
          runs: view.release && { releaseId: view.release.releaseId, version: view.release.version },
          state: view.status?.state ?? 'unreported',
          gets: { releaseId, version },
          action: 'replace',
          warnings: [],
        },
      ],
    })),
    warnings: [],
  };
}
