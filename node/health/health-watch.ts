import type { ActiveHealthCheck } from '../../common/domain/health.ts';
import { isSameText } from '../../common/domain/said.ts';
import { tellError } from '../../common/protocol/errors.ts';
import {
  firstPauseMs,
  type HealthProgress,
  hurryMs,
  nextProgress,
  type ProbeResult,
  pauseMs,
} from './health-progress.ts';

/** The checks of one run, one after another. */
export interface HealthWatch {
  /** Ends what is under way. Resolves when nothing of it is left; nothing is reported any more from the call on. */
  close(): Promise<void>;
}

export interface HealthWatchOptions {
  check: ActiveHealthCheck;
  /** Where an earlier watch of the same run left off, or the begin. */
  begin: HealthProgress;
  /** The program was started just now, and not adopted. */
  isFresh: boolean;
  /** On the monotonic clock: until then failures of what starts do not count. */
  startPeriodEndsAtMs: number;
  /** Checks once. The signal ends it, at its time-out at the latest; it resolves then. */
  probe: (signal: AbortSignal) => Promise<ProbeResult>;
  /** Told whenever the state or its reason has changed. */
  onProgress: (progress: HealthProgress) => void;
  /** Milliseconds of a clock that is never set. */
  monotonic: () => number;
  /** A number in [0, 1). */
  random: () => number;
}

/** Checks until it is closed. The pause is between the end of a check and the next one's begin, so none overlaps another. */
export function watchHealth(options: HealthWatchOptions): HealthWatch {
  const { check, probe, monotonic, isFresh } = options;
  const beganAtMs = isFresh ? monotonic() : Number.NEGATIVE_INFINITY;
  const leniencyEndsAtMs = Math.max(options.startPeriodEndsAtMs, beganAtMs + hurryMs(check));
  let progress = options.begin;
  let timer: NodeJS.Timeout | undefined;
  let running: { controller: AbortController; done: Promise<void> } | null = null;
  let closed = false;

  function schedule(delayMs: number): void {
    timer = setTimeout(() => {
      const controller = new AbortController();
      running = { controller, done: checkOnce(controller) };
    }, delayMs);
  }

  async function checkOnce(controller: AbortController): Promise<void> {
    const timeout = setTimeout(() => controller.abort(), check.timeoutMs);
    let result: ProbeResult;
    try {
      result = await probe(controller.signal);
    } catch (error) {
      result = { ok: false, reason: tellError(error) };
    } finally {
      clearTimeout(timeout);
    }
    running = null;
    if (closed) return;
    const nowMs = monotonic();
    const before = progress;
    progress = nextProgress(check, before, result, { nowMs, inStartPeriod: nowMs < leniencyEndsAtMs });
    schedule(pauseMs(check, progress.state, nowMs - beganAtMs));
    if (progress.state !== before.state || !isSameText(progress.reason, before.reason))
      options.onProgress(progress);
  }

  schedule(isFresh ? pauseMs(check, progress.state, 0) : firstPauseMs(check, options.random()));
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      running?.controller.abort();
      await running?.done;
    },
  };
}
