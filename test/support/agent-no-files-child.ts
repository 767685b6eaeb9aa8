import { closeSync, openSync } from 'node:fs';
import { findShims } from '../../node/process/shims.ts';
import { observeRun } from '../../node/supervisor/observe.ts';
import type { Run } from '../../node/supervisor/record.ts';

/** Looks at a run while this process has no file descriptor left, and again when it has: prints both, as JSON. */
const { run, record } = JSON.parse(process.argv[2] ?? '') as { run: Run; record: string };
const look = (): Promise<string> =>
  observeRun(run, record, 'unknown', {
    ...{ bootId: run.bootId, procRoot: '/proc' },
    ...{ findShims: () => findShims(), pids: async () => [] },
  }).then(
    ({ kind }) => kind,
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
// Whatever is loaded late is there by then.
await look();
const taken: number[] = [];
try {
  for (;;) taken.push(openSync('/dev/null', 'r'));
} catch {
  // none is left
}
const without = await look();
for (const handle of taken) closeSync(handle);
process.stdout.write(JSON.stringify([without, await look()]));
