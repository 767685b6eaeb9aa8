import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SgridError } from '../../common/protocol/errors.ts';
import { type CockpitPeer, connectCockpit } from '../support/cockpit-peer.ts';
import { newStateDir, startMaster, type TestMaster } from '../support/master.ts';
import { createTestAgent, type TestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';

let stateDir: string;
let master: TestMaster;
let admin: CockpitPeer;
let agents: TestAgent[];
beforeEach(async () => {
  stateDir = newStateDir();
  agents = [];
  await startAgain();
});
afterEach(async () => {
  admin.close();
  for (const each of agents) each.close();
  await master.close();
  rmSync(stateDir, { recursive: true, force: true });
});

async function startAgain(): Promise<void> {
  master = await startMaster({ stateDir });
  admin = await connectCockpit(master);
}
function agent(options: Parameters<typeof createTestAgent>[1] = {}): TestAgent {
  const created = createTestAgent(master, options);
  agents.push(created);
  return created;
}
async function isUp(nodeId: number): Promise<boolean> {
  const { nodes } = await admin.call('fleet.watch', { scope: { kind: 'all' } });
  return nodes.some((node) => node.nodeId === nodeId && node.link === 'up');
}
async function leaves(leaving: TestAgent): Promise<void> {
  leaving.close();
  await waitFor('the node to be down', async () => !(await isUp(leaving.nodeId)));
}
/** One that has an instance on it, and is away. */
async function lostNode(machineId = ''): Promise<TestAgent> {
  const first = agent({ machineId });
  await first.connect();
  await admin.call('service.create', { spec: { name: 'web', type: 'binary' } });
  await admin.call('instance.create', { serviceName: 'web', nodeId: 1, port: 80 });
  await leaves(first);
  return first;
}
const taken = expect.objectContaining({ code: 'identity_taken' });

test('while its agent is away no other one gets the node, also from a master that was started again', async () => {
  const first = await lostNode();
  const refusal = await agent()
    .connect()
    .catch((error: unknown) => error);
  expect(refusal).toMatchObject({
    code: 'identity_taken',
    message: expect.stringContaining('node 1 is "test-1" already'),
    hint: expect.stringMatching(/another nodeIndex.*sgrid node replace 1/),
  });
  admin.close();
  await master.close();
  await startAgain();
  const other = agent();
  await expect(other.connect()).rejects.toThrow(taken);
  expect(other.applied).toEqual([]);
  const back = agent({ agentId: first.agentId });
  await back.connect();
  expect(await isUp(1)).toBe(true);
});

test('an admin gives it up to the next agent, once; the one before is refused from then on', async () => {
  const first = await lostNode();
  const operator = await connectCockpit(master, 'operator');
  await expect(operator.call('node.replace', { nodeId: 1 })).rejects.toMatchObject({ code: 'forbidden' });
  operator.close();
  await admin.call('node.replace', { nodeId: 1 });
  admin.close();
  await master.close();
  await startAgain();

  const second = agent();
  await second.connect();
  await waitFor('its instances', () => second.applied.length === 1);
  await waitFor('the event', () => admin.events.some(({ kind }) => kind === 'node.replaced'));
  await leaves(second);
  await expect(agent().connect()).rejects.toThrow(taken);
  await expect(agent({ agentId: first.agentId }).connect()).rejects.toThrow(taken);
  await agent({ agentId: second.agentId }).connect();
  const { events } = await admin.call('event.list', {});
  expect(events.filter(({ message }) => message.startsWith('replace node 1'))).toMatchObject([
    { kind: 'command', actor: 'admin', nodeId: 1 },
  ]);
});

test('a node that is connected, or that nobody knows, is not given up', async () => {
  await agent().connect();
  await expect(admin.call('node.replace', { nodeId: 1 })).rejects.toMatchObject({
    code: 'conflict',
    hint: expect.stringContaining('stop the agent'),
  });
  await expect(admin.call('node.replace', { nodeId: 9 })).rejects.toMatchObject({ code: 'not_found' });
});

test('the state directory on another machine is refused, also while its agent is away', async () => {
  const first = await lostNode('a'.repeat(64));
  const copy = agent({ agentId: first.agentId, machineId: 'b'.repeat(64) });
  await expect(copy.connect()).rejects.toMatchObject({
    code: 'identity_taken',
    message: expect.stringContaining('copy of the state directory'),
  });
  // A machine that says nothing of itself is not held to it.
  await agent({ agentId: first.agentId }).connect();
});

test('of two copies of one state directory, the first stays as long as it answers', async () => {
  const first = agent();
  const socket = await first.connect();
  let disconnects = 0;
  socket.on('disconnect', () => disconnects++);
  for (let attempt = 0; attempt < 3; attempt++) {
    const copy = agent({ agentId: first.agentId });
    await expect(copy.connect()).rejects.toMatchObject({
      code: 'identity_taken',
      message: expect.stringContaining('copy of it'),
    });
  }
  expect([disconnects, socket.connected]).toEqual([0, true]);
  expect(admin.events.filter(({ kind }) => kind === 'node.lost')).toEqual([]);
});

test('an agent that was started again takes over from a link that does not answer', async () => {
  const frozen = agent({ behaviour: { ping: () => new Promise(() => {}) } });
  const socket = await frozen.connect();
  const restarted = agent({ agentId: frozen.agentId });
  await restarted.connect();
  await waitFor('the old link to be cut', () => !socket.connected);
  expect(await isUp(1)).toBe(true);
  // It thaws, and finds the other one alive.
  await expect(agent({ agentId: frozen.agentId, runId: frozen.runId }).connect()).rejects.toThrow(taken);
});

test('of two runs that find the same silent link, the first gets the node and keeps it', async () => {
  let pings = 0;
  const ping = (): Promise<never> => {
    pings += 1;
    return new Promise(() => {});
  };
  const frozen = agent({ behaviour: { ping } });
  await frozen.connect();
  const first = agent({ agentId: frozen.agentId }).connect();
  await waitFor('the look at the silent link', () => pings === 1);
  const second = agent({ agentId: frozen.agentId }).connect();
  const results = await Promise.allSettled([first, second]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect((await first).connected).toBe(true);
});

test('an agent that cannot answer the ping with sense still holds its node', async () => {
  const first = agent({ behaviour: { ping: () => Promise.reject(new SgridError('internal', 'no')) } });
  const socket = await first.connect();
  await expect(agent({ agentId: first.agentId }).connect()).rejects.toThrow(taken);
  expect(socket.connected).toBe(true);
});
