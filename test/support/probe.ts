import { fetchText } from './local-system.ts';

export interface Probe {
  /** Requests answered so far. */
  answered(): number;
  /** What went wrong, each with what was said. */
  failures(): string[];
  stop(): Promise<void>;
}

/** Asks a service over HTTP again and again, one connection each, and remembers every failure. */
export function startProbe(host: string, port: number, expected: string): Probe {
  let answered = 0;
  let stopped = false;
  const failures: string[] = [];
  const loop = (async () => {
    while (!stopped) {
      try {
        const body = await fetchText(host, port);
        if (body.includes(expected)) answered += 1;
        else
          failures.push(
            `port ${port} answered ${JSON.stringify(body)} instead of ${JSON.stringify(expected)}`,
          );
      } catch (error) {
        failures.push(`port ${port}: ${(error as Error).message}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return {
    answered: () => answered,
    failures: () => failures,
    stop: () => {
      stopped = true;
      return loop;
    },
  };
}
