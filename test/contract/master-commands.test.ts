import { beforeEach, expect, test } from 'vitest';
import type { InstanceView } from '../../common/domain/instance.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { TestMaster } from '../support/master.ts';
import { createTestAgent, statusOf, type TestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { deploy, startWebFleet, type WebFleet } from './support/fleet.ts';

let master: TestMaster;
let fleet: WebFleet;
beforeEach(async () => {
  ({ master, fleet } = await startWebFleet(2));
});

const ids = () => fleet.instances.map((instance) => instance.instanceId);
const first = (): { agent: TestAgent; instanceId: number } => {
  const [agent] = fleet.agents;
  const [instance] = fleet.instances;
  if (agent === undefined || instance === undefined) throw new Error('no fleet');
  return { agent, instanceId: instance.instanceId };
};
const views = async (): Promise<InstanceView[]> =>
  (await fleet.admin.call('fleet.watch', { scope: { kind: 'all' } })).instances;
const commandEvents = async () => {
  const { events } = await fleet.admin.call('event.list', {});
  return events.filter((event) => event.kind === 'command' && !event.message.startsWith('create'));
};

test('stop, start and restart reach the node with ever higher revisions, and each leaves one audit event', async () => {
  const { admin, release } = fleet;
  const { agent, instanceId } = first();
  await deploy(admin, release.releaseId, ids());
  const before = agent.applied.length;
  for (const verb of ['stop', 'start', 'restart'] as const) {
    const { outcomes } = await admin.call(`instance.${verb}`, { instanceIds: [instanceId] });
    expect(outcomes).toEqual([{ instanceId, error: null }]);
  }
  const told = agent.applied.slice(before);
  expect(told.map((assignment) => assignment.desired)).toEqual(['stopped', 'running', 'running']);
  expect(told.map((assignment) => assignment.restartGeneration)).toEqual([0, 0, 1]);
  expect(told.map((assignment) => assignment.release?.version)).toEqual(['v1', 'v1', 'v1']);
  const revisions = told.map((assignment) => assignment.revision);
  expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
  expect((await commandEvents()).map(({ message, actor, result }) => [message, actor, result])).toEqual([
    ['restart web@test-1:8001', 'admin', 'ok'],
    ['start web@test-1:8001', 'admin', 'ok'],
    ['stop web@test-1:8001', 'admin', 'ok'],
  ]);
  expect((await commandEvents())[0]).toMatchObject({ instanceId, nodeId: 1, serviceId: release.serviceId });
});

test('a start that waits for what it depends on is done, and says so', async () => {
  const { admin, release } = fleet;
  const { agent, instanceId } = first();
  await deploy(admin, release.releaseId, [instanceId]);
  await admin.call('instance.stop', { instanceIds: [instanceId] });
  agent.behaviour.apply = async (assignment) => ({
    ...statusOf(assignment),
    state: 'waiting',
    pid: null,
    reason: 'waiting for db (instance 9: stopped)',
  });
  expect(await admin.call('instance.start', { instanceIds: [instanceId] })).toEqual({
    outcomes: [{ instanceId, error: null, warning: 'waiting for db (instance 9: stopped)' }],
  });
});

test('a start of a program that has given up asks for a new run', async () => {
  const { admin, release } = fleet;
  const { agent, instanceId } = first();
  await deploy(admin, release.releaseId, [instanceId]);
  const last = agent.applied.at(-1);
  if (last === undefined) throw new Error('nothing applied');
  await agent.report(statusOf(last, { state: 'crash-loop' }));
  await admin.call('instance.start', { instanceIds: [instanceId] });
  expect(agent.applied.at(-1)?.restartGeneration).toBe(last.restartGeneration + 1);
});

test('outcomes come in the order asked, with the reason of each failure', async () => {
  const { admin, release } = fleet;
  const { agent, instanceId } = first();
  await deploy(admin, release.releaseId, ids());
  agent.behaviour.apply = async () => {
    throw new SgridError('stop_failed', 'pid 7 survives SIGKILL', { hint: 'it is in uninterruptible sleep' });
  };
  const asked = [999, ...ids().reverse(), instanceId];
  const { outcomes } = await admin.call('instance.stop', { instanceIds: asked });
  expect(outcomes.map((outcome) => outcome.instanceId)).toEqual(asked);
  expect(outcomes.map(({ error }) => error?.code ?? null)).toEqual([
    'not_found',
    null,
    'stop_failed',
    'stop_failed',
  ]);
  expect(outcomes.at(-1)?.error?.hint).toBe('it is in uninterruptible sleep');
  // One each: what was decided, and how it ended.
  expect(
    (await commandEvents()).map(({ message, result }) => [message.split(':').length > 2, result]).sort(),
  ).toEqual([
    [false, 'failed'],
    [false, 'ok'],
    [true, 'failed'],
  ]);
});

test('a node that is not connected is refused up front, and nothing is changed', async () => {
  const { admin } = fleet;
  const { agent, instanceId } = first();
  agent.close();
  await waitFor('its loss', () => admin.events.some((event) => event.kind === 'node.lost'));
  const before = (await views()).find((view) => view.instanceId === instanceId);
  for (const verb of ['start', 'stop', 'restart', 'remove'] as const) {
    const { outcomes } = await admin.call(`instance.${verb}`, { instanceIds: [instanceId] });
    expect(outcomes[0]?.error).toMatchObject({ code: 'node_unreachable', hint: expect.any(String) });
  }
  expect((await views()).find((view) => view.instanceId === instanceId)).toEqual(before);
  expect((await commandEvents()).map((event) => event.result)).toEqual(Array(4).fill('failed'));
  await expect(admin.call('log.read', { instanceId, from: 'tail', waitMs: 30_000 })).rejects.toMatchObject({
    code: 'node_unreachable',
  });
});

test('a link that breaks while a command waits ends it at once; the change stands and is applied on return', async () => {
  const { admin, release } = fleet;
  const { agent, instanceId } = first();
  await deploy(admin, release.releaseId, [instanceId]);
  const { apply } = agent.behaviour;
  agent.behaviour.apply = async () => {
    agent.close();
    return new Promise<never>(() => {});
  };
  const { outcomes } = await admin.call('instance.stop', { instanceIds: [instanceId] });
  expect(outcomes[0]?.error).toMatchObject({
    code: 'disconnected',
    hint: expect.stringContaining('recorded'),
  });
  expect(master.pendingCalls()).toBe(0);
  agent.behaviour.apply = apply;
  await agent.connect();
  await waitFor('the stop to arrive', () => agent.statuses.get(instanceId)?.state === 'stopped');
});

test('removing forgets an instance here and on its node, and frees its port', async () => {
  const { admin } = fleet;
  const { agent, instanceId } = first();
  await waitFor('the node to know it', async () => {
    await agent.connect();
    return agent.statuses.has(instanceId);
  });
  const place = { serviceName: 'web', nodeId: 1, port: 8001 };
  await expect(admin.call('instance.create', place)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining(`instance ${instanceId}`),
  });
  await admin.call('instance.remove', { instanceIds: [instanceId] });
  expect(agent.statuses.has(instanceId)).toBe(false);
  expect((await views()).map((view) => view.instanceId)).not.toContain(instanceId);
  const { instance } = await admin.call('instance.create', place);
  expect(instance.instanceId).not.toBe(instanceId);
});

