import { type FSWatcher, watch } from 'node:fs';

/** Tells many waiters of changes to files, with one inotify(7) watch a file, and none for a file nobody waits for. */
export interface ChangeWatch {
  /**
   * Calls `listener` after every change until the returned function is called. May call it without one. The inode
   * keeps those who wait for a file apart from those of a deleted one of the same path.
   */
  subscribe(path: string, inode: number, listener: () => void): () => void;
  /** Ends all watches, and calls every listener once more. */
  close(): void;
}

interface Watched {
  readonly listeners: Set<() => void>;
  stop(): void;
}

export interface ChangeWatchOptions {
  /** How often a file is looked at where no watch is to be had (`fs.inotify.max_user_watches`). */
  readonly pollIntervalMs: number;
  readonly startWatch?: (path: string, listener: () => void) => FSWatcher;
}

export function createChangeWatch({
  pollIntervalMs,
  startWatch = (path, listener) => watch(path, listener),
}: ChangeWatchOptions): ChangeWatch {
  const watched = new Map<string, Watched>();

  const begin = (path: string): Watched => {
    const listeners = new Set<() => void>();
    const tell = (): void => {
      for (const listener of [...listeners]) listener();
    };
    let watcher: FSWatcher | null = null;
    let timer: NodeJS.Timeout | null = null;
    // Whoever listens looks at the file itself, so polling is no more than telling it to.
    const poll = (): void => {
      watcher?.close();
      watcher = null;
      timer ??= setInterval(tell, pollIntervalMs);
    };
    try {
      watcher = startWatch(path, tell);
      watcher.on('error', poll);
    } catch {
      poll();
    }
    return {
      listeners,
      stop() {
        watcher?.close();
        if (timer !== null) clearInterval(timer);
      },
    };
  };

  return {
    subscribe(path, inode, listener) {
      const key = `${inode}:${path}`;
      const entry = watched.get(key) ?? begin(path);
      watched.set(key, entry);
      entry.listeners.add(listener);
      return () => {
        if (!entry.listeners.delete(listener) || entry.listeners.size > 0) return;
        entry.stop();
        if (watched.get(key) === entry) watched.delete(key);
      };
    },
    close() {
      for (const entry of watched.values()) {
        entry.stop();
        for (const listener of [...entry.listeners]) listener();
      }
      watched.clear();
    },
  };
}
