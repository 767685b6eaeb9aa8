import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NO_HEALTH } from '../../common/domain/health.ts';
import type { NodeView } from '../../common/domain/node.ts';
import { connectCockpit } from '../support/cockpit-peer.ts';
import { newStateDir, startMaster, type TestMaster } from '../support/master.ts';
import { createTestAgent, statusOf } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeAll, createWebFleet, deploy, ended, type WebFleet } from './support/fleet.ts';

let stateDir: string;
let master: TestMaster;
let fleet: WebFleet;
beforeEach(async () => {
  stateDir = newStateDir();
  master = await startMaster({ stateDir, limits: { minReadyMs: 1 } });
  fleet = await createWebFleet(master, 3);
});
afterEach(async () => {
  closeAll(fleet);
  await master.close();
  rmSync(stateDir, { recursive: true, force: true });
});

const ids = () => fleet.instances.map((instance) => instance.instanceId);
async function nodes(): Promise<NodeView[]> {
  return (await fleet.admin.call('fleet.watch', { scope: { kind: 'all' } })).nodes;
}
async function node(nodeId: number): Promise<NodeView | undefined> {
  return (await nodes()).find((each) => each.nodeId === nodeId);
}
async function leaves(nodeId: number): Promise<void> {
  fleet.agentOf(nodeId).close();
  await waitFor('the node to be down', async () => (await node(nodeId))?.link === 'down');
}

test('a cordoned node gets no new instance, keeps those it has, and stays so over reconnects and restarts', async () => {
  const { admin } = fleet;
  await admin.call('node.cordon', { nodeId: 2, isCordoned: true });
  await admin.call('node.update', { nodeId: 2, outerAddress: '203.0.113.7' });
  expect(await node(2)).toMatchObject({ isCordoned: true, outerAddress: '203.0.113.7', link: 'up' });
  const create = () => admin.call('instance.create', { serviceName: 'web', nodeId: 2, port: 9000 });
  await expect(create()).rejects.toMatchObject({
    code: 'conflict',
    hint: expect.stringContaining('uncordon 2'),
  });
  await deploy(admin, fleet.release.releaseId, ids());
  closeAll(fleet);
  await master.close();
  master = await startMaster({ stateDir });
  fleet.admin = await connectCockpit(master);
  const back = createTestAgent(master, { nodeId: 2, agentId: fleet.agentOf(2).agentId });
  fleet.agents.push(back);
  await back.connect();
  expect(await node(2)).toMatchObject({ isCordoned: true, outerAddress: '203.0.113.7', link: 'up' });
  await fleet.admin.call('node.cordon', { nodeId: 2, isCordoned: false });
  await fleet.admin.call('instance.create', { serviceName: 'web', nodeId: 2, port: 9000 });
  const { events } = await fleet.admin.call('event.list', {});
  const told = events.filter(({ message }) => /cordon|outer/.test(message) && !message.includes(':'));
  expect(told.map(({ message }) => message).reverse()).toEqual([
    'cordon node 2 (test-2)',
    'uncordon node 2 (test-2)',
  ]);
});

