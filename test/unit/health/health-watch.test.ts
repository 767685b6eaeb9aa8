import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { healthCheckSchema } from '../../../common/domain/health.ts';
import {
  beginProgress,
  type HealthProgress,
  type ProbeResult,
} from '../../../node/health/health-progress.ts';
import { type HealthWatch, watchHealth } from '../../../node/health/health-watch.ts';

interface Asked {
  at: number;
  signal: AbortSignal;
  answer: (result: ProbeResult) => void;
}
let asked: Asked[];
let told: HealthProgress[];
let watch: HealthWatch;
beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  asked = [];
  told = [];
});
afterEach(async () => {
  for (const { answer } of asked) answer({ ok: true });
  await watch.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function open(more: Record<string, unknown> = {}, startPeriodEndsAtMs = 0, isFresh = false): void {
  const check = healthCheckSchema.parse({ kind: 'tcp', intervalMs: 1000, timeoutMs: 300, ...more });
  if (check.kind === 'none') throw new Error('no check');
  watch = watchHealth({
    check,
    begin: beginProgress(),
    isFresh,
    startPeriodEndsAtMs,
    probe: (signal) => new Promise((answer) => void asked.push({ at: Date.now(), signal, answer })),
    onProgress: (progress) => void told.push(progress),
    monotonic: () => Date.now(),
    random: () => 0.5,
  });
}
const answer = async (result: ProbeResult): Promise<void> => {
  asked.at(-1)?.answer(result);
  await vi.advanceTimersByTimeAsync(0);
};
const bad: ProbeResult = { ok: false, reason: 'bad' };

test('the first check by chance, the next an interval after its end', async () => {
  open();
  await vi.advanceTimersByTimeAsync(499);
  expect(asked).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(201);
  await answer({ ok: true });
  await vi.advanceTimersByTimeAsync(5000);
  expect(asked.map(({ at }) => at)).toEqual([500, 1700]);
});

test('what was just started is asked at once, and fails no sooner for being asked more often', async () => {
  open({ failureThreshold: 1 }, 0, true);
  for (let step = 0; told.at(-1)?.state !== 'unhealthy' && step < 5000; step += 1) {
    await vi.advanceTimersByTimeAsync(1);
    if (asked.length > told.length) await answer({ ok: false, reason: `at ${Date.now()}` });
  }
  expect(asked.map(({ at }) => at)).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1280]);
  expect(told.map(({ state }) => state)).toEqual([...Array(8).fill('starting'), 'unhealthy']);
});

test('a check that takes for ever is told to end at its time-out, and none begins beside it', async () => {
  open();
  await vi.advanceTimersByTimeAsync(799);
  expect(asked[0]?.signal.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked[0]?.signal.aborted).toBe(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(1);
  await answer(bad);
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toHaveLength(2);
});

test('what changes is told, once', async () => {
  open();
  for (const result of [bad, bad, bad, bad, { ok: true } as const, { ok: true } as const]) {
    await vi.advanceTimersByTimeAsync(1000);
    await answer(result);
  }
  expect(told.map(({ state, reason }) => `${state} ${reason}`.trim())).toEqual([
    'starting bad',
    'unhealthy bad',
    'healthy',
  ]);
});

test('the start period goes by the time of the failure', async () => {
  open({ failureThreshold: 1 }, 2000);
  await vi.advanceTimersByTimeAsync(500);
  await answer(bad);
  await vi.advanceTimersByTimeAsync(1000);
  await answer(bad);
  expect(told.at(-1)?.state).toBe('starting');
  await vi.advanceTimersByTimeAsync(1000);
  await answer(bad);
  expect(told.at(-1)?.state).toBe('unhealthy');
});

test('closing ends the check that is under way, waits for it, and tells nothing of it', async () => {
  open();
  await vi.advanceTimersByTimeAsync(500);
  let closed = false;
  const closing = watch.close().then(() => {
    closed = true;
  });
  expect(asked[0]?.signal.aborted).toBe(true);
  await vi.advanceTimersByTimeAsync(10);
  expect(closed).toBe(false);
  await answer({ ok: true });
  await closing;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual([]);
  expect(asked).toHaveLength(1);
});

test('a check that throws has failed', async () => {
  const check = healthCheckSchema.parse({ kind: 'tcp', failureThreshold: 1 });
  if (check.kind === 'none') throw new Error('no check');
  watch = watchHealth({
    ...{
      check,
      begin: beginProgress(),
      isFresh: false,
      startPeriodEndsAtMs: 0,
      monotonic: () => Date.now(),
      random: () => 0,
    },
    probe: () => Promise.reject(new Error('no package')),
    onProgress: (progress) => void told.push(progress),
  });
  await vi.advanceTimersByTimeAsync(1);
  expect(told).toMatchObject([{ state: 'unhealthy', reason: 'no package' }]);
});
