import { setTimeout as delay } from 'node:timers/promises';

const LONGEST_PAUSE_MS = 50;

/**
 * Asks until the answer is yes, at growing intervals from 1 to 50 ms. For kernel states that announce themselves by no
 * event on all kernels that we run on. Ends by itself: nothing is left behind.
 *
 * @returns false when the pauses have added up to `timeoutMs`.
 */
export async function waitUntil(
  check: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<boolean> {
  let waitedMs = 0;
  for (let pauseMs = 1; !(await check()); pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    if (waitedMs >= timeoutMs) return false;
    await delay(pauseMs);
    waitedMs += pauseMs;
  }
  return true;
}
