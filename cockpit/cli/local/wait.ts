import { setTimeout as delay } from 'node:timers/promises';

/** Asks again and again until the answer is not null. @returns null when the time is up. */
export async function pollUntil<T>(
  ask: () => Promise<T | null> | T | null,
  options: { timeoutMs: number; intervalMs: number; signal?: AbortSignal },
): Promise<T | null> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() >= deadline) return null;
    await delay(options.intervalMs);
  }
}
