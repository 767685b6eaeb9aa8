import { join } from 'node:path';
import type { NodeFigures } from '../../common/domain/figures.ts';
import { readPseudoFile } from '../../common/system/proc-file.ts';
import type { Disks } from './disks.ts';
import { busyMillicores, coreMillicores, networkRates } from './node-rates.ts';
import { readPressure } from './pressure.ts';
import {
  type CpuTicks,
  type InterfaceBytes,
  parseCoreTicks,
  parseCpuTicks,
  parseLoadavg,
  parseMeminfo,
  parseNetworkBytes,
} from './proc-text.ts';

export interface NodeSampler {
  /** @param elapsedMs monotonic time since the sample before, or null at the first: rates are 0 then. */
  sample(elapsedMs: number | null): NodeFigures;
}

/** Counters of the machine and of this process at one moment. */
interface Counters {
  readonly cpu: CpuTicks;
  readonly cores: ReadonlyMap<number, CpuTicks>;
  readonly network: ReadonlyMap<string, InterfaceBytes>;
  /** CPU time of this process. */
  readonly agentMicros: number;
}

/** Figures of the machine and of this process. */
export function createNodeSampler({ disks, procRoot }: { disks: Disks; procRoot: string }): NodeSampler {
  let last: Counters | null = null;
  const read = (name: string): string => readPseudoFile(join(procRoot, name));

  function readCounters(): Counters {
    const stat = read('stat');
    const { user, system } = process.cpuUsage();
    return {
      cpu: parseCpuTicks(stat),
      cores: parseCoreTicks(stat),
      network: parseNetworkBytes(read('net/dev')),
      agentMicros: user + system,
    };
  }

  return {
    sample(elapsedMs) {
      const now = readCounters();
      const before = last ?? now;
      last = now;
      const network = networkRates(before.network, now.network, elapsedMs ?? 0);
      const agentMicros = now.agentMicros - before.agentMicros;
      const memory = parseMeminfo(read('meminfo'));
      return {
        cpuMillicores: busyMillicores(before.cpu, now.cpu, now.cores.size),
        coreMillicores: coreMillicores(before.cores, now.cores),
        memoryUsedBytes: Math.max(0, memory.totalBytes - memory.availableBytes),
        memoryTotalBytes: memory.totalBytes,
        swapUsedBytes: Math.max(0, memory.swapTotalBytes - memory.swapFreeBytes),
        swapTotalBytes: memory.swapTotalBytes,
        load: parseLoadavg(read('loadavg')),
        disks: [...disks.figures()],
        networkReceivedPerSecond: network.receivedPerSecond,
        networkSentPerSecond: network.sentPerSecond,
        // A kernel without PSI, or booted with psi=0, has no such directory.
        pressure: readPressure((resource) => read(`pressure/${resource}`)),
        // Microseconds per millisecond are thousandths of a core.
        agentCpuMillicores: elapsedMs === null || elapsedMs <= 0 ? 0 : Math.round(agentMicros / elapsedMs),
        agentMemoryBytes: process.memoryUsage.rss(),
      };
    },
  };
}
