import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeFigures } from '../../common/domain/figures.ts';
import { type CpuTicks, parseCpuCount, parseCpuTicks, parseLoadavg, parseMeminfo } from './proc-text.ts';

export interface NodeSampler {
  /** @param elapsedMs monotonic time since the sample before, or null at the first: rates are 0 then. */
  sample(elapsedMs: number | null): Promise<NodeFigures>;
}

/** Figures of the machine and of this process. */
export function createNodeSampler({
  stateDir,
  procRoot,
}: {
  stateDir: string;
  procRoot: string;
}): NodeSampler {
  let lastTicks: CpuTicks | null = null;
  let lastAgentMicros = 0;
  const read = (name: string): string => readFileSync(join(procRoot, name), 'latin1');

  return {
    async sample(elapsedMs) {
      const stat = read('stat');
      const ticks = parseCpuTicks(stat);
      const cpuMillicores = lastTicks === null ? 0 : busyMillicores(lastTicks, ticks, parseCpuCount(stat));
      lastTicks = ticks;

      const { user, system } = process.cpuUsage();
      const agentMicros = user + system;
      // Microseconds per millisecond are thousandths of a core.
      const agentCpuMillicores =
        elapsedMs === null || elapsedMs <= 0 ? 0 : Math.round((agentMicros - lastAgentMicros) / elapsedMs);
      lastAgentMicros = agentMicros;

      const memory = parseMeminfo(read('meminfo'));
      const disk = await diskBytes(stateDir);
      return {
        cpuMillicores,
        coreMillicores: [],
        memoryUsedBytes: Math.max(0, memory.totalBytes - memory.availableBytes),
        memoryTotalBytes: memory.totalBytes,
        load: parseLoadavg(read('loadavg')),
        swapUsedBytes: 0,
        swapTotalBytes: 0,
        disks: [{ mountPoint: stateDir, usedBytes: disk.used, totalBytes: disk.total }],
        networkReceivedPerSecond: 0,
        networkSentPerSecond: 0,
        pressure: { cpu: null, memory: null, io: null },
        agentCpuMillicores,
        agentMemoryBytes: process.memoryUsage.rss(),
      };
    },
  };
}

/** A share of ticks, so neither the length of a tick nor of the interval matters. */
export function busyMillicores(before: CpuTicks, now: CpuTicks, cpuCount: number): number {
  const total = now.totalTicks - before.totalTicks;
  const busy = now.busyTicks - before.busyTicks;
  // The kernel's idle counters may step back a little (proc_stat(5) on iowait).
  if (total <= 0 || busy <= 0) return 0;
  return Math.round(Math.min(1, busy / total) * cpuCount * 1000);
}

/** Size and used bytes as df(1) shows them; zeros while the directory cannot be asked. */
async function diskBytes(directory: string): Promise<{ used: number; total: number }> {
  try {
    const { bsize, blocks, bfree } = await statfs(directory);
    return { used: (blocks - bfree) * bsize, total: blocks * bsize };
  } catch {
    return { used: 0, total: 0 };
  }
}
