import { beforeEach, expect, test } from 'vitest';
import type { FleetFrame, FleetSnapshot } from '../../common/domain/fleet.ts';
import { agentLink } from '../../common/protocol/agent-link.ts';
import { call } from '../../common/protocol/bind.ts';
import { connectCockpit } from '../support/cockpit-peer.ts';
import { instanceFigures } from '../support/figures.ts';
import { createLinkProxy } from '../support/link-proxy.ts';
import type { TestMaster } from '../support/master.ts';
import { waitFor } from '../support/wait-for.ts';
import { deploy, startWebFleet, type WebFleet } from './support/fleet.ts';

let master: TestMaster;
let fleet: WebFleet;
beforeEach(async () => {
  ({ master, fleet } = await startWebFleet(2, { frameIntervalMs: 200 }));
});

const figures = (instanceId: number, cpuMillicores: number) =>
  instanceFigures({ instanceId, cpuMillicores, memoryBytes: 1024 });
const ids = () => fleet.instances.map((instance) => instance.instanceId);

test('many changes are one frame with the last of each, and only what changed', async () => {
  const { admin, agents, release } = fleet;
  await deploy(admin, release.releaseId, ids());
  const watcher = await connectCockpit(master, 'viewer');
  await watcher.call('fleet.watch', { scope: { kind: 'all' } });
  const [agent] = agents;
  const [instanceId = 0] = ids();
  const status = agent?.statuses.get(instanceId);
  if (agent === undefined || status === undefined) throw new Error('no status');
  for (let restarts = 1; restarts <= 50; restarts++) await agent.report({ ...status, restarts });
  const last = await waitFor('the last change', () =>
    watcher.frames.findLast((frame) => frame.instances?.[0]?.status?.restarts === 50),
  );
  expect(watcher.frames.length).toBeLessThan(50);
  expect(last.instances?.map((view) => view.instanceId)).toEqual([instanceId]);
  expect(last.nodes).toBeUndefined();
  expect(last.samples).toBeUndefined();
  watcher.close();
});

test('samples come for the scope that is watched, nodes and instances for all', async () => {
  const { agents } = fleet;
  const watcher = await connectCockpit(master, 'viewer');
  const snapshot = await watcher.call('fleet.watch', { scope: { kind: 'node', nodeId: 2 } });
  expect(snapshot.instances).toHaveLength(2);
  expect(snapshot.nodes).toHaveLength(2);
  const [first = 0, second = 0] = ids();
  agents[0]?.snapshot([figures(first, 10)]);
  agents[1]?.snapshot([figures(second, 20)]);
  const frame = await waitFor('a frame with samples', () =>
    watcher.frames.find((candidate) => candidate.samples !== undefined),
  );
  expect(frame.samples?.map((sample) => [sample.nodeId, sample.instances[1]])).toEqual([[2, 20]]);
  await watcher.call('fleet.watch', { scope: { kind: 'all' } });
  agents[0]?.snapshot([figures(first, 11)]);
  await waitFor('the other node', () =>
    watcher.frames.some((candidate) => candidate.samples?.some((sample) => sample.nodeId === 1)),
  );
  watcher.close();
});

test('a snapshot and the frames behind it miss nothing and repeat nothing, whenever one begins to watch', async () => {
  const { agents } = fleet;
  const [agent] = agents;
  const [instanceId = 0] = ids();
  const total = 120;
  const seenBy = (snapshot: FleetSnapshot, frames: FleetFrame[]): number[] =>
    [snapshot, ...frames].flatMap((part) => part.samples ?? []).map((sample) => sample.instances[1] ?? -1);
  const watchers: { snapshot: FleetSnapshot; frames: FleetFrame[]; close(): void }[] = [];
  for (let count = 1; count <= total; count++) {
    agent?.snapshot([figures(instanceId, count)]);
    // Behind its own answer, everything that was sent before has arrived.
    await agent?.deliver([]);
    if (count % 10 === 0) {
      const watcher = await connectCockpit(master, 'viewer');
      const snapshot = await watcher.call('fleet.watch', { scope: { kind: 'all' } });
      expect(snapshot.samples[0]?.instances[1]).toBe(count);
      watchers.push({ snapshot, frames: watcher.frames, close: watcher.close });
    }
  }
  for (const { snapshot, frames, close } of watchers) {
    await waitFor('the last sample', () => seenBy(snapshot, frames).at(-1) === total);
    const seen = seenBy(snapshot, frames);
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
    close();
  }
});

