import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AgentEvent } from '../../common/domain/event.ts';
import { connectCockpit } from '../support/cockpit-peer.ts';
import { instanceFigures } from '../support/figures.ts';
import { newStateDir, startMaster, type TestMaster } from '../support/master.ts';
import { createTestAgent, statusOf, type TestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeAll, createWebFleet, deploy, type WebFleet } from './support/fleet.ts';

let stateDir: string;
let master: TestMaster;
let fleet: WebFleet;
let agent: TestAgent;
let instanceId: number;
beforeEach(async () => {
  stateDir = newStateDir();
  master = await startMaster({ stateDir, limits: { minReadyMs: 1 } });
  fleet = await createWebFleet(master, 2);
  const [firstAgent] = fleet.agents;
  const [instance] = fleet.instances;
  if (firstAgent === undefined || instance === undefined) throw new Error('no fleet');
  agent = firstAgent;
  instanceId = instance.instanceId;
});
afterEach(async () => {
  closeAll(fleet);
  await master.close();
  rmSync(stateDir, { recursive: true, force: true });
});

const event = (change: Partial<AgentEvent> = {}): AgentEvent => ({
  eventId: randomUUID(),
  at: Date.now(),
  kind: 'instance.exited',
  instanceId,
  message: 'exited with code 1',
  ...change,
});
const exits = async () =>
  (await fleet.admin.call('event.list', {})).events.filter((kept) => kept.kind === 'instance.exited');

test('an event that is delivered twice is kept and shown once', async () => {
  const one = event();
  const two = event({ message: 'another' });
  await agent.deliver([one]);
  await agent.deliver([one, two, two]);
  const kept = await exits();
  expect(kept.map((entry) => entry.eventId)).toEqual([two.eventId, one.eventId]);
  expect(kept[0]).toMatchObject({ actor: 'agent', nodeId: 1, serviceId: 1, result: 'failed' });
  await waitFor('both pushes', () => fleet.admin.events.some((shown) => shown.eventId === two.eventId));
  const shown = fleet.admin.events.filter((entry) => entry.kind === 'instance.exited');
  expect(shown.map((entry) => entry.eventId)).toEqual([one.eventId, two.eventId]);
});

test('events are paged back, and filtered by instance', async () => {
  const sent = Array.from({ length: 7 }, (_, at) => event({ message: `m${at}` }));
  await agent.deliver(sent);
  const page = async (beforeSeq?: number) =>
    (await fleet.admin.call('event.list', { instanceId, limit: 3, ...(beforeSeq && { beforeSeq }) })).events;
  const newest = await page();
  expect(newest.map((entry) => entry.message)).toEqual(['m6', 'm5', 'm4']);
  const next = await page(newest.at(-1)?.seq);
  expect(next.map((entry) => entry.message)).toEqual(['m3', 'm2', 'm1']);
  const other = await fleet.admin.call('event.list', { instanceId: 9999 });
  expect(other.events).toEqual([]);
});

test('an agent that was away gets what changed since, and only that', async () => {
  const { admin, release } = fleet;
  await deploy(admin, release.releaseId, [instanceId]);
  const known = agent.statuses.get(instanceId);
  await admin.call('instance.restart', { instanceIds: [instanceId] });
  agent.close();
  await waitFor('its loss', () => admin.events.some((shown) => shown.kind === 'node.lost'));
  // It lost its disk's last write, so that it comes back with the revision before the restart.
  if (known !== undefined) agent.statuses.set(instanceId, known);
  const before = agent.applied.length;
  await agent.connect();
  await waitFor('the newer revision', () => agent.applied.length > before);
  const again = await agent.connect();
  expect(agent.applied).toHaveLength(before + 1);
  expect(again.connected).toBe(true);
});

test('a node that has seen a higher revision than the database is led on from there', async () => {
  const { admin, release } = fleet;
  await deploy(admin, release.releaseId, [instanceId]);
  const last = agent.statuses.get(instanceId);
  if (last === undefined) throw new Error('nothing applied');
  agent.statuses.set(instanceId, { ...last, revision: 500 });
  await agent.connect();
  await waitFor('a revision above', () => agent.applied.at(-1)?.revision === 501);
});

