import type { InstanceStatus } from '../../common/domain/instance.ts';
import type { RolloutStep } from '../../common/domain/rollout.ts';

/**
 * What a rollout's runner remembers of the step under way, and the alarm clock that it sleeps by. Nothing in here has
 * to survive a crash: it all begins anew, and only makes the rollout wait a little longer.
 */
export interface StepWatch {
  measure(
    step: RolloutStep,
    nodeUp: boolean,
    status: InstanceStatus | null,
    now: number,
  ): { prepared: boolean; failure: string | null; waitedMs: number; runningMs: number };
  prepared(): void;
  failed(reason: string): void;
  /** Resolves at the next change of this step's instance or node, after `forMs` at the latest. */
  changed(forMs: number): Promise<void>;
  notify(what: { instanceId?: number; nodeId?: number }): void;
  close(): void;
}

export function createStepWatch(): StepWatch {
  let current = { key: '', since: 0, instanceId: 0, nodeId: 0, prepared: false };
  let failure: string | null = null;
  let running = { key: '', since: 0 };
  /** A change that came while nobody was waiting: the next wait is over at once. */
  let pending = false;
  let closed = false;
  let wake: (() => void) | null = null;

  return {
    measure(step, nodeUp, status, now) {
      const { instanceId, nodeId, state } = step;
      const key = `${instanceId}/${state}/${nodeUp}`;
      if (current.key !== key) {
        // What a node has prepared is asked again when it was away: it may be another disk by now.
        current = { key, since: now, instanceId, nodeId, prepared: false };
        failure = null;
      }
      const runningKey = status?.state === 'running' ? `${instanceId}/${status.pid}/${status.startedAt}` : '';
      if (running.key !== runningKey) running = { key: runningKey, since: now };
      pending = false;
      return {
        prepared: current.prepared,
        failure,
        waitedMs: now - current.since,
        runningMs: runningKey === '' ? 0 : now - running.since,
      };
    },
    prepared() {
      current.prepared = true;
    },
    failed(reason) {
      failure = reason;
    },
    changed(forMs) {
      if (pending || closed) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(() => wake?.(), forMs);
        wake = () => {
          clearTimeout(timer);
          wake = null;
          resolve();
        };
      });
    },
    notify({ instanceId, nodeId }) {
      if (instanceId !== current.instanceId && nodeId !== current.nodeId) return;
      pending = true;
      wake?.();
    },
    close() {
      closed = true;
      wake?.();
    },
  };
}
