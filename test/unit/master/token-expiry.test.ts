import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTokenExpiry } from '../../../master/access/token-expiry.ts';
import type { TokenRecord } from '../../../master/store/tokens.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

function token(name: string, expiresAt: number | null, revokedAt: number | null = null): TokenRecord {
  return {
    ...{ name, role: 'viewer', hash: '', createdAt: 0, createdBy: '', expiresAt, revokedAt },
    ...{ isJoin: false, nodeId: null },
  };
}

function create() {
  const ended: string[] = [];
  return { ended, expiry: createTokenExpiry({ now: Date.now, end: (name) => ended.push(name) }) };
}

test('each token is ended when its time is over, and one that has none or is revoked is not', () => {
  const { ended, expiry } = create();
  expiry.watch([token('hour', 3_600_000), token('minute', 60_000), token('ever', null), token('gone', 1, 0)]);
  vi.advanceTimersByTime(59_999);
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(ended).toEqual(['minute']);
  vi.advanceTimersByTime(3_600_000);
  expect(ended).toEqual(['minute', 'hour']);
  expect(vi.getTimerCount()).toBe(0);
});

test('a clock that was set ahead is noticed within a minute', () => {
  const { ended, expiry } = create();
  expiry.watch([token('hour', 3_600_000)]);
  vi.setSystemTime(3_600_000);
  vi.advanceTimersByTime(60_000);
  expect(ended).toEqual(['hour']);
});

test('what comes behind its end, from a request that was under way, begins no timer', () => {
  const { expiry } = create();
  expiry.watch([token('minute', 60_000)]);
  expiry.close();
  expect(vi.getTimerCount()).toBe(0);
  expiry.watch([token('minute', 60_000)]);
  expect(vi.getTimerCount()).toBe(0);
});
