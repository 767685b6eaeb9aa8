import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { agentLink } from '../../common/protocol/agent-link.ts';
import { bindMessages, call } from '../../common/protocol/bind.ts';
import { PROTOCOL_VERSION } from '../../common/protocol/version.ts';
import { newAgentDir, removeAgentDir, spawnAgent } from '../support/agent-process.ts';
import { type CockpitPeer, connect, connectCockpit } from '../support/cockpit-peer.ts';
import { startMaster, type TestMaster } from '../support/master.ts';
import { tarOf, uploadPackage } from '../support/packages.ts';
import { createTestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { deploy } from './support/fleet.ts';

let master: TestMaster;
let cockpit: CockpitPeer;
beforeEach(async () => {
  master = await startMaster();
  cockpit = await connectCockpit(master);
});
afterEach(async () => {
  cockpit.close();
  await master.close();
});

const status = async () =>
  (await cockpit.call('fleet.watch', { scope: { kind: 'all' } })).instances[0]?.status ?? null;
const linkOf = async (nodeId: number) =>
  (await cockpit.call('fleet.watch', { scope: { kind: 'all' } })).nodes.find((node) => node.nodeId === nodeId)
    ?.link;

/** A whole `sgridnode` that says of itself that it speaks this version. */
async function agentOf(protocolVersion: number) {
  const stateDir = newAgentDir();
  const agent = await spawnAgent({
    ...{ stateDir, masterUrl: master.url, tokenFile: master.tokenFile('agent'), protocolVersion },
  });
  onTestFinished(async () => {
    await agent.kill();
    await removeAgentDir(stateDir);
  });
  return agent;
}

/** A whole `sgrid`. */
async function sgridOf(protocolVersion: number, ...args: string[]) {
  const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  return await execa(
    process.execPath,
    ['--import', file('../support/other-protocol.ts'), file('../../cockpit/index.ts'), ...args],
    {
      env: {
        SGRID_TEST_PROTOCOL_VERSION: String(protocolVersion),
        SGRID_MASTER: master.url,
        SGRID_TOKEN_FILE: master.tokenFile('operator'),
      },
      reject: false,
    },
  );
}

describe.each([
  ['a version behind', PROTOCOL_VERSION - 1],
  ['a version ahead', PROTOCOL_VERSION + 1],
])('%s', (_what, version) => {
  test('an agent is commanded, and tells; a cockpit reads and commands', async () => {
    await agentOf(version);
    await waitFor('the node', async () => (await linkOf(1)) === 'up');
    await cockpit.call('service.create', { spec: { name: 'web', type: 'binary', entry: 'run' } });
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const { instance } = await cockpit.call('instance.create', { serviceName: 'web', nodeId: 1, port });
    const content = tarOf({ run: '#!/bin/sh\necho here I am\nexec sleep 1000\n' });
    const { releaseId } = await uploadPackage(master, { serviceName: 'web', version: '1', content });
    // To its end: until then the instance is the rollout's.
    expect(await deploy(cockpit, releaseId, [instance.instanceId])).toMatchObject({ state: 'succeeded' });
    const pid = (await status())?.pid;
    expect(pid).toBeGreaterThan(0);

    const listed = await sgridOf(version, 'get', 'instances', '-o', 'jsonl');
    expect(JSON.parse(listed.stdout)).toMatchObject({ serviceName: 'web', status: { pid } });
    const restarted = await sgridOf(version, 'restart', 'web');
    expect([restarted.exitCode, restarted.stderr]).toEqual([0, expect.not.stringContaining('error')]);
    expect(await status()).toMatchObject({ state: 'running', restarts: expect.any(Number) });
    expect((await status())?.pid).not.toBe(pid);
    const { data } = await cockpit.call('log.read', { instanceId: instance.instanceId, from: 'head' });
    expect(Buffer.from(data).toString().split('here I am')).toHaveLength(3);
    await waitFor('its events', () => cockpit.events.some(({ kind }) => kind === 'instance.started'));
  });
});

describe('two versions apart', () => {
  test.each([
    [PROTOCOL_VERSION - 2, 'sgridnode', 'upgrade sgridnode on its machine with "./deploy.sh upgrade node"'],
    [PROTOCOL_VERSION + 2, 'sgridnode', 'upgrade sgridnext on its machine with "./deploy.sh upgrade master"'],
  ])('an agent of version %i is refused, and told what to upgrade', async (version, product, advice) => {
    const agent = await agentOf(version);
    await waitFor('the refusal', () => agent.output().includes('the master refuses this agent'));
    const output = agent.output().replaceAll('\\"', '"');
    expect(output).toContain('"code":"protocol_mismatch"');
    expect(output).toMatch(new RegExp(`this ${product} \\S+ speaks protocol version ${version},`));
    expect(output).toContain(advice);
    expect(await linkOf(1)).toBeUndefined();
  });

  test.each([
    [PROTOCOL_VERSION - 2, 'upgrade sgrid on its machine with "./deploy.sh upgrade cockpit"'],
    [PROTOCOL_VERSION + 2, 'upgrade sgridnext on its machine with "./deploy.sh upgrade master"'],
  ])('a cockpit of version %i is refused, and told what to upgrade', async (version, advice) => {
    const { exitCode, stderr } = await sgridOf(version, 'get', 'nodes');
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining(advice)]);
  });

  test.each([1.5, '1', Number.NaN, undefined, null, [1]])('nor is %s a version', async (protocolVersion) => {
    const auth = { token: master.token('viewer'), protocolVersion, version: 'test\u001b[31m' };
    const refusal = connect(master.url, '/cockpit', auth).catch((error: unknown) => error);
    expect(await refusal).toMatchObject({
      code: 'protocol_mismatch',
      message: expect.not.stringContaining('[31m'),
    });
  });
});