test('a start right behind a removal does not bring the instance back', async () => {
  const { admin, release } = fleet;
  const { agent, instanceId } = first();
  await deploy(admin, release.releaseId, [instanceId]);
  const [removed, started] = await Promise.all([
    admin.call('instance.remove', { instanceIds: [instanceId] }),
    admin.call('instance.start', { instanceIds: [instanceId] }),
  ]);
  expect(removed.outcomes[0]?.error).toBeNull();
  expect(started.outcomes[0]?.error?.code).toMatch(/^(conflict|not_found)$/);
  expect(agent.statuses.has(instanceId)).toBe(false);
});

test('a removal that the node could not finish is finished when it is back', async () => {
  const { admin } = fleet;
  const { agent, instanceId } = first();
  agent.close();
  await agent.connect();
  await waitFor('the node to know it', () => agent.statuses.has(instanceId));
  agent.behaviour.remove = async () => {
    agent.close();
    return new Promise<never>(() => {});
  };
  const { outcomes } = await admin.call('instance.remove', { instanceIds: [instanceId] });
  expect(outcomes[0]?.error?.code).toBe('disconnected');
  agent.behaviour.remove = async () => {};
  await agent.connect();
  await waitFor('it to be gone', async () => !(await views()).some((view) => view.instanceId === instanceId));
  expect(agent.statuses.has(instanceId)).toBe(false);
});

test('what needs a release is refused without one', async () => {
  const { outcomes } = await fleet.admin.call('instance.start', { instanceIds: ids() });
  expect(outcomes.map(({ error }) => error?.code)).toEqual(['conflict', 'conflict']);
  expect((await views()).map((view) => view.desired)).toEqual(['stopped', 'stopped']);
});

