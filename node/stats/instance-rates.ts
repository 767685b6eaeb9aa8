/** Counters of one instance at one moment. */
export interface InstanceCounters {
  /** Monotonic, milliseconds. */
  readonly atMs: number;
  readonly cpuMicros: number;
  readonly cpuPeriods: number;
  readonly throttledPeriods: number;
}

export interface InstanceRates {
  readonly cpuMillicores: number;
  readonly throttledPermille: number;
}

/**
 * Rates between two moments; zeros without a first one. Counters that went back belong to a new group or process: that is
 * a first moment too.
 */
export function ratesBetween(before: InstanceCounters | undefined, now: InstanceCounters): InstanceRates {
  const none = { cpuMillicores: 0, throttledPermille: 0 };
  if (before === undefined) return none;
  const elapsedMs = now.atMs - before.atMs;
  const cpuMicros = now.cpuMicros - before.cpuMicros;
  const periods = now.cpuPeriods - before.cpuPeriods;
  const throttled = now.throttledPeriods - before.throttledPeriods;
  if (elapsedMs <= 0 || cpuMicros < 0 || periods < 0 || throttled < 0) return none;
  return {
    // Microseconds per millisecond are thousandths of a core.
    cpuMillicores: Math.round(cpuMicros / elapsedMs),
    throttledPermille: periods === 0 ? 0 : Math.min(1000, Math.round((throttled / periods) * 1000)),
  };
}