test('what an older agent does not know is answered at once, naming it', async () => {
  const auth = {
    ...{ token: master.token('agent'), protocolVersion: PROTOCOL_VERSION - 1, version: '0.0.9' },
    ...{ nodeId: 5, agentId: randomUUID(), machineId: '', runId: randomUUID() },
    ...{ alias: 'five', innerAddress: '127.0.0.1' },
  };
  const socket = await connect(master.url, agentLink.namespace, auth);
  onTestFinished(() => void socket.disconnect());
  const { 'node.ping': ping } = agentLink.toClient;
  bindMessages(
    socket,
    { 'node.ping': ping },
    { 'node.ping': () => ({}) },
    {
      ...{ context: null, self: 'sgridnode 0.0.9 on node 5' },
    },
  );
  const info = {
    ...{ hostname: 'five', os: 'test', kernel: 'test', arch: 'x64', cpuCount: 1, memoryBytes: 1024 ** 3 },
    ...{ bootedAt: 1, agentVersion: '0.0.9', agentStartedAt: 1, cgroupDriver: 'none' as const },
    ...{ cgroupWarning: '', runtimes: {} },
  };
  await call(socket, agentLink.toMaster, 'node.report', { at: Date.now(), info, instances: [] });
  await cockpit.call('service.create', { spec: { name: 'web', type: 'binary', entry: 'run' } });
  const { instance } = await cockpit.call('instance.create', { serviceName: 'web', nodeId: 5, port: 9000 });
  await expect(cockpit.call('log.files', { instanceId: instance.instanceId })).rejects.toMatchObject({
    code: 'unsupported',
    message: 'sgridnode 0.0.9 on node 5 does not know "log.files"',
    hint: expect.stringContaining('upgrade it'),
  });
});

test('what a newer peer says beyond what is known is left out, and never stops the rest', async () => {
  const agent = createTestAgent(master, { nodeId: 6 });
  const socket = await agent.connect();
  onTestFinished(agent.close);
  const event = (eventId: string, kind: string, message: string) =>
    ({ eventId, at: Date.now(), kind, instanceId: null, message, colour: 'blue' }) as never;
  const [first, second] = [randomUUID(), randomUUID()];
  await agent.deliver([event(first, 'instance.frozen', 'too cold'), event(second, 'log.failed', 'disk')]);
  const { events } = await cockpit.call('event.list', {});
  const told = events.filter(({ eventId }) => eventId === first || eventId === second);
  expect(told.map(({ kind, message }) => [kind, message])).toEqual([
    ['log.failed', 'disk'],
    ['other', 'too cold'],
  ]);
  expect(told[0]).not.toHaveProperty('colour');

  const later = {
    'node.sleep': agentLink.toMaster['node.report'],
    'node.dream': agentLink.toMaster['node.snapshot'],
  };
  await expect(call(socket, later, 'node.sleep', {} as never)).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringMatching(/^sgridnext \S+ does not know "node\.sleep"$/),
  });
  socket.emit('node.dream', {});
  const laterCall = cockpit.socket.timeout(5_000).emitWithAck('fleet.dance', {});
  expect(await laterCall).toMatchObject({ ok: false, error: { code: 'unsupported' } });
  expect(await linkOf(6)).toBe('up');
});
