export interface Checker {
  /** Makes one check: a line that says `ok`, or `FAILED` with what was thrown. A failure does not end the scenario. */
  check(what: string, body: () => void | Promise<void>): Promise<void>;
}

/** The words of checks.sh for scenarios in TypeScript. */
export function createChecker(scenario: string, out: NodeJS.WritableStream): Checker {
  return {
    async check(what, body) {
      try {
        await body();
        out.write(`ok ${scenario}: ${what}\n`);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        out.write(`FAILED ${scenario}: ${what}: ${why.replace(/\s+/g, ' ').slice(0, 400)}\n`);
      }
    },
  };
}
