import {
  FIGURES_STRIDE,
  type NodeFigures,
  type NodeSnapshot,
  type PackedFigures,
} from '../../common/domain/figures.ts';
import { HISTORY_METRICS, type HistoryMetric } from '../../common/domain/history.ts';
import type { HistoryRow } from '../store/history.ts';
import { addBucket, addSample, bucketOf, type FigureBucket, newSums, type Sums } from './bucket.ts';
import { encodeBuckets } from './codec.ts';
import { type HistoryScope, LEVELS_MS } from './levels.ts';

/** A bucket that is not in a row yet. */
export interface OpenBucket {
  readonly level: number;
  readonly at: number;
  readonly bucket: FigureBucket;
}

/** Adds samples up, and makes a row of each node's buckets when their time is over. Pure but for what it remembers. */
export interface Recorder {
  /** @param at master's clock */
  add(nodeId: number, snapshot: NodeSnapshot, at: number): void;
  /**
   * Closes what ended before `now`; `Infinity` closes all. In pieces, between which anything else may have its turn: at the end of a
   * minute those of all nodes end together, which took 60 ms with 20,000 instances.
   */
  closeUntil(now: number): Generator<void>;
  /** The rows made since they were last taken. */
  take(): HistoryRow[];
  /** Rows made and not taken. */
  waiting(): readonly HistoryRow[];
  /** What of a series is in no row yet, at each level; there may be several of one span. */
  open(scope: HistoryScope, nodeId: number, id: number): OpenBucket[];
  forgetNode(nodeId: number): void;
  instances(): number;
}

/** A millisecond or two with 20 instances each. */
const NODES_A_PIECE = 25;

/** The one series of the rows of scope `node`. */
export const NODE_SERIES = 0;

interface NodeSeries {
  /** By level: when the open bucket began; null when there is none. */
  readonly openedAt: (number | null)[];
  /** By level. */
  readonly node: Sums[];
  readonly instances: Map<number, Sums[]>;
}

const newSeries = (): Sums[] => LEVELS_MS.map(newSums);

