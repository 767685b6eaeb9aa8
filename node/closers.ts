/** What has been opened and is to be closed, the last one first. */
export interface Closers {
  add(close: () => unknown): void;
  /** Closes all, also when one of them fails. @throws what the first failing one threw */
  closeAll(): Promise<void>;
}

export function createClosers(): Closers {
  const opened: (() => unknown)[] = [];
  return {
    add: (close) => void opened.push(close),
    async closeAll() {
      const failures: unknown[] = [];
      for (const close of opened.splice(0).reverse()) {
        try {
          await close();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}
