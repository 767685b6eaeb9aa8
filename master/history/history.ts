import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { NodeSnapshot } from '../../common/domain/figures.ts';
import type { FiguresOverTime } from '../../common/domain/history.ts';
import { english, factsOf, said, type Told } from '../../common/domain/said.ts';
import { tellError } from '../../common/protocol/errors.ts';
import type { HistoryRow } from '../store/history.ts';
import type { Store } from '../store/open-store.ts';
import { decodeBucket } from './codec.ts';
import { HISTORY_SCOPES, type HistoryScope, keptMs, LEVELS_MS } from './levels.ts';
import { createRecorder, NODE_SERIES } from './recorder.ts';
import { gridOf, type LevelBuckets, resample } from './resample.ts';

/** Figures of nodes and instances over days. */
export interface History {
  /** Takes what a node has just sent, of its own instances only. Costs no I/O. */
  add(nodeId: number, snapshot: NodeSnapshot, at: number): void;
  /** @param instanceId null for the node itself */
  read(query: {
    nodeId: number;
    instanceId: number | null;
    from: number;
    to: number;
    points: number;
  }): Promise<FiguresOverTime>;
  /** Another machine may get its number: nothing of it is kept. */
  removeNode(nodeId: number): Promise<void>;
  /** Writes down what is in memory. The store is the caller's to close, after this. */
  close(): Promise<void>;
}

/** A node that reports closes its buckets itself, at its own moment; so long after their end it is one that is silent. */
const SILENCE_MS = 3_000;
/** Rows written without letting anything else have its turn: a millisecond or two. */
const ROWS_A_TURN = 50;
/** More than ends in a flush; the rest of a longer history goes with the next ones. */
const PRUNED_AT_ONCE = 5_000;

/**
 * Adds figures up in memory and writes them in small pieces each flush. What cannot be written is left out and said, once,
 * in the log, and by every answer as long as it lasts: figures that are lost harm nobody.
 */
export function createHistory(options: {
  store: Pick<Store, 'history'>;
  now: () => number;
  flushIntervalMs: number;
  logger: Pick<Logger, 'warn' | 'info'>;
}): History {
  const { store, now, flushIntervalMs, logger } = options;
  const recorder = createRecorder();
  /** Being written: still to be found by who reads meanwhile. */
  let writing: readonly HistoryRow[] = [];
  let problem: Told = '';
  let flushing: Promise<void> = Promise.resolve();

  const write = async (): Promise<void> => {
    writing = recorder.take();
    const instances = recorder.instances();
    try {
      while (writing.length > 0) {
        await store.history.append(writing.slice(0, ROWS_A_TURN));
        writing = writing.slice(ROWS_A_TURN);
        await nextTurn();
      }
      for (const scope of HISTORY_SCOPES) {
        for (const [level, resolutionMs] of LEVELS_MS.entries()) {
          const before = now() - keptMs(scope, level, instances);
          await store.history.prune({ scope, resolutionMs, before, limit: PRUNED_AT_ONCE });
        }
      }
      if (problem !== '') logger.info('the history of figures is written again');
      problem = '';
    } catch (err) {
      if (problem === '') logger.warn({ err }, 'the history of figures cannot be written; the rest goes on');
      problem = said`history is not being written: ${tellError(err)}`;
    } finally {
      writing = [];
    }
  };
  const flush = (until: number): Promise<void> => {
    flushing = flushing.then(async () => {
      for (const _ of recorder.closeUntil(until)) await nextTurn();
      await write();
    });
    return flushing;
  };
  const timer = setInterval(() => void flush(now() - SILENCE_MS), flushIntervalMs);

  const levelsOf = async (
    scope: HistoryScope,
    nodeId: number,
    id: number,
    from: number,
    to: number,
  ): Promise<LevelBuckets[]> => {
    const open = recorder.open(scope, nodeId, id);
    const inMemory = [...writing, ...recorder.waiting()].filter(
      (row) => row.scope === scope && row.nodeId === nodeId,
    );
    const levels: LevelBuckets[] = [];
    for (const [level, resolutionMs] of LEVELS_MS.entries()) {
      // A bucket that began before may reach into it.
      const stored = await store.history.read({ scope, resolutionMs, nodeId, from: from - resolutionMs, to });
      const rows = [...stored, ...inMemory.filter((row) => row.resolutionMs === resolutionMs)];
      const buckets = rows.flatMap(({ at, data }) => {
        const bucket = decodeBucket(data, id);
        return bucket === null ? [] : [{ at, bucket }];
      });
      const own = open.filter((each) => each.level === level);
      const keptFrom = now() - keptMs(scope, level, recorder.instances());
      levels.push({ buckets: [...buckets, ...own], keptFrom });
    }
    return levels;
  };

  return {
    add: recorder.add,
    async read({ nodeId, instanceId, from, to, points }) {
      const grid = gridOf(from, to, points);
      const end = grid.from + grid.count * grid.stepMs;
      const scope = instanceId === null ? 'node' : 'instances';
      const levels = await levelsOf(scope, nodeId, instanceId ?? NODE_SERIES, grid.from, end);
      return {
        ...{ from: grid.from, stepMs: grid.stepMs, metrics: resample(levels, grid) },
        ...{ problem: english(problem).slice(0, 4096), saidProblem: factsOf(problem) },
      };
    },
    async removeNode(nodeId) {
      recorder.forgetNode(nodeId);
      await flushing;
      await store.history.removeNode(nodeId);
    },
    async close() {
      clearInterval(timer);
      await flush(Number.POSITIVE_INFINITY);
    },
  };
}
