import type { NodeFigures, PackedFigures } from '../../../common/domain/figures.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const CORES = 8;

/** The figures of one program, changing as those of real ones do. */
export interface ProgramLoad {
  /** Of the next second, behind those that are in `packed` already. @returns CPU in thousandths of a core, and memory */
  sample(instanceId: number, packed: PackedFigures): { cpuMillicores: number; memoryBytes: number };
}

/**
 * CPU wanders around a level of its own with bursts; memory grows and falls back, as with a garbage collector, in whole pages.
 *
 * @param random in [0, 1)
 */
export function createProgramLoad(random: () => number): ProgramLoad {
  const level = random() < 0.6 ? random() * 20 : random() * 600;
  const floor = Math.round((16 + random() * 200) * MIB);
  const growth = random() * 400_000;
  const basePids = 1 + Math.floor(random() * 30);
  let cpu = level;
  let memory = floor;
  let burstLeft = 0;
  return {
    sample(instanceId, packed) {
      if (burstLeft > 0) burstLeft -= 1;
      else if (random() < 0.005) burstLeft = 3 + Math.floor(random() * 20);
      const aim = burstLeft > 0 ? 900 + level : level;
      cpu += (aim - cpu) * 0.4 + (random() - 0.5) * (4 + level * 0.3);
      const cpuMillicores = Math.max(0, Math.round(cpu));
      memory = random() < 0.01 ? floor : memory + Math.floor(random() * growth);
      const memoryBytes = memory - (memory % 4096);
      const isPressed = burstLeft > 0;
      packed.push(
        ...[instanceId, cpuMillicores, memoryBytes, basePids + Math.floor(random() * 2)],
        ...[isPressed ? Math.floor(random() * 80) : 0, 0, isPressed ? Math.floor(random() * 60) : 0, 0, 0],
      );
      return { cpuMillicores, memoryBytes };
    },
  };
}

/** A machine with 8 cores that runs these programs and little else. */
export function nodeFiguresOf(
  sum: { cpuMillicores: number; memoryBytes: number },
  random: () => number,
): NodeFigures {
  const cpuMillicores = Math.min(CORES * 1000, sum.cpuMillicores + Math.round(100 + random() * 80));
  const core = (): number => Math.min(1000, Math.round((cpuMillicores / CORES) * (0.5 + random())));
  const load = Math.round(cpuMillicores / 10) / 100;
  return {
    cpuMillicores,
    coreMillicores: Array.from({ length: CORES }, core),
    memoryUsedBytes: 2 * GIB + sum.memoryBytes,
    memoryTotalBytes: 32 * GIB,
    swapUsedBytes: 0,
    swapTotalBytes: 0,
    load: [load, load, load],
    disks: [
      { mountPoint: '/', usedBytes: 40 * GIB + Math.floor(random() * 1000) * 4096, totalBytes: 100 * GIB },
    ],
    networkReceivedPerSecond: Math.floor(random() * 3_000_000),
    networkSentPerSecond: Math.floor(random() * 9_000_000),
    pressure: { cpu: Math.floor(random() * 30), memory: 0, io: Math.floor(random() * 5) },
    agentCpuMillicores: Math.floor(5 + random() * 10),
    agentMemoryBytes: 95 * MIB + Math.floor(random() * 100) * 4096,
  };
}
