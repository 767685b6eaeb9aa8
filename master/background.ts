import type { Logger } from 'pino';

/** Owns work that nobody waits for: a failure is logged, and `settle` waits for the rest at shutdown. */
export interface Background {
  run(what: string, work: () => Promise<unknown>): void;
  /** Work that somebody waits for, who may be gone before it ends: `settle` waits for it too. */
  track<T>(work: Promise<T>): Promise<T>;
  settle(): Promise<void>;
}

export function createBackground(logger: Logger): Background {
  const running = new Set<Promise<unknown>>();
  const add = (task: Promise<unknown>): void => {
    running.add(task);
    void task.finally(() => running.delete(task));
  };
  return {
    run(what, work) {
      add(work().catch((err: unknown) => logger.error({ err }, `${what} failed`)));
    },
    track(work) {
      // Its failure is told by whoever waits for it.
      add(work.catch(() => {}));
      return work;
    },
    async settle() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}

/** Runs `work` on every item, at most `limit` side by side; results are in the order of the items. */
export async function mapBounded<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      const item = items[index] as T;
      results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
