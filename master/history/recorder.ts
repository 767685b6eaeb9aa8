import type { NodeSnapshot } from '../../common/domain/figures.ts';
import { type InstanceFigures, type NodeFigures, unpackFigures } from '../../common/domain/figures.ts';
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
  /** Closes what ended before `now`; `Infinity` closes all. */
  closeUntil(now: number): void;
  /** The rows made since they were last taken. */
  take(): HistoryRow[];
  /** Rows made and not taken. */
  waiting(): readonly HistoryRow[];
  open(scope: HistoryScope, nodeId: number, id: number): OpenBucket[];
  forgetNode(nodeId: number): void;
  instances(): number;
}

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
      addSample(series.node[0] ?? newSums(), nodeValues(node));
      for (const figures of unpackFigures(instances)) {
        const sums = series.instances.get(figures.instanceId) ?? newSeries();
        series.instances.set(figures.instanceId, sums);
        addSample(sums[0] ?? newSums(), instanceValues(figures));
      }
    },
    closeUntil(now) {
      for (const [nodeId, series] of nodes) {
        // The finest first: it goes into the one above.
        LEVELS_MS.forEach((resolutionMs, level) => {
          const at = series.openedAt[level] ?? null;
          if (at !== null && at + resolutionMs <= now) close(nodeId, series, level);
        });
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
      return (sums ?? []).flatMap((each, level) => {
        const at = series?.openedAt[level] ?? null;
        const bucket = at === null ? null : bucketOf(each);
        return at === null || bucket === null ? [] : [{ level, at, bucket }];
      });
    },
    forgetNode(nodeId) {
      nodes.delete(nodeId);
      rows = rows.filter((row) => row.nodeId !== nodeId);
    },
    instances: () => [...nodes.values()].reduce((sum, series) => sum + series.instances.size, 0),
  };
}

/** In the order of `HISTORY_METRICS`. */
function nodeValues({ cpuMillicores, memoryUsedBytes, pressure, load }: NodeFigures): (number | null)[] {
  const loadHundredths = Math.round(load[0] * 100);
  return [cpuMillicores, memoryUsedBytes, null, pressure.cpu, pressure.memory, pressure.io, loadHundredths];
}

function instanceValues(figures: InstanceFigures): (number | null)[] {
  const { cpuMillicores, memoryBytes, throttledPermille, pressure } = figures;
  return [cpuMillicores, memoryBytes, throttledPermille, pressure.cpu, pressure.memory, pressure.io, null];
}
