import type { Rollout, RolloutStep } from '../../common/domain/rollout.ts';

/** A step of a rollout from release 6 to release 7, with what a test is about. */
export function stepOf(change: Partial<RolloutStep> = {}): RolloutStep {
  const { state = 'pending', instanceId = 1 } = change;
  return {
    instanceId,
    nodeId: 1,
    port: 8100 + instanceId,
    action: 'deploy',
    peerId: null,
    state,
    reason: '',
    receivedBytes: 0,
    release: { releaseId: 7, version: 'v7' },
    previous: { releaseId: 6, version: 'v6' },
    previousDesired: 'running',
    appliedAt: ['applying', 'done', 'reverting', 'reverted'].includes(state) ? 1 : null,
    ...change,
  };
}

/** A rollout that runs, one instance at a time, with what a test is about. */
export function rolloutOf(change: Partial<Rollout> = {}): Rollout {
  return {
    rolloutId: 1,
    kind: 'deploy',
    nodeId: null,
    serviceId: 1,
    serviceName: 'web',
    releaseId: 7,
    version: 'v7',
    sizeBytes: 500,
    actor: 'admin',
    message: '',
    state: 'running',
    reason: '',
    options: { maxUnavailable: 1, canary: 0, pauseAfterCanary: false, minReadyMs: 1000, onFailure: 'stop' },
    isPromoted: true,
    startedAt: 0,
    endedAt: null,
    steps: [],
    ...change,
  };
}
