/** How old figures were when they were looked at, all in milliseconds. */
export interface AgeSummary {
  looks: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

const STEP_MS = 10;
const STEPS = 6_000;

/** A histogram in steps of 10 ms up to a minute: ten cockpits look at 1,000 nodes each second. */
export function createAges(): { add(ageMs: number): void; clear(): void; summary(): AgeSummary } {
  const counts = new Uint32Array(STEPS);
  let looks = 0;
  let maxMs = 0;
  const rank = (share: number): number => {
    let left = Math.ceil(looks * share);
    for (let step = 0; step < STEPS; step += 1) {
      left -= counts[step] ?? 0;
      if (left <= 0) return (step + 1) * STEP_MS;
    }
    return maxMs;
  };
  return {
    add(ageMs) {
      const step = Math.min(STEPS - 1, Math.max(0, Math.floor(ageMs / STEP_MS)));
      counts[step] = (counts[step] ?? 0) + 1;
      looks += 1;
      maxMs = Math.max(maxMs, ageMs);
    },
    clear() {
      counts.fill(0);
      looks = 0;
      maxMs = 0;
    },
    summary: () => ({ looks, p50Ms: rank(0.5), p99Ms: rank(0.99), maxMs }),
  };
}