test('an instance that the master has not put there is told, and left alone', async () => {
  await waitFor('any assignment', () => agent.connect().then(() => agent.applied.length > 0));
  const stranger = statusOf(
    { ...(agent.applied[0] ?? never()), instanceId: 4711, revision: 3, release: null },
    { state: 'running', pid: 12 },
  );
  agent.statuses.set(4711, stranger);
  await agent.connect();
  const told = await waitFor('the event', () =>
    fleet.admin.events.find((shown) => shown.kind === 'instance.unknown'),
  );
  expect(told).toMatchObject({
    ...{ nodeId: 1, result: 'failed' },
    message: expect.stringContaining('node test-1 reports instance 4711'),
  });
  await agent.connect();
  const { events } = await fleet.admin.call('event.list', {});
  expect(events.filter((kept) => kept.kind === 'instance.unknown')).toHaveLength(1);
  expect(agent.statuses.has(4711)).toBe(true);
});

test("an agent cannot speak for another node's instance", async () => {
  const { admin, agents, instances, release } = fleet;
  const ids = instances.map((instance) => instance.instanceId);
  await deploy(admin, release.releaseId, ids);
  const [, victim] = ids;
  const truth = agents[1]?.statuses.get(victim ?? 0);
  if (truth === undefined) throw new Error('no second node');
  await agent.report({ ...truth, state: 'failed', reason: 'a lie' });
  agent.snapshot([
    instanceFigures({ instanceId: victim ?? 0, cpuMillicores: 9 }),
    instanceFigures({
      instanceId,
      cpuMillicores: 5,
      memoryBytes: 6,
      pids: 7,
      throttledPermille: 8,
      oomKills: 9,
      pressure: { cpu: 10, memory: null, io: 0 },
    }),
  ]);
  const sampled = await waitFor('the snapshot', async () => {
    const snapshot = await admin.call('fleet.watch', { scope: { kind: 'node', nodeId: 1 } });
    return snapshot.samples.length > 0 ? snapshot : null;
  });
  expect(sampled.samples[0]?.instances).toEqual([instanceId, 5, 6, 7, 8, 9, 10, -1, 0]);
  expect(sampled.instances.find((view) => view.instanceId === victim)?.status?.state).toBe('running');
  await agent.deliver([event({ instanceId: victim ?? 0, message: 'a lie' })]);
  expect((await exits())[0]).toMatchObject({ nodeId: 1, instanceId: null, serviceId: null });
});

test('a master that starts again knows everything, with the nodes down until they report', async () => {
  const { admin, release } = fleet;
  await deploy(admin, release.releaseId, [instanceId]);
  await agent.report({ ...(agent.statuses.get(instanceId) ?? never()), restarts: 4 });
  const before = await admin.call('fleet.watch', { scope: { kind: 'all' } });
  closeAll(fleet);
  await master.close();
  master = await startMaster({ stateDir });
  const cockpit = await connectCockpit(master);
  const after = await cockpit.call('fleet.watch', { scope: { kind: 'all' } });
  expect(after.instances).toEqual(before.instances);
  expect(after.nodes.map((node) => node.link)).toEqual(['down', 'down']);
  expect(after.nodes.map((node) => node.info)).toEqual(before.nodes.map((node) => node.info));
  for (const node of after.nodes) expect(node.lastSeenAt).toBeGreaterThan(0);
  cockpit.close();
  fleet = { ...fleet, agents: [], admin: cockpit };
});

test("the clocks' difference is known, and an agent's events are kept in the master's time", async () => {
  const skewed = createTestAgent(master, { nodeId: 5 });
  const socket = await skewed.connect();
  const hourMs = 3_600_000;
  const { info } = (await fleet.admin.call('fleet.watch', { scope: { kind: 'all' } })).nodes.find(
    (node) => node.nodeId === 5,
  ) ?? { info: null };
  await socket.emitWithAck('node.report', { at: Date.now() - hourMs, info, instances: [] });
  const { nodes } = await fleet.admin.call('fleet.watch', { scope: { kind: 'all' } });
  const offset = nodes.find((node) => node.nodeId === 5)?.clockOffsetMs ?? 0;
  expect(Math.round(offset / 60_000)).toBe(60);
  await skewed.deliver([event({ at: Date.now() - hourMs, instanceId: null })]);
  const [kept] = await exits();
  expect(Math.abs((kept?.at ?? 0) - Date.now())).toBeLessThan(60_000);
  skewed.close();
});

function never(): never {
  throw new Error('missing');
}
