import { setTimeout as delay } from 'node:timers/promises';
import { readProcUsage } from '../proc-usage.ts';

/** Starts counting. @returns what ends it, with the CPU of all threads since then, in per cent of a core */
export function countCpu(pid: number): () => number {
  const before = readProcUsage(pid).cpuNanos;
  const beganAt = process.hrtime.bigint();
  return () =>
    (100 * Number(readProcUsage(pid).cpuNanos - before)) / Number(process.hrtime.bigint() - beganAt);
}

/** Resident memory, 10^6 bytes. */
export function memoryMB(pid: number): number {
  return (readProcUsage(pid).rssKiB * 1024) / 1e6;
}

/** CPU over a while in which nothing is done to it, in per cent of a core. */
export async function idleCpu(pid: number, seconds: number): Promise<number> {
  const end = countCpu(pid);
  await delay(seconds * 1000);
  return end();
}
