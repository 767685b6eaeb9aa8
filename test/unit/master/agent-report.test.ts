import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serviceSpecSchema } from '../../../common/domain/service.ts';
import { createFleetModel, type FleetModel } from '../../../master/fleet/fleet-model.ts';
import { toAssignment } from '../../../master/fleet/views.ts';
import { createAgentHandlers } from '../../../master/handlers/agent-report.ts';
import type { InstanceRecord } from '../../../master/store/instance-record.ts';
import { openStore, type Store } from '../../../master/store/open-store.ts';
import { nodeRecord } from '../../support/node-record.ts';
import { statusOf } from '../../support/test-agent.ts';

let directory: string;
let store: Store;
let fleet: FleetModel;
let record: InstanceRecord;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sgridnext-report-'));
  store = await openStore({ file: join(directory, 'sgridnext.db'), now: Date.now });
  fleet = createFleetModel();
  const node = nodeRecord();
  await store.nodes.report(node, 1);
  const { serviceId } = await store.services.create(
    serviceSpecSchema.parse({ name: 'web', type: 'node' }),
    1,
  );
  record = await store.instances.create(
    { serviceId, nodeId: node.nodeId, host: 'h', port: 1, limits: {} },
    1,
  );
  fleet.putNode(node, true);
  fleet.putInstance(record);
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Reports "running" over a connection that is the node's for so many looks. @returns what was kept where */
async function report(looks: number): Promise<{ inMemory: boolean; inStore: boolean }> {
  let left = looks;
  const current = (): boolean => left-- > 0;
  const deps = { store, fleet, now: Date.now } as unknown as Parameters<typeof createAgentHandlers>[0];
  const handlers = createAgentHandlers(deps);
  const context = { hello: { nodeId: record.nodeId }, current } as Parameters<
    (typeof handlers)['instance.status']
  >[1];
  await handlers['instance.status']({ instances: [statusOf(toAssignment(record))] }, context);
  return {
    inMemory: fleet.instance(record.instanceId)?.status != null,
    inStore: (await store.instances.statuses()).length > 0,
  };
}

test('a status of the connection that the node has is kept', async () => {
  expect(await report(99)).toEqual({ inMemory: true, inStore: true });
});

test('one of a connection that a newer one has replaced is not', async () => {
  expect(await report(0)).toEqual({ inMemory: false, inStore: false });
});

test('nor is one whose connection is replaced before its turn to be written', async () => {
  expect((await report(1)).inStore).toBe(false);
});

test('what a node tells while its report waits for the disk is not put back by that', async () => {
  const told: { pid: number | null }[] = [];
  const deps = {
    ...{ store, fleet, now: Date.now },
    events: {
      transaction: (work: (repositories: unknown, record: () => Promise<void>) => Promise<unknown>) =>
        store.transaction((repositories) => work(repositories, async () => {})),
    },
    registry: { welcome: () => {} },
    background: { run: (_: string, work: () => unknown) => work() },
    commands: { reconcile: (_: number, statuses: typeof told) => told.push(...statuses) },
  } as unknown as Parameters<typeof createAgentHandlers>[0];
  const handlers = createAgentHandlers(deps);
  const hello = { ...nodeRecord(), nodeId: record.nodeId };
  const context = { hello, current: () => true } as unknown as Parameters<
    (typeof handlers)['instance.status']
  >[1];
  const pidOf = (pid: number) => statusOf(toAssignment(record), { state: 'running', pid });
  const info = {
    ...{ hostname: 'h', os: 'o', kernel: 'k', arch: 'x64', cpuCount: 1, memoryBytes: 1, bootedAt: 1 },
    ...{
      agentVersion: 'v',
      agentStartedAt: 1,
      cgroupDriver: 'none' as const,
      cgroupWarning: '',
      runtimes: {},
    },
  };
  const reporting = handlers['node.report']({ at: 1, info, instances: [pidOf(10)] }, context);
  await handlers['instance.status']({ instances: [pidOf(11)] }, context);
  await reporting;
  expect(fleet.instance(record.instanceId)?.status?.pid).toBe(11);
  expect((await store.instances.statuses())[0]?.pid).toBe(11);
  expect(told[0]?.pid).toBe(11);
});

test('what was told of the strangers of a node is forgotten with the node', async () => {
  const told: string[] = [];
  const deps = {
    ...{ store, fleet, now: Date.now, logger: { warn: () => {} } },
    events: { record: async ({ kind }: { kind: string }) => void told.push(kind) },
  } as unknown as Parameters<typeof createAgentHandlers>[0];
  const handlers = createAgentHandlers(deps);
  const context = { hello: { nodeId: record.nodeId }, current: () => true } as unknown as Parameters<
    (typeof handlers)['instance.status']
  >[1];
  const report = () =>
    handlers['instance.status'](
      { instances: [{ ...statusOf(toAssignment(record)), instanceId: 4711 }] },
      context,
    );
  await report();
  await report();
  expect(told).toEqual(['instance.unknown']);
  fleet.removeNode(record.nodeId);
  fleet.putNode(nodeRecord(), true);
  await report();
  expect(told).toEqual(['instance.unknown', 'instance.unknown']);
});
