import * as z from 'zod';
import { idSchema, timestampSchema } from './names.ts';

/**
 * Share of the last ten seconds in which at least one task waited for a resource, in per mille: `some avg10` of the
 * kernel's pressure stall information (Documentation/accounting/psi.rst). Null where the kernel does not tell.
 */
export interface Pressure {
  cpu: number | null;
  memory: number | null;
  io: number | null;
}

/** One sample of an instance. */
export interface InstanceFigures {
  instanceId: number;
  /** CPU used since the sample before, in thousandths of a core. */
  cpuMillicores: number;
  memoryBytes: number;
  /** Processes and threads, as the pids controller counts them. */
  pids: number;
  /** Share of CPU periods in which it was throttled since the sample before, in per mille. */
  throttledPermille: number;
  /** OOM kills counted by its cgroup since this run began. */
  oomKills: number;
  pressure: Pressure;
}

/** Numbers per instance in `PackedFigures`: those of `InstanceFigures` in its order, with -1 for a pressure that is not known. */
export const FIGURES_STRIDE = 9;
/** The greatest of them: packed it is one more, for the -1. */
export const MAX_FIGURE = Number.MAX_SAFE_INTEGER - 1;
/** Numbers of the instances of one node together. */
export const MAX_PACKED_FIGURES = FIGURES_STRIDE * 100_000;

/**
 * Samples of many instances in one flat array of integers. With 20,000 instances a second, field names would be most of the
 * bytes and objects most of the parsing.
 */
export const packedFiguresSchema = z
  .array(z.int().min(-1).max(MAX_FIGURE))
  .max(MAX_PACKED_FIGURES)
  .refine((values) => values.length % FIGURES_STRIDE === 0, `length must be a multiple of ${FIGURES_STRIDE}`);
export type PackedFigures = z.infer<typeof packedFiguresSchema>;

export function packFigures(samples: readonly InstanceFigures[]): PackedFigures {
  const packed: number[] = [];
  for (const { pressure, ...sample } of samples) {
    packed.push(
      sample.instanceId,
      Math.round(sample.cpuMillicores),
      Math.round(sample.memoryBytes),
      sample.pids,
      Math.round(sample.throttledPermille),
      sample.oomKills,
      pressure.cpu ?? -1,
      pressure.memory ?? -1,
      pressure.io ?? -1,
    );
  }
  return packed;
}

export function unpackFigures(packed: PackedFigures): InstanceFigures[] {
  const samples: InstanceFigures[] = [];
  for (let at = 0; at + FIGURES_STRIDE <= packed.length; at += FIGURES_STRIDE) {
    const value = (field: number): number => packed[at + field] ?? 0;
    const known = (field: number): number | null => (value(field) < 0 ? null : value(field));
    samples.push({
      instanceId: value(0),
      cpuMillicores: value(1),
      memoryBytes: value(2),
      pids: value(3),
      throttledPermille: value(4),
      oomKills: value(5),
      pressure: { cpu: known(6), memory: known(7), io: known(8) },
    });
  }
  return samples;
}

const permilleSchema = z.int().min(0).max(1000);

/** No machine has so many tasks (`PID_MAX_LIMIT` is 4,194,304): figures are added up and multiplied, and stay exact. */
export const MAX_LOAD = 10_000_000;
const loadSchema = z.number().min(0).max(MAX_LOAD);

/** A file system that holds data of ours. */
export const diskFiguresSchema = z.object({
  /** Where it is mounted. */
  mountPoint: z.string().max(1024),
  usedBytes: z.int().nonnegative(),
  totalBytes: z.int().nonnegative(),
});
export type DiskFigures = z.infer<typeof diskFiguresSchema>;

/** One sample of a machine. */
export const nodeFiguresSchema = z.object({
  /** CPU used by all processes, in thousandths of a core. */
  cpuMillicores: z.int().nonnegative(),
  /** The same of each CPU that is online, in their order. */
  coreMillicores: z.array(z.int().min(0).max(1000)).max(4096),
  /** `MemTotal - MemAvailable` of `/proc/meminfo`. */
  memoryUsedBytes: z.int().nonnegative(),
  memoryTotalBytes: z.int().nonnegative(),
  /** `SwapTotal - SwapFree`. */
  swapUsedBytes: z.int().nonnegative(),
  swapTotalBytes: z.int().nonnegative(),
  /** 1, 5 and 15 minute load averages. */
  load: z.tuple([loadSchema, loadSchema, loadSchema]),
  /** The file systems that hold the agent's state, logs, releases and registry, each once; the state's first. */
  disks: z.array(diskFiguresSchema).max(16),
  /** Over all interfaces but loopback (`/proc/net/dev`), in bytes a second. */
  networkReceivedPerSecond: z.int().nonnegative(),
  networkSentPerSecond: z.int().nonnegative(),
  /** Of `/proc/pressure`. */
  pressure: z.object({
    cpu: permilleSchema.nullable(),
    memory: permilleSchema.nullable(),
    io: permilleSchema.nullable(),
  }),
  /** The agent itself. */
  agentCpuMillicores: z.int().nonnegative(),
  agentMemoryBytes: z.int().nonnegative(),
});
export type NodeFigures = z.infer<typeof nodeFiguresSchema>;

/** What an agent sends once a second; a late one is dropped, not queued. */
export const nodeSnapshotSchema = z.object({
  /** Node's clock. */
  at: timestampSchema,
  node: nodeFiguresSchema,
  instances: packedFiguresSchema,
});
export type NodeSnapshot = z.infer<typeof nodeSnapshotSchema>;

/** The last samples of one instance, oldest first, one a second; missing samples are null. */
export const figuresHistorySchema = z.object({
  instanceId: idSchema,
  cpuMillicores: z.array(z.int().nullable()),
  memoryBytes: z.array(z.int().nullable()),
});
export type FiguresHistory = z.infer<typeof figuresHistorySchema>;

/** The fullest of a node's file systems, or null when none could be asked. */
export function fullestDisk({ disks }: Pick<NodeFigures, 'disks'>): DiskFigures | null {
  const share = ({ usedBytes, totalBytes }: DiskFigures): number =>
    totalBytes === 0 ? 0 : usedBytes / totalBytes;
  return disks.reduce<DiskFigures | null>(
    (fullest, disk) => (fullest === null || share(disk) > share(fullest) ? disk : fullest),
    null,
  );
}
