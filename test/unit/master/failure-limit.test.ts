import { expect, test } from 'vitest';
import { createFailureLimit } from '../../../master/access/failure-limit.ts';

let now = 0;
const create = (burst = 3, capacity = 10) =>
  createFailureLimit({ burst, refillMs: 1000, capacity, clock: () => now });

test('an address may fail so often, is blocked then, and has one more try after each pause', () => {
  now = 5;
  const limit = create();
  for (const free of [1, 2, 3]) {
    expect(limit.blockedForMs('a'), `before failure ${free}`).toBe(0);
    limit.failed('a');
  }
  expect(limit.blockedForMs('a')).toBe(1000);
  expect(limit.blockedForMs('b')).toBe(0);
  now += 400;
  expect(limit.blockedForMs('a')).toBe(600);
  now += 600;
  expect(limit.blockedForMs('a')).toBe(0);
  limit.failed('a');
  expect(limit.blockedForMs('a')).toBe(1000);
});

test('what was not used comes back only up to the burst', () => {
  now = 0;
  const limit = create(2);
  limit.failed('a');
  now += 1_000_000;
  limit.failed('a');
  expect(limit.blockedForMs('a')).toBe(0);
  limit.failed('a');
  expect(limit.blockedForMs('a')).toBe(1000);
});

test('failures while blocked do not block for longer', () => {
  now = 0;
  const limit = create(1);
  for (let count = 0; count < 100; count += 1) limit.failed('a');
  expect(limit.blockedForMs('a')).toBe(1000);
});

test('of many addresses the one that failed longest ago is forgotten', () => {
  now = 0;
  const limit = create(1, 2);
  for (const address of ['a', 'b', 'a', 'c']) limit.failed(address);
  expect(['a', 'b', 'c'].map((address) => limit.blockedForMs(address) > 0)).toEqual([true, false, true]);
});
