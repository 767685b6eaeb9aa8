import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  applyRegistryChange,
  inOrder,
  type RegistryTable,
  registryDigest,
} from '../../common/domain/registry.ts';
import { newStateDir, startMaster, type TestMaster, type TestMasterOptions } from '../support/master.ts';
import { createTestAgent, type TestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeAll, createWebFleet, deploy, type WebFleet } from './support/fleet.ts';

let stateDir: string;
let master: TestMaster;
let fleet: WebFleet;

const start = (limits: TestMasterOptions['limits'] = {}): Promise<TestMaster> =>
  startMaster({ stateDir, limits: { minReadyMs: 1, registryIntervalMs: 40, ...limits } });

beforeEach(async () => {
  stateDir = newStateDir();
  master = await start();
});
afterEach(async () => {
  closeAll(fleet);
  await master.close();
  rmSync(stateDir, { recursive: true, force: true });
});

/** What an agent has of the registry, out of all that it was told since it connected. */
const tableOf = ({ registryChanges }: TestAgent): RegistryTable =>
  registryChanges.reduce(applyRegistryChange, new Map());
const idsOf = (table: RegistryTable): number[] => inOrder(table).map(({ instanceId }) => instanceId);
const idsAre = (agent: TestAgent, ids: readonly number[]) =>
  waitFor(`${ids} on node ${agent.nodeId}`, () => String(idsOf(tableOf(agent))) === String(ids));

async function runEverywhere(nodes: number): Promise<number[]> {
  fleet = await createWebFleet(master, nodes);
  const ids = fleet.instances.map(({ instanceId }) => instanceId);
  await deploy(fleet.admin, fleet.release.releaseId, ids);
  for (const agent of fleet.agents) await idsAre(agent, ids);
  return ids;
}

test('every node hears of what runs anywhere, and of what does no longer', async () => {
  const ids = await runEverywhere(3);
  const [first = 0, ...others] = ids;
  expect(inOrder(tableOf(fleet.agentOf(3)))[0]).toEqual({
    instanceId: first,
    serviceId: 1,
    serviceName: 'web',
    nodeId: 1,
    host: '127.0.0.1',
    port: 8001,
    pid: fleet.agentOf(1).statuses.get(first)?.pid,
  });
  const status = fleet.agentOf(1).statuses.get(first);
  if (status === undefined) throw new Error('no status');
  await fleet.agentOf(1).report({ ...status, state: 'backoff', pid: null });
  for (const agent of fleet.agents) await idsAre(agent, others);
  await fleet.agentOf(1).report({ ...status, pid: 4711 });
  for (const agent of fleet.agents)
    await waitFor('the new pid', () => tableOf(agent).get(first)?.pid === 4711);
  for (const { registryChanges } of fleet.agents)
    expect(registryChanges.filter(({ kind }) => kind === 'all')).toHaveLength(1);
});

test('of a burst of changes none is missing', async () => {
  const [first = 0] = await runEverywhere(1);
  const agent = fleet.agentOf(1);
  const status = agent.statuses.get(first);
  if (status === undefined) throw new Error('no status');
  await Promise.all(Array.from({ length: 100 }, (_, at) => agent.report({ ...status, pid: 5000 + at })));
  await agent.report({ ...status, pid: 9999 });
  await waitFor('the last', () => tableOf(agent).get(first)?.pid === 9999);
});

test('an agent that has just this registry is not sent it again; another gets it whole', async () => {
  const ids = await runEverywhere(2);
  const kept = tableOf(fleet.agentOf(1));
  const knowing = createTestAgent(master, { nodeId: 7, registryDigest: () => registryDigest(kept) });
  const asking = createTestAgent(master, { nodeId: 8, registryDigest: () => '0'.repeat(64) });
  fleet.agents.push(knowing, asking);
  await knowing.connect();
  await asking.connect();
  await waitFor('both', () => knowing.registryChanges.length > 0 && asking.registryChanges.length > 0);
  expect(knowing.registryChanges).toEqual([{ kind: 'unchanged' }]);
  expect(asking.registryChanges).toMatchObject([{ kind: 'all' }]);
  const [first = 0, second = 0] = ids;
  await fleet.admin.call('instance.stop', { instanceIds: [first] });
  await waitFor('the delta', () => knowing.registryChanges.length > 1);
  expect([...applyRegistryChange(kept, knowing.registryChanges[1] ?? { kind: 'unchanged' }).keys()]).toEqual([
    second,
  ]);
});

test('a lost node: its instances leave after the grace, and come back with it', async () => {
  await master.close();
  master = await start({ registryGraceMs: 50 });
  const [first = 0, second = 0] = await runEverywhere(2);
  fleet.agentOf(2).close();
  await idsAre(fleet.agentOf(1), [first]);
  await fleet.agentOf(2).connect();
  await idsAre(fleet.agentOf(1), [first, second]);
});

test('a lost node: within the grace nothing leaves', async () => {
  const [first = 0, second = 0] = await runEverywhere(2);
  fleet.agentOf(2).close();
  await waitFor('its loss', () => fleet.admin.events.some(({ kind }) => kind === 'node.lost'));
  await fleet.agentOf(2).connect();
  // Whatever was pushed on the way came before this.
  await fleet.admin.call('instance.stop', { instanceIds: [first] });
  await idsAre(fleet.agentOf(1), [second]);
  const removed = fleet
    .agentOf(1)
    .registryChanges.flatMap((change) => (change.kind === 'delta' ? change.removedInstanceIds : []));
  expect(removed).toEqual([first]);
});

test('a lost node: a service that is nowhere else stays as last known', async () => {
  await master.close();
  master = await start({ registryGraceMs: 20 });
  const [first = 0, second = 0] = await runEverywhere(2);
  await fleet.admin.call('instance.stop', { instanceIds: [first] });
  await idsAre(fleet.agentOf(1), [second]);
  fleet.agentOf(2).close();
  await waitFor('its loss', () => fleet.admin.events.some(({ kind }) => kind === 'node.lost'));
  const watching = createTestAgent(master, { nodeId: 9 });
  fleet.agents.push(watching);
  await waitFor('more than the grace', async () => {
    await watching.connect();
    return watching.registryChanges.length > 10;
  });
  await idsAre(fleet.agentOf(1), [second]);
  await fleet.admin.call('instance.start', { instanceIds: [first] });
  await idsAre(fleet.agentOf(1), [first]);
});

test('a master that starts again has the registry of before, and gives the nodes time to come back', async () => {
  const [first = 0, second = 0] = await runEverywhere(2);
  const kept = tableOf(fleet.agentOf(1));
  closeAll(fleet);
  await master.close();
  master = await start({ registryStartGraceMs: 400, registryGraceMs: 1 });
  const status = fleet.agentOf(1).statuses.get(first);
  const again = createTestAgent(master, {
    nodeId: 1,
    agentId: fleet.agentOf(1).agentId,
    registryDigest: () => registryDigest(kept),
  });
  if (status !== undefined) again.statuses.set(first, status);
  fleet.agents.push(again);
  await again.connect();
  await waitFor('the first message', () => again.registryChanges.length > 0);
  expect(again.registryChanges[0]).toEqual({ kind: 'unchanged' });
  expect(idsOf(kept)).toEqual([first, second]);
  // The other does not come back.
  await waitFor('its instance to leave', () =>
    again.registryChanges.some(
      (change) => change.kind === 'delta' && change.removedInstanceIds.includes(second),
    ),
  );
});
