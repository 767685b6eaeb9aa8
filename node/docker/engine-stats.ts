import * as z from 'zod';
import type { CgroupStat } from '../cgroup/driver.ts';
import { NO_PRESSURE } from '../stats/pressure.ts';
import type { ContainerEngine } from './engine.ts';

/** How often the engine is asked: its answer takes it one to two seconds. */
const ASK_EVERY_MS = 10_000;

const statsSchema = z.object({ CPUPerc: z.string(), MemUsage: z.string(), PIDs: z.string() });

export interface EngineFigures {
  readonly cpuCores: number;
  readonly memoryBytes: number;
  readonly pids: number;
}

const UNITS: Readonly<Record<string, number>> = {
  ...{ B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 },
  ...{ KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 },
};

/** Reads `docker stats --format '{{json .}}'`, which is made for people: `0.15%`, `12.5MiB / 1.9GiB`. */
export function parseEngineStats(text: string): EngineFigures | null {
  try {
    const { CPUPerc, MemUsage, PIDs } = statsSchema.parse(JSON.parse(text));
    const [, amount, unit = ''] = /^([\d.]+)([kKMGT]?i?B)/.exec(MemUsage) ?? [];
    const factor = UNITS[unit];
    const figures = {
      cpuCores: Number.parseFloat(CPUPerc) / 100,
      memoryBytes: Math.round(Number(amount) * (factor ?? Number.NaN)),
      pids: Number(PIDs),
    };
    return Object.values(figures).every(Number.isFinite) ? figures : null;
  } catch {
    return null;
  }
}

/** Figures by the engine, for a container whose cgroups cannot be read. As a counter of CPU time, since rates are made of it. */
export function createEngineStats(
  engine: Pick<ContainerEngine, 'stats'>,
  containerId: string,
  monotonic: () => number,
): () => CgroupStat {
  let last: EngineFigures | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  let countedAt = monotonic();
  let cpuMicros = 0;
  return () => {
    const now = monotonic();
    cpuMicros += (last?.cpuCores ?? 0) * (now - countedAt) * 1000;
    countedAt = now;
    if (now - askedAt >= ASK_EVERY_MS) {
      askedAt = now;
      void engine.stats(containerId).then((text) => {
        last = text === null ? null : parseEngineStats(text);
      });
    }
    return {
      cpuUsageMicros: Math.round(cpuMicros),
      memoryBytes: last?.memoryBytes ?? null,
      pids: last?.pids ?? null,
      cpuPeriods: null,
      cpuThrottledPeriods: null,
      oomKills: null,
      pressure: NO_PRESSURE,
    };
  };
}