test('a cockpit that stops reading is sent no more, and is right again when it goes on', async () => {
  const { admin, agents } = fleet;
  const [agent] = agents;
  if (agent === undefined) throw new Error('no agent');
  const rounds = 60;
  for (let port = 10_000; port < 10_100; port++)
    await admin.call('instance.create', { serviceName: 'web', nodeId: 1, port });
  // Half a megabyte a frame: more in a few rounds than the kernel keeps for a connection.
  const long = { reason: 'r'.repeat(4096), cgroup: 'c'.repeat(1024) };
  const proxy = await createLinkProxy(master.port);
  const [slow, other] = await Promise.all([
    connectCockpit({ ...master, url: proxy.url }, 'viewer'),
    connectCockpit(master, 'viewer'),
  ]);
  const snapshot = await slow.call('fleet.watch', { scope: { kind: 'all' } });
  await other.call('fleet.watch', { scope: { kind: 'all' } });
  proxy.stall();
  for (let restarts = 1; restarts <= rounds; restarts++) {
    const instances = [...agent.statuses.values()].map((status) => ({ ...status, ...long, restarts }));
    await call<typeof agentLink.toMaster, 'instance.status'>(
      agent.socket(),
      agentLink.toMaster,
      'instance.status',
      { instances },
    );
    await waitFor(`round ${restarts}`, () =>
      other.frames.at(-1)?.instances?.some(({ status }) => status?.restarts === restarts),
    );
  }
  const gone = Math.min(...agent.statuses.keys());
  await admin.call('instance.remove', { instanceIds: [gone] });
  agents[1]?.close();
  await waitFor('the loss', () =>
    other.frames.some(({ nodes }) => nodes?.some(({ link }) => link === 'down')),
  );
  proxy.flow();
  const view = new Map(snapshot.instances.map((each) => [each.instanceId, each]));
  const links = new Map(snapshot.nodes.map(({ nodeId, link }) => [nodeId, link]));
  await waitFor('what it missed', () => {
    for (const frame of slow.frames) {
      for (const each of frame.instances ?? []) view.set(each.instanceId, each);
      for (const { nodeId, link } of frame.nodes ?? []) links.set(nodeId, link);
      for (const instanceId of frame.removedInstanceIds ?? []) view.delete(instanceId);
    }
    return links.get(2) === 'down';
  });
  const now = await other.call('fleet.watch', { scope: { kind: 'all' } });
  expect([...view.values()]).toEqual(now.instances);
  expect(view.has(gone)).toBe(false);
  // It stayed connected, and what it was sent behind the stall is what the kernel held, and what it missed.
  expect(slow.socket.connected).toBe(true);
  expect(slow.frames.length).toBeLessThan(rounds / 2);
  for (const each of [slow, other]) each.close();
  await proxy.close();
});

test('who does not watch any more gets no frames', async () => {
  const { admin, agents } = fleet;
  const [first = 0] = ids();
  const other = await connectCockpit(master, 'viewer');
  await admin.call('fleet.watch', { scope: { kind: 'all' } });
  await other.call('fleet.watch', { scope: { kind: 'all' } });
  await other.call('fleet.unwatch', {});
  agents[0]?.snapshot([figures(first, 1)]);
  await waitFor('a frame for the other', () => admin.frames.length > 0);
  // An answer on the same link: whatever was sent before it has arrived.
  await other.call('session.hello', {});
  expect(other.frames).toEqual([]);
  other.close();
});

test('a node that is lost is shown down with its last figures, and its instances as last known', async () => {
  const { admin, agents, release } = fleet;
  await deploy(admin, release.releaseId, ids());
  await admin.call('fleet.watch', { scope: { kind: 'all' } });
  agents[0]?.snapshot([figures(ids()[0] ?? 0, 7)]);
  await waitFor('figures', () => admin.frames.some((frame) => frame.samples !== undefined));
  agents[0]?.close();
  const frame = await waitFor('the loss', () =>
    admin.frames.find((candidate) => candidate.nodes?.some((node) => node.link === 'down')),
  );
  expect(frame.nodes?.map((node) => [node.nodeId, node.link])).toEqual([[1, 'down']]);
  expect(frame.nodes?.[0]?.lastSeenAt).toBeGreaterThan(0);
  const snapshot = await admin.call('fleet.watch', { scope: { kind: 'all' } });
  expect(snapshot.instances.map((view) => view.status?.state)).toEqual(['running', 'running']);
  expect(snapshot.samples.map((sample) => sample.nodeId)).toEqual([1]);
});

test('what is new and what is removed is in the frames, and the last minute in the history', async () => {
  const { admin, agents } = fleet;
  await admin.call('fleet.watch', { scope: { kind: 'all' } });
  const { instance } = await admin.call('instance.create', { serviceName: 'web', nodeId: 1, port: 9500 });
  const { instanceId } = instance;
  await waitFor('the new one', () =>
    admin.frames.some((frame) => frame.instances?.some((view) => view.instanceId === instanceId)),
  );
  agents[0]?.snapshot([figures(instanceId, 77)]);
  const history = await waitFor('its history', async () => {
    const { histories } = await admin.call('figures.history', { instanceIds: [instanceId, 9999] });
    return histories[0]?.cpuMillicores.length ? histories : null;
  });
  expect(history[0]).toMatchObject({ cpuMillicores: [77], memoryBytes: [1024] });
  expect(history[1]).toEqual({ instanceId: 9999, cpuMillicores: [], memoryBytes: [] });
  await admin.call('instance.remove', { instanceIds: [instanceId] });
  await waitFor('the removal', () =>
    admin.frames.some((frame) => frame.removedInstanceIds?.includes(instanceId)),
  );
});