export function createRecorder(): Recorder {
  const nodes = new Map<number, NodeSeries>();
  let rows: HistoryRow[] = [];

  const close = (nodeId: number, series: NodeSeries, level: number): void => {
    const at = series.openedAt[level] ?? null;
    const resolutionMs = LEVELS_MS[level];
    if (at === null || resolutionMs === undefined) return;
    series.openedAt[level] = null;
    const above = LEVELS_MS[level + 1];
    if (above !== undefined) openAt(nodeId, series, level + 1, at - (at % above));
    const taken = (sums: Sums[]): FigureBucket | null => {
      const [own, next] = [sums[level], sums[level + 1]];
      const bucket = own === undefined ? null : bucketOf(own);
      if (bucket !== null && next !== undefined) addBucket(next, bucket);
      own?.fill(0);
      return bucket;
    };
    const node = taken(series.node);
    const instances: [number, FigureBucket][] = [];
    for (const [instanceId, sums] of series.instances) {
      const bucket = taken(sums);
      if (bucket !== null) instances.push([instanceId, bucket]);
      // It had no sample as long as the longest bucket: it is stopped or gone.
      else if (above === undefined && sums.every((each) => bucketOf(each) === null))
        series.instances.delete(instanceId);
    }
    if (node !== null)
      rows.push({ scope: 'node', resolutionMs, nodeId, at, data: encodeBuckets([[NODE_SERIES, node]]) });
    if (instances.length > 0)
      rows.push({ scope: 'instances', resolutionMs, nodeId, at, data: encodeBuckets(instances) });
  };

  const openAt = (nodeId: number, series: NodeSeries, level: number, at: number): void => {
    if (series.openedAt[level] === at) return;
    close(nodeId, series, level);
    series.openedAt[level] = at;
  };

  return {
    add(nodeId, { node, instances }, at) {
      const series = nodes.get(nodeId) ?? {
        openedAt: LEVELS_MS.map(() => null),
        node: newSeries(),
        instances: new Map(),
      };
      nodes.set(nodeId, series);
      openAt(nodeId, series, 0, at - (at % LEVELS_MS[0]));
      addNode(series.node, node);
      for (let index = 0; index < instances.length; index += FIGURES_STRIDE) {
        const instanceId = instances[index] ?? 0;
        let sums = series.instances.get(instanceId);
        if (sums === undefined) {
          sums = newSeries();
          series.instances.set(instanceId, sums);
        }
        addInstance(sums, instances, index);
      }
    },
    *closeUntil(now) {
      let looked = 0;
      for (const [nodeId, series] of nodes) {
        // The finest first: it goes into the one above.
        LEVELS_MS.forEach((resolutionMs, level) => {
          const at = series.openedAt[level] ?? null;
          if (at !== null && at + resolutionMs <= now) close(nodeId, series, level);
        });
        looked += 1;
        if (looked % NODES_A_PIECE === 0) yield;
      }
    },
    take() {
      const taken = rows;
      rows = [];
      return taken;
    },
    waiting: () => rows,
    open(scope, nodeId, id) {
      const series = nodes.get(nodeId);
      const sums = scope === 'node' ? series?.node : series?.instances.get(id);
      const own = (sums ?? []).flatMap((each, level) => {
        const at = series?.openedAt[level] ?? null;
        const bucket = at === null ? null : bucketOf(each);
        return at === null || bucket === null ? [] : [{ level, at, bucket }];
      });
      // What is open at a finer level has not reached the coarser ones yet.
      return LEVELS_MS.flatMap((resolutionMs, level) =>
        own
          .filter((each) => each.level <= level)
          .map(({ at, bucket }) => ({ level, at: at - (at % resolutionMs), bucket })),
      );
    },
    forgetNode(nodeId) {
      nodes.delete(nodeId);
      rows = rows.filter((row) => row.nodeId !== nodeId);
    },
    instances: () => [...nodes.values()].reduce((sum, series) => sum + series.instances.size, 0),
  };
}

const at = (metric: HistoryMetric): number => HISTORY_METRICS.indexOf(metric);
const CPU = at('cpuMillicores');
const MEMORY = at('memoryBytes');
const CPU_PRESSURE = at('cpuPressurePermille');
const MEMORY_PRESSURE = at('memoryPressurePermille');
const IO_PRESSURE = at('ioPressurePermille');
const LOAD = at('loadHundredths');

/** By their place in packed figures: the fields of an instance whose metric has one. */
const PACKED: readonly (readonly [offset: number, metric: number])[] = [
  [1, CPU],
  [2, MEMORY],
  [4, at('throttledPermille')],
  [6, CPU_PRESSURE],
  [7, MEMORY_PRESSURE],
  [8, IO_PRESSURE],
];

function addInstance([sums]: readonly Sums[], figures: PackedFigures, index: number): void {
  if (sums === undefined) return;
  for (const [offset, metric] of PACKED) {
    const value = figures[index + offset] ?? -1;
    // A pressure that is not known is -1.
    if (value >= 0) addSample(sums, metric, value);
  }
}

function addNode([sums]: readonly Sums[], figures: NodeFigures): void {
  if (sums === undefined) return;
  const { cpuMillicores, memoryUsedBytes, pressure, load } = figures;
  addSample(sums, CPU, cpuMillicores);
  addSample(sums, MEMORY, memoryUsedBytes);
  addSample(sums, LOAD, Math.max(0, Math.round(load[0] * 100)));
  if (pressure.cpu !== null) addSample(sums, CPU_PRESSURE, pressure.cpu);
  if (pressure.memory !== null) addSample(sums, MEMORY_PRESSURE, pressure.memory);
  if (pressure.io !== null) addSample(sums, IO_PRESSURE, pressure.io);
}
