import { type InstanceFigures, type NodeSnapshot, packFigures } from '../../common/domain/figures.ts';
import type { Limits } from '../../common/domain/service.ts';
import type { CgroupDriver, CgroupStat } from '../cgroup/driver.ts';
import { createDisks } from './disks.ts';
import { type InstanceCounters, ratesBetween } from './instance-rates.ts';
import { type ProcessUsage, readProcessUsage } from './main-process.ts';
import { createNodeSampler } from './node-sampler.ts';
import { NO_PRESSURE } from './pressure.ts';

export interface SampleTarget {
  readonly instanceId: number;
  readonly groupKey: string;
  /** Main process while there is one. */
  readonly pid: number | null;
  /** Tells its runs apart. */
  readonly runId: string;
  readonly limits: Limits;
  /** Its counters, where they are not those of the driver's group: it is a container. */
  readonly stat?: () => CgroupStat;
}

export interface Sampler {
  /**
   * Figures of the node and of these instances now. Rates are since the sample before, and 0 in the first one. Groups and
   * processes that are gone give zeros. Calls must not overlap.
   */
  sample(targets: readonly SampleTarget[]): Promise<NodeSnapshot>;
}

export interface SamplerDeps {
  readonly driver: CgroupDriver;
  /** The disk figures are of the file systems that these are on. */
  readonly directories: readonly string[];
  /** Wall clock, milliseconds since the epoch: stamps the snapshot. */
  readonly clock: () => number;
  /** Milliseconds that never go back: rates are by this one. */
  readonly monotonicClock?: () => number;
  readonly procRoot?: string;
}

const NO_STAT: CgroupStat = {
  cpuUsageMicros: null,
  memoryBytes: null,
  pids: null,
  cpuPeriods: null,
  cpuThrottledPeriods: null,
  oomKills: null,
  pressure: NO_PRESSURE,
};

export function createSampler(deps: SamplerDeps): Sampler {
  const { driver } = deps;
  const procRoot = deps.procRoot ?? '/proc';
  const monotonicClock = deps.monotonicClock ?? (() => performance.now());
  const disks = createDisks({ directories: deps.directories, procRoot, monotonicClock });
  const nodeSampler = createNodeSampler({ disks, procRoot });
  let counters = new Map<number, InstanceCounters>();
  let lastAtMs: number | null = null;

  async function statOf({ groupKey, stat }: SampleTarget): Promise<CgroupStat> {
    try {
      return stat?.() ?? (await driver.stat(groupKey));
    } catch {
      // One group that cannot be read must not take the figures of all others along.
      return NO_STAT;
    }
  }

  async function sampleInstances(targets: readonly SampleTarget[]): Promise<InstanceFigures[]> {
    const stats = await Promise.all(targets.map(statOf));
    const atMs = monotonicClock();
    const incomplete = targets.filter((_, index) => needsProcess(stats[index] ?? NO_STAT));
    const pids = incomplete.map(({ pid }) => pid).filter((pid) => pid !== null);
    const usages = await readProcessUsage(pids, procRoot);
    const next = new Map<number, InstanceCounters>();
    const figures = targets.map((target, index) => {
      const { instanceId, pid } = target;
      const stat = withProcess(stats[index] ?? NO_STAT, pid === null ? undefined : usages.get(pid));
      const now: InstanceCounters = {
        atMs,
        cpuMicros: stat.cpuUsageMicros ?? 0,
        cpuPeriods: stat.cpuPeriods ?? 0,
        throttledPeriods: stat.cpuThrottledPeriods ?? 0,
      };
      const rates = ratesBetween(counters.get(instanceId), now);
      next.set(instanceId, now);
      return {
        instanceId,
        ...rates,
        memoryBytes: stat.memoryBytes ?? 0,
        pids: stat.pids ?? 0,
        oomKills: stat.oomKills ?? 0,
        pressure: stat.pressure,
      };
    });
    // Replaced as a whole, so that instances that are gone leave nothing behind.
    counters = next;
    return figures;
  }

  return {
    async sample(targets) {
      const atMs = monotonicClock();
      const elapsedMs = lastAtMs === null ? null : atMs - lastAtMs;
      lastAtMs = atMs;
      const node = nodeSampler.sample(elapsedMs);
      const instances = packFigures(await sampleInstances(targets));
      return { at: deps.clock(), node, instances };
    },
  };
}

function needsProcess({ cpuUsageMicros, memoryBytes, pids }: CgroupStat): boolean {
  return cpuUsageMicros === null || memoryBytes === null || pids === null;
}

/** The group's figures, and the main process's where the group has none. */
function withProcess(stat: CgroupStat, usage: ProcessUsage | undefined): CgroupStat {
  if (usage === undefined) return stat;
  return {
    ...stat,
    cpuUsageMicros: stat.cpuUsageMicros ?? usage.cpuMicros,
    memoryBytes: stat.memoryBytes ?? usage.memoryBytes,
    pids: stat.pids ?? usage.threads,
  };
}