test('a drain says what is left of each service, stops what should run there, and cordons', async () => {
  const { admin } = fleet;
  await admin.call('service.create', { spec: { name: 'alone', type: 'binary', entry: 'run.sh' } });
  await deploy(admin, fleet.release.releaseId, ids());
  const [, , third] = fleet.instances;
  const last = fleet.agentOf(3).applied.at(-1);
  if (last === undefined || third === undefined) throw new Error('nothing applied');
  // Of three, one is on the node and one is unhealthy.
  await fleet
    .agentOf(3)
    .report(statusOf(last, { state: 'running', pid: 9, health: { ...NO_HEALTH, state: 'unhealthy' } }));
  const request = { nodeId: 1, move: false, stop: true };
  const { plan } = await admin.call('node.drain', { ...request, dryRun: true });
  expect(plan).toEqual({
    nodeId: 1,
    isCordoned: false,
    instances: [
      { instanceId: ids()[0], serviceName: 'web', port: 8001, action: 'stop', to: null, reason: '' },
    ],
    services: [{ serviceName: 'web', stopped: 1, remaining: 1 }],
  });
  expect(await node(1)).toMatchObject({ isCordoned: false });
  expect(fleet.agentOf(1).applied.at(-1)?.desired).toBe('running');

  const { rollouts, ...done } = await admin.call('node.drain', request);
  expect(done.plan).toEqual({ ...plan, isCordoned: true });
  expect(rollouts).toMatchObject([{ kind: 'drain', nodeId: 1, steps: [{ action: 'stop' }] }]);
  expect((await ended(admin, rollouts[0]?.rolloutId ?? 0)).state).toBe('succeeded');
  expect(fleet.agentOf(1).applied.at(-1)?.desired).toBe('stopped');
  expect(fleet.agentOf(2).applied.at(-1)?.desired).toBe('running');
  expect(await node(1)).toMatchObject({ isCordoned: true });
  expect((await admin.call('node.drain', request)).plan.instances).toEqual([]);
});

test('a node goes only when it is away, and with instances only by force and its alias', async () => {
  const { admin } = fleet;
  const remove = (change: object = {}) => admin.call('node.remove', { nodeId: 2, ...change });
  await expect(remove({ force: true, confirm: ['test-2'] })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('connected'),
  });
  await leaves(2);
  await expect(remove()).rejects.toMatchObject({ message: 'node 2 (test-2) has 1 instance' });
  await expect(remove({ force: true })).rejects.toMatchObject({ code: 'unconfirmed' });
  await expect(remove({ force: true, confirm: ['test-3'] })).rejects.toMatchObject({ code: 'unconfirmed' });
  expect(await node(2)).toBeDefined();

  admin.frames.length = 0;
  await remove({ force: true, confirm: ['test-2'] });
  await waitFor('the frame', () =>
    admin.frames.some(
      ({ removedNodeIds, removedInstanceIds }) =>
        removedNodeIds?.includes(2) && removedInstanceIds?.includes(ids()[1] ?? 0),
    ),
  );
  const after = await admin.call('fleet.watch', { scope: { kind: 'all' } });
  expect(after.nodes.map(({ nodeId }) => nodeId)).toEqual([1, 3]);
  expect(after.instances.map(({ nodeId }) => nodeId)).toEqual([1, 3]);
  await expect(remove()).rejects.toMatchObject({ code: 'not_found' });

  // Whoever comes with its id now is a new node; what it runs is left alone.
  const stranger = createTestAgent(master, { nodeId: 2 });
  fleet.agents.push(stranger);
  await stranger.connect();
  expect(await node(2)).toMatchObject({ link: 'up', isCordoned: false });
  expect(stranger.applied).toEqual([]);
});

test('an empty node goes without force, and its own token with it', async () => {
  const { admin } = fleet;
  const { secret } = await admin.call('token.create', { name: 'join', role: 'agent', isJoin: true });
  const guest = createTestAgent({ url: master.url, token: () => secret }, { nodeId: 9 });
  fleet.agents.push(guest);
  await guest.connect();
  await leaves(9);
  await admin.call('node.remove', { nodeId: 9 });
  await expect(guest.connect()).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('a node with a rollout under way stays', async () => {
  const { admin } = fleet;
  const gate = Promise.withResolvers<{ alreadyThere: boolean }>();
  fleet.agentOf(1).behaviour.prepare = () => gate.promise;
  const { rollout } = await admin.call('rollout.create', {
    releaseId: fleet.release.releaseId,
    instanceIds: ids(),
  });
  await leaves(2);
  await expect(
    admin.call('node.remove', { nodeId: 2, force: true, confirm: ['test-2'] }),
  ).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining(`rollout ${rollout.rolloutId}`),
  });
  await admin.call('rollout.abort', { rolloutId: rollout.rolloutId });
  gate.resolve({ alreadyThere: false });
});
