import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Rollout } from '../../../common/domain/rollout.ts';
import { createRolloutPush, type RolloutPush } from '../../../master/control/rollout-push.ts';
import { rolloutOf, stepOf } from '../../support/rollouts.ts';

let sent: string[];
let push: RolloutPush;
beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  push = createRolloutPush(({ rolloutId, reason }) => void sent.push(`${rolloutId} ${reason}`));
});
afterEach(() => {
  push.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const of = (rolloutId: number, reason: string, steps: number, change: Partial<Rollout> = {}): Rollout =>
  rolloutOf({
    rolloutId,
    reason,
    steps: Array.from({ length: steps }, (_, at) => stepOf({ instanceId: at + 1 })),
    ...change,
  });

test('of a small rollout every change is told', () => {
  for (const reason of ['a', 'b', 'c']) push.push(of(1, reason, 10));
  expect(sent).toEqual(['1 a', '1 b', '1 c']);
});

test('of a large one the first, and then what it is after a pause', () => {
  for (const reason of ['a', 'b', 'c']) push.push(of(1, reason, 400));
  push.push(of(2, 'other', 400));
  expect(sent).toEqual(['1 a', '2 other']);
  vi.advanceTimersByTime(400);
  expect(sent).toEqual(['1 a', '2 other', '1 c']);
  push.push(of(1, 'd', 400));
  vi.advanceTimersByTime(399);
  expect(sent).toHaveLength(3);
  vi.advanceTimersByTime(1);
  expect(sent.at(-1)).toBe('1 d');
  vi.advanceTimersByTime(10_000);
  push.push(of(1, 'e', 400));
  expect(sent.at(-1)).toBe('1 e');
});

test('a second at most, however large', () => {
  for (const reason of ['a', 'b']) push.push(of(1, reason, 9_000));
  vi.advanceTimersByTime(1_000);
  expect(sent).toEqual(['1 a', '1 b']);
});

test('its end is told at once, and nothing of before behind it', () => {
  for (const reason of ['a', 'b']) push.push(of(1, reason, 400));
  push.push(of(1, 'over', 400, { state: 'succeeded', endedAt: 5 }));
  expect(sent).toEqual(['1 a', '1 over']);
  expect(vi.getTimerCount()).toBe(0);
});
