/** What has to be ended, in the order in which it began to exist. */
export interface Endings {
  add(step: () => unknown): void;
  /** Runs each step once, the latest first, also those behind one that fails. @throws AggregateError of those that failed. */
  run(): Promise<void>;
}

export function createEndings(): Endings {
  const steps: (() => unknown)[] = [];
  return {
    add: (step) => void steps.push(step),
    async run() {
      const errors: unknown[] = [];
      for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
        try {
          await step();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw new AggregateError(errors, `not ended well: ${errors.join('; ')}`);
    },
  };
}
