import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { InstanceStatus } from '../../common/domain/instance.ts';
import { type AgentProcess, newAgentDir, removeAgentDir, spawnAgent } from '../support/agent-process.ts';
import { type CockpitPeer, connectCockpit } from '../support/cockpit-peer.ts';
import { startMaster, type TestMaster } from '../support/master.ts';
import { tarOf, uploadPackage } from '../support/packages.ts';
import { waitFor } from '../support/wait-for.ts';
import { deploy } from './support/fleet.ts';

let master: TestMaster;
let agent: AgentProcess;
let cockpit: CockpitPeer;
let stateDir: string;

const PROGRAM = `
const http = require('node:http');
console.log('hello from ' + VERSION);
http.createServer((q, r) => r.end(VERSION + ' ' + process.pid)).listen(process.env.SGRID_TARGET_PORT, process.env.SGRID_TARGET_HOST);
process.on('SIGTERM', () => { console.log('bye'); process.exit(0); });
`;
const program = (version: string): string => `const VERSION = '${version}';${PROGRAM}`;

const start = (): Promise<AgentProcess> =>
  spawnAgent({ stateDir, masterUrl: master.url, tokenFile: master.tokenFile('agent') });

beforeEach(async () => {
  stateDir = newAgentDir();
  master = await startMaster();
  agent = await start();
  cockpit = await connectCockpit(master);
});
afterEach(async () => {
  cockpit.close();
  await agent.kill();
  await master.close();
  await removeAgentDir(stateDir);
});

async function view() {
  const { instances, nodes } = await cockpit.call('fleet.watch', { scope: { kind: 'all' } });
  return { instance: instances[0], node: nodes[0] };
}

async function statusWhen(what: string, check: (status: InstanceStatus) => boolean): Promise<InstanceStatus> {
  return await waitFor(what, async () => {
    const status = (await view()).instance?.status;
    return status != null && check(status) ? status : null;
  });
}

async function deployVersion(instanceId: number, version: string): Promise<void> {
  const content = tarOf({ 'index.js': program(version) });
  const { releaseId } = await uploadPackage(master, { serviceName: 'web', version, content });
  expect(await deploy(cockpit, releaseId, [instanceId])).toMatchObject({ state: 'succeeded' });
}

async function createInstance(): Promise<{ instanceId: number; port: number }> {
  await waitFor('the node', async () => (await view()).node?.link === 'up');
  await cockpit.call('service.create', { spec: { name: 'web', type: 'node' } });
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  const { instance } = await cockpit.call('instance.create', { serviceName: 'web', nodeId: 1, port });
  return { instanceId: instance.instanceId, port };
}

const answer = async (port: number): Promise<string | null> => {
  try {
    return await (await fetch(`http://127.0.0.1:${port}/`)).text();
  } catch {
    return null;
  }
};

test('a release is fetched, run, followed, restarted, replaced and stopped', async () => {
  const { instanceId, port } = await createInstance();
  await deployVersion(instanceId, '1.0');
  const first = await statusWhen('running', ({ state }) => state === 'running');
  expect(await waitFor('an answer', () => answer(port))).toBe(`1.0 ${first.pid}`);
  expect(first).toMatchObject({ restarts: 0, adopted: false, release: { version: '1.0' } });

  const log = await cockpit.call('log.read', { instanceId, from: 'head' });
  expect(Buffer.from(log.data).toString()).toContain('hello from 1.0');

  await cockpit.call('instance.restart', { instanceIds: [instanceId] });
  const second = await statusWhen('restarted', ({ state, pid }) => state === 'running' && pid !== first.pid);
  expect(second.lastExit).toMatchObject({ code: 0, signal: null, cause: 'stopped' });
  expect(second.restarts).toBe(0);

  await deployVersion(instanceId, '2.0');
  const third = await statusWhen(
    '2.0',
    ({ state, release }) => state === 'running' && release?.version === '2.0',
  );
  expect(await waitFor('the new answer', () => answer(port))).toBe(`2.0 ${third.pid}`);

  await cockpit.call('instance.stop', { instanceIds: [instanceId] });
  await statusWhen('stopped', ({ state }) => state === 'stopped');
  expect(existsSync(`/proc/${third.pid}`)).toBe(false);

  const { events } = await cockpit.call('event.list', { instanceId });
  const kinds = events.map(({ kind }) => kind).filter((kind) => kind.startsWith('instance.'));
  expect(kinds.filter((kind) => kind === 'instance.started')).toHaveLength(3);
  expect(kinds.filter((kind) => kind === 'instance.stopped')).toHaveLength(3);
  const text = readFileSync(join(stateDir, 'logs', String(instanceId), 'stdout.log'), 'utf8');
  expect(text.match(/starting run \d, release [\d.]+$/gm)).toHaveLength(3);
});

test('a killed agent: the program goes on and is adopted; its figures come again', async () => {
  const { instanceId, port } = await createInstance();
  await deployVersion(instanceId, '1.0');
  const before = await statusWhen('running', ({ state }) => state === 'running');
  await waitFor('an answer', () => answer(port));
  await agent.kill();
  expect(await answer(port)).toBe(`1.0 ${before.pid}`);
  agent = await start();
  const after = await statusWhen('adopted', ({ adopted }) => adopted);
  expect(after).toMatchObject({ state: 'running', pid: before.pid, startedAt: before.startedAt });
  cockpit.frames.length = 0;
  await waitFor('figures', () => cockpit.frames.some(({ samples }) => (samples?.length ?? 0) > 0));
});

test('a killed program is restarted by policy, and what happened without a master arrives once', async () => {
  const { instanceId } = await createInstance();
  await deployVersion(instanceId, '1.0');
  const before = await statusWhen('running', ({ state }) => state === 'running');
  process.kill(before.pid ?? 0, 'SIGKILL');
  const after = await statusWhen(
    'running again',
    ({ state, pid }) => state === 'running' && pid !== before.pid,
  );
  expect(after).toMatchObject({ restarts: 1, lastExit: { code: null, signal: 'SIGKILL', cause: 'exited' } });
  const exits = await waitFor('the event', async () => {
    const { events } = await cockpit.call('event.list', { instanceId });
    const found = events.filter(({ kind }) => kind === 'instance.exited');
    return found.length > 0 ? found : null;
  });
  expect(exits).toHaveLength(1);
});

test('health on loopback; a second agent on the state directory is refused by name', async () => {
  const health = await (await fetch(`http://127.0.0.1:${agent.nodePort}/healthz`)).json();
  expect(health).toMatchObject({ status: 'ok', nodeId: 1, cgroupDriver: 'none' });
  await expect(start()).rejects.toThrow(new RegExp(`in use by process ${agent.pid}`));
});

test('a wrong token is said, and services go on', async () => {
  await agent.kill();
  agent = await spawnAgent({ stateDir, masterUrl: master.url, tokenFile: master.tokenFile('viewer') });
  await waitFor('the refusal', () => agent.output().includes('the master refuses this agent'));
  expect(await agent.close()).toBe(0);
});

test('an agent whose log nobody reads any more goes on', async () => {
  const link = async (): Promise<string> =>
    z
      .object({ link: z.string() })
      .parse(await (await fetch(`http://127.0.0.1:${agent.nodePort}/healthz`)).json()).link;
  await waitFor('the link', async () => (await link()) === 'up');
  agent.dropOutput();
  // It has something to say of both.
  await master.close();
  await waitFor('the loss', async () => (await link()) === 'down');
  master = await startMaster({ port: master.port });
  await waitFor('a refusal, since this is another master', async () => (await link()) === 'refused');
});
