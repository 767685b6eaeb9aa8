import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { type AgentProcess, newAgentDir, removeAgentDir, spawnAgent } from '../support/agent-process.ts';
import { type CockpitPeer, connectCockpit } from '../support/cockpit-peer.ts';
import { newStateDir, startMaster, type TestMaster } from '../support/master.ts';
import { tarOf, uploadPackage } from '../support/packages.ts';
import { waitFor } from '../support/wait-for.ts';

/** Answers 200, and 503 while there is a file `sick`. */
const PROGRAM = `
const { existsSync } = require('node:fs');
require('node:http').createServer((_, response) => {
  response.writeHead(existsSync(process.env.SGRID_DATA_DIR + '/sick') ? 503 : 200).end();
}).listen(process.env.SGRID_TARGET_PORT, process.env.SGRID_TARGET_HOST);
`;

let master: TestMaster;
let agent: AgentProcess;
let cockpit: CockpitPeer;
let stateDir: string;
let masterDir: string;
const start = (): Promise<AgentProcess> =>
  spawnAgent({ stateDir, masterUrl: master.url, tokenFile: master.tokenFile('agent') });
const openMaster = (port = 0): Promise<TestMaster> =>
  startMaster({ stateDir: masterDir, port, limits: { minReadyMs: 1, registryIntervalMs: 40 } });

beforeEach(async () => {
  stateDir = newAgentDir();
  masterDir = newStateDir();
  master = await openMaster();
  agent = await start();
  cockpit = await connectCockpit(master);
});
afterEach(async () => {
  cockpit.close();
  await agent.kill();
  await master.close();
  await removeAgentDir(stateDir);
  rmSync(masterDir, { recursive: true, force: true });
});

const statSchema = z.object({ stat_list: z.array(z.object({ node_id: z.number(), pid: z.number() })) });
/** Instances in a registry file, with their pids. */
const listed = (file: string): string => {
  const { stat_list: list } = statSchema.parse(JSON.parse(readFileSync(join(stateDir, file), 'utf8')));
  return list.map(({ node_id, pid }) => `${node_id}:${pid}`).join(' ');
};
const view = async () => {
  const { instances, nodes } = await cockpit.call('fleet.watch', { scope: { kind: 'all' } });
  return { status: instances[0]?.status ?? null, isUp: nodes[0]?.link === 'up' };
};
const healthIs = (state: string) =>
  waitFor(state, async () => {
    const { status } = await view();
    return status?.health.state === state ? status : null;
  });
const everywhere = (list: string) =>
  waitFor(
    `"${list}" in both files`,
    () => listed('stat.json') === list && listed('stat-remote.json') === list,
  );

test('who is unhealthy leaves the registry and comes back when well; an agent that is killed changes nothing in it', async () => {
  await waitFor('the node', async () => (await view()).isUp);
  const health = { kind: 'http', path: '/', intervalMs: 100, failureThreshold: 2 } as const;
  await cockpit.call('service.create', { spec: { name: 'web', type: 'node', health } });
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  const { instance } = await cockpit.call('instance.create', { serviceName: 'web', nodeId: 1, port });
  const { instanceId } = instance;
  const content = tarOf({ 'index.js': PROGRAM });
  const release = await uploadPackage(master, { serviceName: 'web', version: '1', content });
  await cockpit.call('rollout.create', { releaseId: release.releaseId, instanceIds: [instanceId] });
  const { pid } = await healthIs('healthy');
  await everywhere(`${instanceId}:${pid}`);

  const sick = join(stateDir, 'instances', String(instanceId), 'data', 'sick');
  writeFileSync(sick, '');
  expect(await healthIs('unhealthy')).toMatchObject({ state: 'running', pid });
  await everywhere('');
  rmSync(sick);
  await healthIs('healthy');
  await everywhere(`${instanceId}:${pid}`);

  await agent.kill();
  agent = await start();
  // From the first look on: what was healthy stays found until a check says otherwise.
  expect(listed('stat.json')).toBe(`${instanceId}:${pid}`);
  await waitFor('the node', async () => (await view()).status?.adopted);
  await everywhere(`${instanceId}:${pid}`);

  await master.close();
  writeFileSync(sick, '');
  await waitFor('its own file, without a master', () => listed('stat.json') === '');
  await waitFor('and the other, of its own', () => listed('stat-remote.json') === '');
  master = await openMaster(master.port);
});

test('what happened while no master was there is told later, each once and in order', async () => {
  await waitFor('the node', async () => (await view()).isUp);
  const check = { intervalMs: 100, failureThreshold: 1, startPeriodMs: 600_000 };
  const health = { kind: 'http', path: '/', ...check } as const;
  await cockpit.call('service.create', { spec: { name: 'web', type: 'node', health } });
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  const { instance } = await cockpit.call('instance.create', { serviceName: 'web', nodeId: 1, port });
  const content = tarOf({ 'index.js': PROGRAM });
  const release = await uploadPackage(master, { serviceName: 'web', version: '1', content });
  await cockpit.call('rollout.create', { releaseId: release.releaseId, instanceIds: [instance.instanceId] });
  await healthIs('healthy');
  await master.close();
  const sick = join(stateDir, 'instances', String(instance.instanceId), 'data', 'sick');
  writeFileSync(sick, '');
  await waitFor('its leaving', () => listed('stat.json') === '');
  await agent.kill();
  agent = await start();
  rmSync(sick);
  await waitFor('its return', () => listed('stat.json') !== '');
  master = await openMaster(master.port);
  cockpit.close();
  cockpit = await connectCockpit(master);
  const told = await waitFor('the events', async () => {
    const { events } = await cockpit.call('event.list', { instanceId: instance.instanceId });
    const kinds = events.map(({ kind }) => kind).filter((kind) => /healthy|adopted/.test(kind));
    return kinds.length >= 4 ? kinds.reverse() : null;
  });
  expect(told).toEqual(['instance.healthy', 'instance.unhealthy', 'instance.adopted', 'instance.healthy']);
});
