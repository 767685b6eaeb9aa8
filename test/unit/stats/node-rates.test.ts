import { expect, test } from 'vitest';
import { busyMillicores, coreMillicores, networkRates } from '../../../node/stats/node-rates.ts';

const ticks = (busyTicks: number, totalTicks: number) => ({ busyTicks, totalTicks });
const bytes = (received: number, sent: number) => ({ received, sent });

test('the machine: share of ticks times CPUs, never negative', () => {
  expect(busyMillicores(ticks(10, 100), ticks(60, 200), 4)).toBe(2000);
  expect(busyMillicores(ticks(10, 100), ticks(9, 200), 4)).toBe(0);
  expect(busyMillicores(ticks(10, 100), ticks(10, 100), 4)).toBe(0);
});

test('each core by its number; one that came online, or stepped back, is 0', () => {
  const before = new Map([
    [0, ticks(10, 100)],
    [1, ticks(10, 100)],
    [3, ticks(50, 100)],
  ]);
  const now = new Map([
    [0, ticks(35, 200)],
    [2, ticks(900, 1000)],
    [3, ticks(49, 200)],
  ]);
  expect(coreMillicores(before, now)).toEqual([250, 0, 0]);
});

test('network: bytes a second over all interfaces, by the time that really passed', () => {
  const before = new Map([
    ['eth0', bytes(1000, 500)],
    ['eth1', bytes(0, 0)],
  ]);
  const now = new Map([
    ['eth0', bytes(4000, 500)],
    ['eth1', bytes(0, 1000)],
  ]);
  expect(networkRates(before, now, 2000)).toEqual({ receivedPerSecond: 1500, sentPerSecond: 500 });
  expect(networkRates(before, now, 0)).toEqual({ receivedPerSecond: 0, sentPerSecond: 0 });
});

test('network: an interface that is new or was made anew makes no peak and hides no other', () => {
  const before = new Map([
    ['eth0', bytes(1000, 1000)],
    ['veth1', bytes(9000, 9000)],
    ['veth2', bytes(9000, 10)],
    ['gone', bytes(5, 5)],
  ]);
  const now = new Map([
    ['eth0', bytes(1100, 1200)],
    ['veth1', bytes(10, 9999)],
    ['veth2', bytes(9999, 5)],
    ['veth3', bytes(7_000_000, 7_000_000)],
  ]);
  expect(networkRates(before, now, 1000)).toEqual({ receivedPerSecond: 100, sentPerSecond: 200 });
});
