import { beforeEach, expect, test } from 'vitest';
import { NO_HEALTH } from '../../../common/domain/health.ts';
import type { InstanceStatus } from '../../../common/domain/instance.ts';
import {
  applyRegistryChange,
  inOrder,
  type RegistryTable,
  registryEntryOf,
  toRegistryTable,
} from '../../../common/domain/registry.ts';
import { serviceSpecSchema } from '../../../common/domain/service.ts';
import { createFleetModel, type FleetModel } from '../../../master/fleet/fleet-model.ts';
import { mergeRegistry } from '../../../master/handlers/registry-merge.ts';
import { createMergedTable, type MergedTable } from '../../../master/handlers/registry-table.ts';
import type { InstanceRecord } from '../../../master/store/instance-record.ts';
import { nodeRecord } from '../../support/node-record.ts';
import { createRandom } from '../../support/random.ts';

let fleet: FleetModel;
let leaves: Map<number, number>;
const leavesAt = (nodeId: number): number | null =>
  fleet.isUp(nodeId) ? null : (leaves.get(nodeId) ?? 1_000);

beforeEach(() => {
  fleet = createFleetModel();
  leaves = new Map();
});

function putNode(nodeId: number, up: boolean, address = `10.0.0.${nodeId}`): void {
  fleet.putNode(nodeRecord({ nodeId, innerAddress: address }), up);
}

function putInstance(instanceId: number, nodeId: number, service: string, revision = 1): void {
  const record: InstanceRecord = {
    ...{ instanceId, nodeId, revision, serviceId: service.charCodeAt(0), host: '0.0.0.0', port: 80 },
    spec: serviceSpecSchema.parse({ name: service, type: 'node' }),
    ...{ limits: {}, desired: 'running', restartGeneration: 0, release: null, heldLaunch: null },
    ...{ config: null, nextConfig: null, removing: false },
  };
  fleet.putInstance(record);
}

function putState(instanceId: number, nodeId: number, pid: number | null): void {
  const status = { instanceId, state: pid === null ? 'stopped' : 'running', pid, health: NO_HEALTH };
  fleet.putStatuses(nodeId, [status as InstanceStatus]);
}

/** As it is when it is made of everything anew. */
function whole(now: number): RegistryTable {
  const candidates = [...fleet.instances()].flatMap(({ record, status }) => {
    const address = fleet.node(record.nodeId)?.innerAddress ?? record.host;
    const entry = registryEntryOf({ ...record, serviceName: record.spec.name }, status, address);
    const leave = leavesAt(record.nodeId);
    return entry === null ? [] : [{ entry, isFresh: leave === null || now < leave }];
  });
  return mergeRegistry(candidates);
}

function follow(table: MergedTable): void {
  fleet.listen({ onInstance: table.instanceChanged, onNode: table.nodeChanged });
}

test('whatever changes, in whatever order, it is what it would be when it was made anew, and the changes lead there', () => {
  const random = createRandom(21);
  const services = ['a', 'b', 'c'];
  for (let nodeId = 1; nodeId <= 6; nodeId += 1) putNode(nodeId, random.below(2) === 0);
  for (let instanceId = 1; instanceId <= 20; instanceId += 1) {
    const nodeId = 1 + random.below(6);
    putInstance(instanceId, nodeId, services[random.below(3)] ?? 'a');
    putState(instanceId, nodeId, instanceId);
  }
  const table = createMergedTable(fleet, leavesAt);
  follow(table);
  let now = 0;
  table.update(now);
  let copy = toRegistryTable(table.entries().values());
  let changes = 0;
  for (let round = 0; round < 1_500; round += 1) {
    for (let steps = random.below(4); steps > 0; steps -= 1) {
      const nodeId = 1 + random.below(6);
      const instanceId = 1 + random.below(20);
      const at = fleet.instance(instanceId)?.record.nodeId;
      const what = random.below(7);
      if (what === 0) {
        leaves.set(nodeId, now + random.below(40));
        putNode(nodeId, false);
      } else if (what === 1) putNode(nodeId, true);
      else if (what === 2) putNode(nodeId, fleet.isUp(nodeId), `10.0.${random.below(3)}.${nodeId}`);
      else if (what === 3 && at !== undefined)
        putState(instanceId, at, random.below(3) === 0 ? null : random.below(5) + 1);
      else if (what === 4) fleet.removeInstance(instanceId);
      else if (what === 5 && at === undefined)
        putInstance(instanceId, nodeId, services[random.below(3)] ?? 'a');
      else if (what === 6 && at !== undefined)
        putInstance(instanceId, at, services[random.below(3)] ?? 'a', round + 2);
    }
    now += random.below(10);
    const change = table.update(now);
    if (change !== null) {
      changes += 1;
      copy = applyRegistryChange(copy, change);
    }
    const expected = inOrder(whole(now));
    expect(inOrder(table.entries())).toEqual(expected);
    expect(inOrder(copy)).toEqual(expected);
  }
  expect(changes).toBeGreaterThan(300);
});

test('says when the next node’s instances leave, and that they have', () => {
  putNode(1, true);
  putNode(2, false);
  leaves.set(2, 50);
  for (const nodeId of [1, 2]) {
    putInstance(nodeId, nodeId, 'a');
    putState(nodeId, nodeId, 7);
  }
  const table = createMergedTable(fleet, leavesAt);
  table.update(0);
  expect([...table.entries().keys()]).toEqual([1, 2]);
  expect(table.nextLeaveAt()).toBe(50);
  expect(table.update(49)).toBeNull();
  expect(table.update(50)).toEqual({ kind: 'delta', changed: [], removedInstanceIds: [2] });
  expect(table.nextLeaveAt()).toBe(Number.POSITIVE_INFINITY);
});
