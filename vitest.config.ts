import { defineConfig } from 'vitest/config';

/**
 * One project per kind of test, so that `npm run check` can run the fast ones alone. The limits are for what hangs: a machine
 * that has ten other things to do takes ten times as long, and that is no failure.
 */
const project = (
  name: string,
  timeoutMs: number,
  more: { maxWorkers?: number; isolate?: boolean; sequence?: { groupOrder: number } } = {},
) => ({
  // React's production build, which the tests run as the product does, has no development JSX runtime.
  oxc: { jsx: { runtime: 'automatic' as const, development: false } },
  test: {
    name,
    include: [`test/${name}/**/*.test.{ts,tsx}`],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    maxWorkers: 2,
    env: { NODE_ENV: 'production', LC_ALL: 'C.UTF-8', TZ: 'UTC' },
    ...more,
  },
});

export default defineConfig({
  test: {
    // What was expected and what was there, whole: CI shows the first line of an error.
    chaiConfig: { truncateThreshold: 0 },
    projects: [
      // No module keeps state, so the files of a worker can share their imports: half the time. Some of them wait, for which a
      // third worker makes up on two cores. Those of another number of workers run in another group.
      project('unit', 60_000, { isolate: false, maxWorkers: 3 }),
      project('contract', 120_000, { sequence: { groupOrder: 1 } }),
      project('screen', 120_000, { sequence: { groupOrder: 1 } }),
      project('e2e', 300_000, { maxWorkers: 1, sequence: { groupOrder: 2 } }),
    ],
  },
});