test('services and instances of names and nodes that are not there are refused', async () => {
  const { admin } = fleet;
  await expect(admin.call('service.create', { spec: { name: 'web', type: 'node' } })).rejects.toMatchObject({
    code: 'already_exists',
  });
  await expect(
    admin.call('instance.create', { serviceName: 'nope', nodeId: 1, port: 1 }),
  ).rejects.toMatchObject({ code: 'not_found' });
  await expect(
    admin.call('instance.create', { serviceName: 'web', nodeId: 77, port: 1 }),
  ).rejects.toMatchObject({ code: 'not_found' });
});

test('a command goes to the node of the instance and to no other', async () => {
  const { admin, agents, release } = fleet;
  const [, second] = fleet.instances;
  if (second === undefined) throw new Error('no second instance');
  await deploy(admin, release.releaseId, ids());
  const before = agents.map((agent) => agent.applied.length);
  await admin.call('instance.restart', { instanceIds: [second.instanceId] });
  expect(agents.map((agent, at) => agent.applied.length - (before[at] ?? 0))).toEqual([0, 1]);
});

test('log bytes come through as they are, from the right node', async () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => (at * 7) % 256);
  const { agent, instanceId } = first();
  agent.behaviour.readLog = async (request) => ({
    data: bytes,
    start: { lineage: 'a', offset: 5 },
    end: { lineage: 'a', offset: 5 + bytes.length },
    headOffset: 0,
    tailOffset: 100_000,
    lostBytes: request.maxBytes,
  });
  agent.behaviour.logFiles = async () => [{ name: 'stdout', sizeBytes: 3, modifiedAt: 4 }];
  const read = await fleet.admin.call('log.read', { instanceId, from: { lineage: 'a', offset: 5 } });
  expect(Buffer.compare(read.data, bytes)).toBe(0);
  expect(read).toMatchObject({ start: { lineage: 'a', offset: 5 }, lostBytes: 65_536 });
  const { files } = await fleet.admin.call('log.files', { instanceId });
  expect(files).toEqual([{ name: 'stdout', sizeBytes: 3, modifiedAt: 4 }]);
  await expect(fleet.admin.call('log.files', { instanceId: 999 })).rejects.toMatchObject({
    code: 'not_found',
  });
});

test('a cockpit that goes away in a long poll leaves nothing behind', async () => {
  const { agent, instanceId } = first();
  const gate = Promise.withResolvers<void>();
  const empty = agent.behaviour.readLog;
  agent.behaviour.readLog = async (request) => {
    await gate.promise;
    return empty(request);
  };
  const reading = fleet.admin.call('log.read', { instanceId, from: 'tail', waitMs: 30_000 }).catch(() => {});
  await waitFor('the call to wait', () => master.pendingCalls() === 1);
  fleet.admin.close();
  gate.resolve();
  await waitFor('the call to end', () => master.pendingCalls() === 0);
  void reading;
});

test('a peer that answers with nonsense is an internal error, not a crash', async () => {
  const { agent, instanceId } = first();
  agent
    .socket()
    .off('log.files')
    .on('log.files', (_payload: unknown, ack: (answer: unknown) => void) => ack(42));
  await expect(fleet.admin.call('log.files', { instanceId })).rejects.toMatchObject({
    code: 'internal',
    message: expect.stringContaining('malformed reply'),
  });
});

test('a new instance is told to its node at once, or when that comes', async () => {
  const { admin, agents } = fleet;
  const [agent] = agents;
  await waitFor('the node to know it', () => agent?.statuses.get(first().instanceId)?.state === 'stopped');
  agents[1]?.close();
  await waitFor('its loss', () => admin.events.some((event) => event.kind === 'node.lost'));
  const { instance } = await admin.call('instance.create', { serviceName: 'web', nodeId: 2, port: 9300 });
  await agents[1]?.connect();
  await waitFor('the other to know it', () => agents[1]?.statuses.has(instance.instanceId));
});

test('two agents of other nodes are side by side in the fleet', async () => {
  const third = createTestAgent(master, { nodeId: 3 });
  await third.connect();
  const { nodes } = await fleet.admin.call('fleet.watch', { scope: { kind: 'all' } });
  expect(nodes.map((node) => [node.nodeId, node.link, node.info?.hostname])).toEqual([
    [1, 'up', 'test-1'],
    [2, 'up', 'test-2'],
    [3, 'up', 'test-3'],
  ]);
  third.close();
});
