/** What has to be ended, in the order in which it began to exist. */
export interface Endings {
  /** Once the end has begun, it is done at once: whatever is interrupted may go on for a moment, and begin more. */
  add(step: () => unknown): void;
  /** Runs each step once, the latest first, also those behind one that fails. @throws AggregateError of those that failed. */
  run(): Promise<void>;
}

export function createEndings(): Endings {
  const steps: (() => unknown)[] = [];
  const errors: unknown[] = [];
  let running: Promise<void> | null = null;

  const runAll = async (): Promise<void> => {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
  };

  return {
    add(step) {
      steps.push(step);
      running = running?.then(runAll) ?? null;
    },
    async run() {
      running ??= runAll();
      // More may have been added behind it.
      for (let seen: unknown = null; seen !== running; ) {
        seen = running;
        await running;
      }
      if (errors.length > 0)
        throw new AggregateError(errors, `not ended well: ${errors.splice(0).join('; ')}`);
    },
  };
}
