import { cpus, release, totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { readMachineTicks } from '../proc-usage.ts';

/** Where figures were taken, without anything that names the machine. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  /** Share of all CPUs' time that others used just before, per cent. */
  readonly busyPercent: number;
}

export async function describeMachine(lookMs: number): Promise<Machine> {
  const before = readMachineTicks();
  await delay(lookMs);
  const now = readMachineTicks();
  const ticks = Math.max(1, now.total - before.total);
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    kernel: `Linux ${release()}`,
    node: process.version,
    busyPercent: Math.round(((now.busy - before.busy) / ticks) * 100),
  };
}
