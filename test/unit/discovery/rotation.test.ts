import { expect, test } from 'vitest';
import { createRotation, type EjectionPolicy } from '../../../common/discovery/rotation.ts';
import { keyOf, type ServiceInstance } from '../../../common/discovery/service-instance.ts';

const POLICY: EjectionPolicy = { maxFailures: 1, firstMs: 1000, lastMs: 4000 };

function instance(instanceId: number, nodeId = 1, pid = 1): ServiceInstance {
  return { instanceId, nodeId, host: `10.0.0.${nodeId}`, port: 8000 + instanceId, pid };
}
function rotationOf(instances: ServiceInstance[], ownNodeId: number | null = null, policy = POLICY) {
  const rotation = createRotation(policy, 0);
  rotation.update(instances, ownNodeId);
  const chosen = (count: number, now = 0): number[] =>
    Array.from({ length: count }, () => rotation.next(now)?.instanceId ?? 0).sort();
  return { rotation, chosen };
}
const [a, b, c] = [instance(1), instance(2), instance(3, 2)];

test('takes turns, evenly', () => {
  const { chosen } = rotationOf([a, b, c]);
  expect(chosen(6)).toEqual([1, 1, 2, 2, 3, 3]);
});

test('nobody there', () => {
  const { rotation } = rotationOf([]);
  expect(rotation.next(0)).toBeNull();
});

test('prefers the own node, and goes elsewhere when nothing healthy is left there', () => {
  const { rotation, chosen } = rotationOf([a, b, c], 2);
  expect(chosen(4)).toEqual([3, 3, 3, 3]);
  rotation.failed(c, 0);
  expect(chosen(4)).toEqual([1, 1, 2, 2]);
  expect(chosen(4, 1000)).toEqual([3, 3, 3, 3]);
});

test('an ejected one is left out, longer each time, and again at once when it fails on its return', () => {
  const { rotation } = rotationOf([a, b], null, { ...POLICY, maxFailures: 2 });
  const outAt = (now: number): boolean => rotation.isEjected(a, now);
  rotation.failed(a, 0);
  expect(outAt(0)).toBe(false);
  rotation.failed(a, 0);
  expect([outAt(999), outAt(1000)]).toEqual([true, false]);
  rotation.failed(a, 1000);
  expect([outAt(2999), outAt(3000)]).toEqual([true, false]);
  rotation.failed(a, 3000);
  rotation.failed(a, 7000);
  expect([outAt(10_999), outAt(11_000)]).toEqual([true, false]);
  rotation.succeeded(a);
  rotation.failed(a, 11_000);
  expect(outAt(11_000)).toBe(false);
});

test('a success between failures starts the count anew', () => {
  const { rotation } = rotationOf([a, b], null, { ...POLICY, maxFailures: 2 });
  for (let times = 0; times < 5; times += 1) {
    rotation.failed(a, 0);
    rotation.succeeded(a);
  }
  expect(rotation.isEjected(a, 0)).toBe(false);
});

test('failures of calls that were under way do not prolong an ejection', () => {
  const { rotation } = rotationOf([a, b]);
  for (let times = 0; times < 50; times += 1) rotation.failed(a, 0);
  expect(rotation.isEjected(a, 1000)).toBe(false);
});

test('the last one is never ejected; its failure gives the others another chance', () => {
  const { rotation, chosen } = rotationOf([a, b]);
  rotation.failed(a, 0);
  expect(chosen(4)).toEqual([2, 2, 2, 2]);
  rotation.failed(b, 1);
  expect(rotation.isEjected(b, 1)).toBe(false);
  expect(chosen(4, 1)).toEqual([1, 1, 2, 2]);
  rotation.failed(a, 2);
  expect(chosen(4, 2)).toEqual([2, 2, 2, 2]);
  expect(rotation.isEjected(a, 2001)).toBe(true);
  const alone = rotationOf([a]);
  for (let now = 0; now < 100; now += 1) alone.rotation.failed(a, now);
  expect(alone.chosen(2, 100)).toEqual([1, 1]);
});

test('what is known stays over updates; one that was started anew has a clean slate', () => {
  const { rotation } = rotationOf([a, b, c]);
  rotation.failed(a, 0);
  rotation.failed(b, 0);
  rotation.update([c, instance(1, 1, 2), b], null);
  expect(rotation.isEjected(b, 0)).toBe(true);
  expect(rotation.isEjected(instance(1, 1, 2), 0)).toBe(false);
  rotation.failed(a, 0);
  expect(rotation.isEjected(instance(1, 1, 2), 0)).toBe(false);
});

test('a call that has tried all healthy ones gets an ejected one rather than none', () => {
  const { rotation } = rotationOf([a, b]);
  rotation.failed(a, 0);
  expect(rotation.next(0, new Set([keyOf(b)]))).toBe(a);
  expect(rotation.next(0, new Set([keyOf(a), keyOf(b)]))).toBeNull();
});
