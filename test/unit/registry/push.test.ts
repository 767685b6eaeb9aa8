import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NO_HEALTH } from '../../../common/domain/health.ts';
import type { InstanceStatus } from '../../../common/domain/instance.ts';
import type { RegistryChange } from '../../../common/domain/registry.ts';
import { limitsSchema, serviceSpecSchema } from '../../../common/domain/service.ts';
import { createFleetModel, type FleetModel } from '../../../master/fleet/fleet-model.ts';
import { createRegistry, type Registry } from '../../../master/handlers/registry.ts';
import { nodeRecord } from '../../support/node-record.ts';

const STARTED_AT = 1_000_000;
let fleet: FleetModel;
let registry: Registry;
let sent: { at: number; room: string; change: RegistryChange }[];
let joined: string[];

beforeEach(() => {
  vi.useFakeTimers({ now: STARTED_AT });
  fleet = createFleetModel();
  sent = [];
  joined = [];
  for (const nodeId of [1, 2]) putNode(nodeId, false);
  for (const instanceId of [1, 2]) {
    fleet.putInstance({
      instanceId,
      serviceId: 1,
      spec: serviceSpecSchema.parse({ name: 'web', type: 'node' }),
      heldLaunch: null,
      nodeId: instanceId,
      host: '0.0.0.0',
      port: 80,
      limits: limitsSchema.parse({}),
      desired: 'running',
      revision: 1,
      restartGeneration: 0,
      release: null,
      config: null,
      nextConfig: null,
      removing: false,
    });
    runs(instanceId, 100 + instanceId);
  }
  registry = createRegistry({
    fleet,
    send: (room, change) => void sent.push({ at: Date.now() - STARTED_AT, room, change }),
    join: (room, other) => void joined.push(`${room} ${other}`),
    now: Date.now,
    intervalMs: 250,
    graceMs: 10_000,
    startGraceMs: 30_000,
    maxStartGraceMs: 120_000,
  });
});
afterEach(() => {
  registry.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function putNode(nodeId: number, up: boolean): void {
  const innerAddress = `10.0.0.${nodeId}`;
  fleet.putNode(nodeRecord({ nodeId, innerAddress, lastSeenAt: 0 }), up);
}
function runs(instanceId: number, pid: number): void {
  const status = { instanceId, state: 'running', pid, health: NO_HEALTH } as InstanceStatus;
  fleet.putStatuses(instanceId, [status]);
}
const ids = (): number[] => registry.entries().map(({ instanceId }) => instanceId);

test('what is known at the start is there at once, and is said whole', () => {
  registry.welcome(1, undefined);
  expect(sent).toMatchObject([{ room: 'node:1', change: { kind: 'all' } }]);
  expect(sent[0]?.change).toMatchObject({
    entries: [{ instanceId: 1, host: '10.0.0.1' }, { instanceId: 2 }],
  });
  expect(joined).toEqual(['node:1 registry']);
});

test('at most four pushes a second, the first one soon, the last one complete', () => {
  for (let step = 0; step < 100; step += 1) {
    runs(1, 1000 + step);
    vi.advanceTimersByTime(10);
  }
  vi.advanceTimersByTime(1000);
  expect(sent.map(({ at }) => at)).toEqual([30, 280, 530, 780, 1030]);
  expect(sent.at(-1)?.change).toMatchObject({ changed: [{ pid: 1099 }], removedInstanceIds: [] });
  expect(sent.every(({ room }) => room === 'registry')).toBe(true);
});

test('a change that is taken back, or that is none, is not pushed', () => {
  runs(1, 5);
  runs(1, 101);
  putNode(1, true);
  vi.advanceTimersByTime(1000);
  expect(sent).toEqual([]);
});

test('nodes that do not come after the start of the master leave after 30 s, if others have the service', () => {
  putNode(1, true);
  vi.advanceTimersByTime(29_999);
  expect(ids()).toEqual([1, 2]);
  vi.advanceTimersByTime(1);
  expect(ids()).toEqual([1]);
  expect(sent).toMatchObject([
    { at: 30_000, change: { kind: 'delta', changed: [], removedInstanceIds: [2] } },
  ]);
});

test('while nodes arrive after the start, those that are missing stay: up to 30 s behind the last one', () => {
  vi.advanceTimersByTime(25_000);
  putNode(1, true);
  vi.advanceTimersByTime(25_000);
  putNode(3, true);
  // It is cordoned, say.
  putNode(2, false);
  // Not for the first time.
  for (const isUp of [false, true]) putNode(1, isUp);
  vi.advanceTimersByTime(29_999);
  expect(ids()).toEqual([1, 2]);
  vi.advanceTimersByTime(1);
  expect(ids()).toEqual([1]);
  // Too late for those that have left.
  putNode(4, true);
  putNode(2, false);
  vi.advanceTimersByTime(1_000);
  expect(ids()).toEqual([1]);
  putNode(2, true);
  vi.advanceTimersByTime(1_000);
  expect(ids()).toEqual([1, 2]);
});

test('however long nodes arrive, those that are missing leave 2 minutes after the start', () => {
  for (let at = 10_000; at <= 110_000; at += 10_000) {
    vi.advanceTimersByTime(10_000);
    putNode(at === 10_000 ? 1 : at, true);
  }
  vi.advanceTimersByTime(9_999);
  expect(ids()).toEqual([1, 2]);
  vi.advanceTimersByTime(1);
  expect(ids()).toEqual([1]);
});

test('one node that comes and goes does not keep the others that are missing', () => {
  for (let seconds = 0; seconds < 35; seconds += 5) {
    putNode(1, true);
    vi.advanceTimersByTime(2_500);
    putNode(1, false);
    vi.advanceTimersByTime(2_500);
  }
  putNode(1, true);
  vi.advanceTimersByTime(1_000);
  expect(ids()).toEqual([1]);
});

test('a node that is lost leaves after 10 s; that it is said twice to be lost does not prolong it', () => {
  putNode(1, true);
  putNode(2, true);
  vi.advanceTimersByTime(60_000);
  putNode(2, false);
  vi.advanceTimersByTime(5_000);
  putNode(2, false);
  vi.advanceTimersByTime(4_999);
  expect(ids()).toEqual([1, 2]);
  vi.advanceTimersByTime(1);
  expect(ids()).toEqual([1]);
  putNode(2, true);
  vi.advanceTimersByTime(250);
  expect(ids()).toEqual([1, 2]);
});

test('when all nodes are lost everything stays', () => {
  vi.advanceTimersByTime(3_600_000);
  expect(ids()).toEqual([1, 2]);
  expect(sent).toEqual([]);
});

test('a removed instance leaves', () => {
  fleet.removeInstance(2);
  vi.advanceTimersByTime(30);
  expect(ids()).toEqual([1]);
});
