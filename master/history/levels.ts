const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** What a row is about: a machine, or all instances on it. */
export type HistoryScope = 'node' | 'instances';
export const HISTORY_SCOPES = ['node', 'instances'] as const satisfies readonly HistoryScope[];

/** Spans of one bucket, the finest first; each is a multiple of the one before. */
export const LEVELS_MS = [10 * SECOND_MS, MINUTE_MS, 10 * MINUTE_MS] as const;
/** How long buckets of each level are kept. */
const KEPT_MS = [HOUR_MS, DAY_MS, 14 * DAY_MS] as const;

/** Up to so many instances everything is kept for its whole time. */
const FULLY_KEPT_INSTANCES = 2_000;
/** However many there are, instances are kept at least for so long. */
const LEAST_KEPT_MS = [HOUR_MS, 6 * HOUR_MS, DAY_MS] as const;

/**
 * How long a level is kept in a fleet of so many instances, in milliseconds. Beyond 2,000 the history of instances becomes
 * shorter as they become more, so that its size does not grow: 20,000 have minutes for 6 hours and ten minutes for 33. That of
 * machines is always kept whole.
 */
export function keptMs(scope: HistoryScope, level: number, instances: number): number {
  const whole = KEPT_MS[level] ?? 0;
  if (scope === 'node' || instances <= FULLY_KEPT_INSTANCES) return whole;
  const share = Math.floor((whole * FULLY_KEPT_INSTANCES) / instances);
  return Math.min(whole, Math.max(share, LEAST_KEPT_MS[level] ?? 0));
}
