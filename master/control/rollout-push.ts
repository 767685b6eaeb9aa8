import type { Rollout } from '../../common/domain/rollout.ts';

/** Tells the cockpits of rollouts, which travel whole. */
export interface RolloutPush {
  /** At once, or soon with what it is by then; its end always at once. */
  push(rollout: Rollout): void;
  /** What waits is dropped. */
  close(): void;
}

/** Smaller ones are told of every change: a person reads along. */
const SMALL_STEPS = 50;
const PAUSE_MS_A_STEP = 1;
const LONGEST_PAUSE_MS = 1_000;

/**
 * A rollout of 2,000 steps changes 6,000 times, and has 800 kB each time. With a pause that grows with it, what is sent stays
 * below a megabyte a second and cockpit, and what is shown is never older than a second.
 */
export function createRolloutPush(send: (rollout: Rollout) => void): RolloutPush {
  /** By rollout, from a push until its pause is over. */
  const pausing = new Map<number, { timer: NodeJS.Timeout; latest: Rollout | null }>();

  const push = (rollout: Rollout): void => {
    const { rolloutId, endedAt, steps } = rollout;
    const pause = pausing.get(rolloutId);
    if (pause !== undefined && endedAt === null) {
      pause.latest = rollout;
      return;
    }
    clearTimeout(pause?.timer);
    pausing.delete(rolloutId);
    send(rollout);
    if (endedAt !== null || steps.length < SMALL_STEPS) return;
    const timer = setTimeout(
      () => {
        const latest = pausing.get(rolloutId)?.latest ?? null;
        pausing.delete(rolloutId);
        if (latest !== null) push(latest);
      },
      Math.min(LONGEST_PAUSE_MS, steps.length * PAUSE_MS_A_STEP),
    );
    pausing.set(rolloutId, { timer, latest: null });
  };

  return {
    push,
    close() {
      for (const { timer } of pausing.values()) clearTimeout(timer);
      pausing.clear();
    },
  };
}
