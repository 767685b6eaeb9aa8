import { MAX_LOAD, type NodeFigures, type PackedFigures } from '../../common/domain/figures.ts';
import type { NodeSample } from '../../common/domain/fleet.ts';
import type { Random } from './random.ts';

const MOUNT_POINTS = ['/', '/var/lib/sgridnode', '/データ', '', 'x'.repeat(1024)];
/** Where an encoding changes its length, and both ends. */
const NUMBERS = [0, 1, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER - 1];

/** Samples that their schema takes, with all that is rare in them. */
export function randomSample({ below }: Random): NodeSample {
  const one = <T>(of: readonly T[]): T => of[below(of.length)] as T;
  const count = (): number => one([...NUMBERS, below(1e6), below(1e12)]);
  const pressure = (): number | null => one([null, 0, 1000, below(1001)]);
  const instances: PackedFigures = Array.from({ length: 9 * below(30) }, () => one([-1, count()]));
  const node: NodeFigures = {
    cpuMillicores: count(),
    coreMillicores: Array.from({ length: below(9) }, () => one([0, 1000, below(1001)])),
    memoryUsedBytes: count(),
    memoryTotalBytes: count(),
    swapUsedBytes: count(),
    swapTotalBytes: count(),
    load: [below(1e9) / 1e7, one([0, 0.01, MAX_LOAD]), below(1000)],
    disks: Array.from({ length: below(5) }, () => ({
      mountPoint: one(MOUNT_POINTS),
      usedBytes: count(),
      totalBytes: count(),
    })),
    networkReceivedPerSecond: count(),
    networkSentPerSecond: count(),
    pressure: { cpu: pressure(), memory: pressure(), io: pressure() },
    agentCpuMillicores: count(),
    agentMemoryBytes: count(),
  };
  return { nodeId: 1 + below(100_000), ageMs: below(5_000), node, instances };
}
