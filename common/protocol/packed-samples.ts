import * as z from 'zod';
import {
  type DiskFigures,
  FIGURES_STRIDE,
  MAX_LOAD,
  MAX_PACKED_FIGURES,
  type NodeFigures,
  type PackedFigures,
} from '../domain/figures.ts';
import type { NodeSample } from '../domain/fleet.ts';

/**
 * Samples as bytes: in a large fleet they are nearly all that a frame has, and as JSON they take a master ten times as long, in
 * one piece. Whole numbers as little endian base 128 (the varint of protocol buffers), a null, or a -1 in packed figures, as 0 and
 * all else one higher there; loads as IEEE 754 doubles, little endian.
 */
const LONGEST_NUMBER_BYTES = 8;
/** What a sample has besides cores, disks and instances: 17 numbers and 3 loads. */
const FIXED_BYTES = 20 * LONGEST_NUMBER_BYTES;
const MAX_CORES = 4096;
const MAX_DISKS = 16;
const MAX_MOUNT_POINT_LENGTH = 1024;

const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder('utf-8', { fatal: true }) };

/** As they travel; on the side that receives they come out as what they were. */
export const packedSamplesSchema = z.instanceof(Uint8Array).transform((bytes, context): NodeSample[] => {
  try {
    return unpackSamples(bytes);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
});

/** @param samples valid ones: what does not fit their schema is not looked for here */
export function packSamples(samples: readonly NodeSample[]): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.allocUnsafe(samples.reduce((sum, sample) => sum + mostBytesOf(sample), 0));
  let at = 0;
  for (const { nodeId, ageMs, node, instances } of samples) {
    at = putNumber(bytes, at, nodeId);
    at = putNumber(bytes, at, ageMs);
    at = putNode(bytes, at, node);
    at = putNumber(bytes, at, instances.length / FIGURES_STRIDE);
    for (const value of instances) at = putNumber(bytes, at, value + 1);
  }
  return bytes.subarray(0, at);
}

function mostBytesOf({ node, instances }: NodeSample): number {
  const numbers = node.coreMillicores.length + 3 * node.disks.length + instances.length;
  const names = node.disks.reduce((sum, { mountPoint }) => sum + 3 * mountPoint.length, 0);
  return FIXED_BYTES + numbers * LONGEST_NUMBER_BYTES + names;
}

function putNode(bytes: Buffer, begin: number, node: NodeFigures): number {
  const { pressure } = node;
  let at = putNumber(bytes, begin, node.cpuMillicores);
  at = putNumber(bytes, at, node.coreMillicores.length);
  for (const core of node.coreMillicores) at = putNumber(bytes, at, core);
  at = putNumber(bytes, at, node.memoryUsedBytes);
  at = putNumber(bytes, at, node.memoryTotalBytes);
  at = putNumber(bytes, at, node.swapUsedBytes);
  at = putNumber(bytes, at, node.swapTotalBytes);
  for (const load of node.load) at = bytes.writeDoubleLE(load, at);
  at = putNumber(bytes, at, node.disks.length);
  for (const { mountPoint, usedBytes, totalBytes } of node.disks) {
    const name = utf8.encoder.encode(mountPoint);
    at = putNumber(bytes, at, name.length);
    bytes.set(name, at);
    at = putNumber(bytes, at + name.length, usedBytes);
    at = putNumber(bytes, at, totalBytes);
  }
  at = putNumber(bytes, at, node.networkReceivedPerSecond);
  at = putNumber(bytes, at, node.networkSentPerSecond);
  for (const some of [pressure.cpu, pressure.memory, pressure.io])
    at = putNumber(bytes, at, some === null ? 0 : some + 1);
  at = putNumber(bytes, at, node.agentCpuMillicores);
  return putNumber(bytes, at, node.agentMemoryBytes);
}

function putNumber(bytes: Buffer, begin: number, value: number): number {
  let [at, left] = [begin, value];
  while (left >= 128) {
    bytes[at++] = (left % 128) + 128;
    left = Math.floor(left / 128);
  }
  bytes[at] = left;
  return at + 1;
}

/** @throws Error for bytes that are no samples, or that hold what the schema of a sample does not allow */
export function unpackSamples(bytes: Uint8Array): NodeSample[] {
  const reader = createReader(bytes);
  const samples: NodeSample[] = [];
  while (reader.isMore()) {
    const [nodeId, ageMs] = [reader.number(), reader.number()];
    if (nodeId === 0) throw new Error('a sample of node 0');
    const node = takeNode(reader);
    const count = reader.count(MAX_PACKED_FIGURES / FIGURES_STRIDE) * FIGURES_STRIDE;
    const instances: PackedFigures = [];
    for (let index = 0; index < count; index += 1) instances.push(reader.number() - 1);
    samples.push({ nodeId, ageMs, node, instances });
  }
  return samples;
}

type Reader = ReturnType<typeof createReader>;

function takeNode(reader: Reader): NodeFigures {
  const { number, permille, double } = reader;
  const optional = (): number | null => {
    const raised = number();
    if (raised > 1001) throw new Error(`a pressure of ${raised - 1} per mille`);
    return raised === 0 ? null : raised - 1;
  };
  const many = <T>(most: number, take: () => T): T[] => {
    const items: T[] = [];
    for (let left = reader.count(most); left > 0; left -= 1) items.push(take());
    return items;
  };
  // In the order of the bytes: fields of a literal are evaluated as they stand.
  return {
    cpuMillicores: number(),
    coreMillicores: many(MAX_CORES, permille),
    memoryUsedBytes: number(),
    memoryTotalBytes: number(),
    swapUsedBytes: number(),
    swapTotalBytes: number(),
    load: [double(), double(), double()],
    disks: many(
      MAX_DISKS,
      (): DiskFigures => ({ mountPoint: reader.text(), usedBytes: number(), totalBytes: number() }),
    ),
    networkReceivedPerSecond: number(),
    networkSentPerSecond: number(),
    pressure: { cpu: optional(), memory: optional(), io: optional() },
    agentCpuMillicores: number(),
    agentMemoryBytes: number(),
  };
}

function createReader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;

  const number = (): number => {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('the samples end too soon');
      if (byte < 128) {
        value += byte * factor;
        break;
      }
      value += (byte - 128) * factor;
      factor *= 128;
      if (factor > Number.MAX_SAFE_INTEGER) break;
    }
    if (value > Number.MAX_SAFE_INTEGER) throw new Error('a number of a sample is too large');
    return value;
  };
  const count = (most: number): number => {
    const value = number();
    if (value > most) throw new Error(`${value} parts of a sample where at most ${most} can be`);
    return value;
  };
  const span = (length: number): number => {
    const start = at;
    at += length;
    if (at > bytes.length) throw new Error('the samples end too soon');
    return start;
  };
  return {
    number,
    count,
    isMore: () => at < bytes.length,
    permille: () => count(1000),
    double(): number {
      const value = view.getFloat64(span(8), true);
      if (!(value >= 0 && value <= MAX_LOAD)) throw new Error('a load that is no number, or not of tasks');
      return value;
    },
    text(): string {
      const start = span(count(3 * MAX_MOUNT_POINT_LENGTH));
      const text = utf8.decoder.decode(bytes.subarray(start, at));
      if (text.length > MAX_MOUNT_POINT_LENGTH) throw new Error('a mount point that is too long');
      return text;
    },
  };
}
