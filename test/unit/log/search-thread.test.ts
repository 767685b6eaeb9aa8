import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type SearchThread, startSearchThread } from '../../../node/log/search/search-thread.ts';

const WORKER = fileURLToPath(new URL('../../../node/log/search/search-worker.ts', import.meta.url));
/** Takes for ever. */
const PATTERN = { pattern: '^(a+)+$', syntax: 'regex', ignoreCase: false } as const;

let thread: SearchThread;
let cpuMs: number;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  cpuMs = 0;
  thread = startSearchThread(WORKER, PATTERN, undefined, () => cpuMs);
});
afterEach(async () => {
  vi.useRealTimers();
  await thread.close();
});

test('a thread that a busy machine gives no turn is not given up; one that has used its time is', async () => {
  let isOver = false;
  const scanning = thread
    .scan({
      ...{ chunk: new Uint8Array(Buffer.from(`${'a'.repeat(100)}!\n`)), direction: 'forward' as const },
      ...{ maxMs: 0, maxMatches: 1, isEdge: true },
    })
    .catch((error: unknown) => {
      isOver = true;
      return error;
    });
  while (vi.getTimerCount() === 0) await turn();
  for (let round = 0; round < 3; round += 1) {
    await vi.advanceTimersByTimeAsync(2_000);
    await turn();
  }
  expect(isOver).toBe(false);
  cpuMs = 2_000;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await scanning).toMatchObject({ code: 'timeout', message: expect.stringContaining('2000 ms') });
});
