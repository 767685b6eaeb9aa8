import { z } from 'zod';
import { idSchema, timestampSchema } from './names.ts';

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
}

/**
 * Samples of many instances in one flat array of integers, six a piece in the order of `InstanceFigures`.
 * With 20,000 instances a second, field names would be most of the bytes and objects most of the parsing.
 */
export const packedFiguresSchema = z
  .array(z.int())
  .max(6 * 100_000)
  .refine((values) => values.length % 6 === 0, 'length must be a multiple of 6');
export type PackedFigures = z.infer<typeof packedFiguresSchema>;

/** Numbers per instance in `PackedFigures`. */
export const FIGURES_STRIDE = 6;

export function packFigures(samples: readonly InstanceFigures[]): PackedFigures {
  const packed: number[] = [];
  for (const sample of samples) {
    packed.push(
      sample.instanceId,
      Math.round(sample.cpuMillicores),
      Math.round(sample.memoryBytes),
      sample.pids,
      Math.round(sample.throttledPermille),
      sample.oomKills,
    );
  }
  return packed;
}

export function unpackFigures(packed: PackedFigures): InstanceFigures[] {
  const samples: InstanceFigures[] = [];
  for (let at = 0; at + FIGURES_STRIDE <= packed.length; at += FIGURES_STRIDE) {
    const value = (field: number): number => packed[at + field] ?? 0;
    samples.push({
      instanceId: value(0),
      cpuMillicores: value(1),
      memoryBytes: value(2),
      pids: value(3),
      throttledPermille: value(4),
      oomKills: value(5),
    });
  }
  return samples;
}

/** One sample of a machine. */
export const nodeFiguresSchema = z.object({
  /** CPU used by all processes, in thousandths of a core. */
  cpuMillicores: z.int().nonnegative(),
  /** `MemTotal - MemAvailable` of `/proc/meminfo`. */
  memoryUsedBytes: z.int().nonnegative(),
  memoryTotalBytes: z.int().nonnegative(),
  /** 1, 5 and 15 minute load averages. */
  load: z.tuple([z.number(), z.number(), z.number()]),
  /** The file system that holds the agent's state. */
  diskUsedBytes: z.int().nonnegative(),
  diskTotalBytes: z.int().nonnegative(),
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
