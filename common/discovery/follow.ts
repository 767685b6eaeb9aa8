import { setTimeout as sleep } from 'node:timers/promises';
import { DiscoveryError } from './discovery-error.ts';
import { isSameList, type ServiceState } from './service-instance.ts';
import type { Reading, RegistrySource } from './source.ts';

/** Keeps up with one service for as long as somebody follows it. */
export interface Follower {
  /** What was last read; null before the first time. */
  state(): ServiceState | null;
  /** Resolves with the first that could be read. @throws DiscoveryError `unavailable`, `closed` */
  ready(): Promise<ServiceState>;
  listen(listener: (state: ServiceState) => void): () => void;
  /** Ends the request or the pause that is under way. */
  close(): void;
}

export interface FollowTimes {
  /** How long an agent is asked to wait for something new. */
  waitMs: number;
  /** Pause before an agent that did not answer is asked again; doubled up to `lastRetryMs`, less up to half at random. */
  firstRetryMs: number;
  lastRetryMs: number;
  /** How often a file is read where there is no agent to ask. */
  fileEveryMs: number;
}

export const DEFAULT_TIMES: FollowTimes = {
  waitMs: 30_000,
  firstRetryMs: 100,
  lastRetryMs: 5_000,
  fileEveryMs: 1_000,
};

/** Should something answer at once each time, contrary to what was asked, it is still not asked without a break. */
const BETWEEN_ANSWERS_MS = 20;

/**
 * One long poll after the other. While the agent does not answer the file that it left is read instead; when that cannot be
 * read either, what was known last stays.
 */
export function follow(
  name: string,
  source: RegistrySource,
  times: FollowTimes,
  random: () => number,
): Follower {
  const ended = new AbortController();
  const { signal } = ended;
  const listeners = new Set<(state: ServiceState) => void>();
  const first = Promise.withResolvers<ServiceState>();
  // Somebody who only listens need not handle it.
  first.promise.catch(() => {});
  let state: ServiceState | null = null;

  function take(reading: Reading | null): void {
    if (reading === null || signal.aborted) return;
    const before = state;
    // A file may not know its node; that does not change while a program runs.
    state = { instances: reading.instances, nodeId: reading.nodeId ?? before?.nodeId ?? null };
    first.resolve(state);
    if (before !== null && isSameList(before.instances, state.instances) && before.nodeId === state.nodeId)
      return;
    for (const listener of [...listeners]) notify(listener, state);
  }

  async function run(): Promise<void> {
    let etag: string | null = null;
    let failures = 0;
    while (!signal.aborted) {
      if (source.hasAgent) {
        try {
          const reading = await source.ask(name, etag, times.waitMs, signal);
          take(reading);
          etag = reading?.etag ?? etag;
          failures = 0;
          await sleep(BETWEEN_ANSWERS_MS, null, { signal }).catch(() => {});
          continue;
        } catch {
          // Whatever it was, the file may still be there, and the agent may come back.
          etag = null;
        }
        if (signal.aborted) return;
      }
      await source.readFile(name).then(take, (error: unknown) => first.reject(error));
      const pause = Math.min(times.lastRetryMs, times.firstRetryMs * 2 ** Math.min(failures, 20));
      failures += 1;
      await sleep(source.hasAgent ? pause * (1 - random() / 2) : times.fileEveryMs, null, { signal }).catch(
        () => {},
      );
    }
  }
  void run();

  return {
    state: () => state,
    ready: async () => state ?? first.promise,
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      ended.abort();
      listeners.clear();
      first.reject(new DiscoveryError('closed', `${name} is followed no more`));
    },
  };
}

/** An error of the listener's is the program's to see, as an uncaught one; following goes on. */
function notify(listener: (state: ServiceState) => void, state: ServiceState): void {
  try {
    listener(state);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
