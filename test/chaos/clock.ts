import { readFileSync } from 'node:fs';

/** Milliseconds since the boot, suspended time included, in steps of 10: proc_uptime(5). What the journals are written in. */
export function uptimeMs(): number {
  return Number.parseFloat(readFileSync('/proc/uptime', 'latin1')) * 1000;
}

/** USER_HZ, the unit of start times in proc_pid_stat(5): 100 on every Linux that runs Node.js. */
const TICK_MS = 10;

export function ticksToMs(ticks: string): number {
  return Number(ticks) * TICK_MS;
}

/** Resolves after so many milliseconds, or at once when the signal aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}
