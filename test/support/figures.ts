import type { InstanceFigures, NodeFigures } from '../../common/domain/figures.ts';

/** Figures of a machine that idles, with what a test wants to say of it. */
export function nodeFigures(said: Partial<NodeFigures> = {}): NodeFigures {
  return {
    cpuMillicores: 1,
    coreMillicores: [1, 0],
    memoryUsedBytes: 1,
    memoryTotalBytes: 2,
    swapUsedBytes: 0,
    swapTotalBytes: 0,
    load: [0, 0, 0],
    disks: [{ mountPoint: '/', usedBytes: 1, totalBytes: 2 }],
    networkReceivedPerSecond: 0,
    networkSentPerSecond: 0,
    pressure: { cpu: null, memory: null, io: null },
    agentCpuMillicores: 1,
    agentMemoryBytes: 1,
    ...said,
  };
}

/** Figures of an instance that idles, with what a test wants to say of it. */
export function instanceFigures(said: Partial<InstanceFigures> & { instanceId: number }): InstanceFigures {
  return {
    cpuMillicores: 1,
    memoryBytes: 1,
    pids: 1,
    throttledPermille: 0,
    oomKills: 0,
    pressure: { cpu: null, memory: null, io: null },
    ...said,
  };
}
