import type { CpuTicks, InterfaceBytes } from './proc-text.ts';

/** CPU used between two moments, in thousandths of a core: a share of ticks, so neither their length nor the clock matters. */
export function busyMillicores(before: CpuTicks, now: CpuTicks, cpuCount: number): number {
  const total = now.totalTicks - before.totalTicks;
  const busy = now.busyTicks - before.busyTicks;
  // The kernel's idle counters may step back a little (proc_stat(5) on iowait).
  if (total <= 0 || busy <= 0) return 0;
  return Math.round(Math.min(1, busy / total) * cpuCount * 1000);
}

/** The same of each CPU that is online now; one that was not before has no first moment. */
export function coreMillicores(
  before: ReadonlyMap<number, CpuTicks>,
  now: ReadonlyMap<number, CpuTicks>,
): number[] {
  return [...now].map(([core, ticks]) => busyMillicores(before.get(core) ?? ticks, ticks, 1));
}

/**
 * Bytes a second over all interfaces. An interface that is new, or whose counters went back (it was made anew, or a counter
 * of 32 bits went round), has no first moment: a rate out of that would be a peak that never was.
 */
export function networkRates(
  before: ReadonlyMap<string, InterfaceBytes>,
  now: ReadonlyMap<string, InterfaceBytes>,
  elapsedMs: number,
): { receivedPerSecond: number; sentPerSecond: number } {
  let received = 0;
  let sent = 0;
  for (const [name, bytes] of now) {
    const first = before.get(name);
    if (first === undefined || bytes.received < first.received || bytes.sent < first.sent) continue;
    received += bytes.received - first.received;
    sent += bytes.sent - first.sent;
  }
  const perSecond = (bytes: number): number => (elapsedMs <= 0 ? 0 : Math.round((bytes * 1000) / elapsedMs));
  return { receivedPerSecond: perSecond(received), sentPerSecond: perSecond(sent) };
}
