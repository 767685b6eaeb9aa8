import { FIGURES_STRIDE, MAX_FIGURE, MAX_LOAD, MAX_PACKED_FIGURES, type NodeSnapshot } from './figures.ts';
import { MAX_TIMESTAMP } from './names.ts';

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isTime = (value: unknown): boolean => isCount(value) && (value as number) <= MAX_TIMESTAMP;
const isLoad = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= MAX_LOAD;
const isPermille = (value: unknown): boolean => isCount(value) && (value as number) <= 1000;
const isPressure = (value: unknown): boolean => value === null || isPermille(value);

type Fields = Readonly<Record<string, unknown>>;

/** Whether it is an object of exactly so many fields: with those that are looked at, none is unknown. */
function hasFields(value: unknown, count: number): value is Fields {
  if (typeof value !== 'object' || value === null) return false;
  let found = 0;
  for (const _ in value) found += 1;
  return found === count;
}

/**
 * Says yes only to what `nodeSnapshotSchema` takes as it is, in a tenth of its time: a thousand agents send one each second. What
 * it says no to may be right all the same; the schema has the word then.
 */
export function isNodeSnapshot(value: unknown): value is NodeSnapshot {
  if (!hasFields(value, 3) || !isTime(value.at) || !isNode(value.node)) return false;
  const { instances } = value;
  if (!Array.isArray(instances) || instances.length > MAX_PACKED_FIGURES) return false;
  if (instances.length % FIGURES_STRIDE !== 0) return false;
  for (const figure of instances) {
    if (!Number.isSafeInteger(figure) || figure < -1 || figure > MAX_FIGURE) return false;
  }
  return true;
}

function isNode(node: unknown): boolean {
  if (!hasFields(node, 13)) return false;
  const { coreMillicores, load, disks, pressure } = node;
  return (
    isCount(node.cpuMillicores) &&
    Array.isArray(coreMillicores) &&
    coreMillicores.length <= 4096 &&
    coreMillicores.every(isPermille) &&
    isCount(node.memoryUsedBytes) &&
    isCount(node.memoryTotalBytes) &&
    isCount(node.swapUsedBytes) &&
    isCount(node.swapTotalBytes) &&
    Array.isArray(load) &&
    load.length === 3 &&
    load.every(isLoad) &&
    Array.isArray(disks) &&
    disks.length <= 16 &&
    disks.every(isDisk) &&
    isCount(node.networkReceivedPerSecond) &&
    isCount(node.networkSentPerSecond) &&
    hasFields(pressure, 3) &&
    isPressure(pressure.cpu) &&
    isPressure(pressure.memory) &&
    isPressure(pressure.io) &&
    isCount(node.agentCpuMillicores) &&
    isCount(node.agentMemoryBytes)
  );
}

function isDisk(disk: unknown): boolean {
  return (
    hasFields(disk, 3) &&
    typeof disk.mountPoint === 'string' &&
    disk.mountPoint.length <= 1024 &&
    isCount(disk.usedBytes) &&
    isCount(disk.totalBytes)
  );
}
