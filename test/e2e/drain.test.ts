import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hasEnded, type Rollout } from '../../common/domain/rollout.ts';
import { type AgentProcess, newAgentDir, removeAgentDir, spawnAgent } from '../support/agent-process.ts';
import { type CockpitPeer, connectCockpit } from '../support/cockpit-peer.ts';
import { type MasterProcess, newStateDir, spawnMaster } from '../support/master.ts';
import { packDirectory } from '../support/samples.ts';
import { runSgrid } from '../support/sgrid.ts';
import { waitFor } from '../support/wait-for.ts';

/** Answers with its file; takes its time to come up, and to go, so that a master can be killed meanwhile. */
const PROGRAM = `
const { appendFileSync, readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const log = (text) => appendFileSync(process.env.SGRID_DATA_DIR + '/seen', text + '\\n');
const conf = readFileSync(process.env.SGRID_CONF_DIR + '/app.conf', 'utf8').trim();
log('start ' + conf);
const server = createServer((request, response) => response.end(conf));
setTimeout(() => server.listen(process.env.SGRID_TARGET_PORT, process.env.SGRID_TARGET_HOST), 1500);
process.on('SIGTERM', () => { log('term'); setTimeout(() => process.exit(0), 1500); });
`;

let directory: string;
let masterDir: string;
let agentDirs: string[];
let master: MasterProcess;
let agents: AgentProcess[];
let admin: CockpitPeer;
let ports: number[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-drain-'));
  masterDir = newStateDir();
  agentDirs = [newAgentDir(), newAgentDir()];
  master = await spawnMaster(masterDir);
  agents = [];
  for (const [at, stateDir] of agentDirs.entries()) {
    const tokenFile = master.tokenFile('agent');
    agents.push(await spawnAgent({ stateDir, masterUrl: master.url, tokenFile, nodeId: at + 1 }));
  }
  admin = await connectCockpit(master);
  await nodesAreUp();
  // Nodes of this test share one address: each instance has a port of its own.
  const from = 10_000 + 100 * Math.floor(Math.random() * 220);
  ports = [from, from + 1];
  const health = { kind: 'http', path: '/', intervalMs: 100, startPeriodMs: 20_000 } as const;
  await admin.call('service.create', {
    spec: { name: 'web', type: 'node', entry: 'main.js', health, ports: { from, to: from } },
  });
  await admin.call('instance.create', { serviceName: 'web', nodeId: 1 });
  await admin.call('config.set', { serviceName: 'web', name: 'app.conf', text: 'all' });
  await admin.call('config.set', { serviceName: 'web', name: 'app.conf', text: 'its own', instanceId: 1 });
  await admin.call('config.publish', { serviceName: 'web' });
  const stage = join(directory, 'stage');
  mkdirSync(stage);
  writeFileSync(join(stage, 'main.js'), PROGRAM);
  await packDirectory(stage, join(directory, 'web.tar'));
  const deployed = await runSgrid(
    master,
    ['deploy', 'web', './web.tar', '--version', 'v1', '--wait'],
    directory,
  );
  expect(deployed.code, deployed.err).toBe(0);
  // From now on a new one goes to the other port.
  const { services } = await admin.call('service.list', {});
  const { serviceId: _id, createdAt: _at, ...spec } = services[0] ?? {};
  const next = { ...spec, name: 'web', type: 'node' as const, ports: { from: from + 1, to: from + 1 } };
  await admin.call('service.update', { spec: next });
});
afterEach(async () => {
  admin.close();
  for (const agent of agents) await agent.close();
  for (const each of agentDirs) await removeAgentDir(each);
  await master.kill();
  for (const made of [directory, masterDir]) rmSync(made, { recursive: true, force: true });
});

const fleet = () => admin.call('fleet.watch', { scope: { kind: 'all' } });
const nodesAreUp = () =>
  waitFor(
    'both nodes',
    async () => (await fleet()).nodes.filter(({ link }) => link === 'up').length === 2,
    30_000,
  );
const seen = (node: number, instanceId: number): string[] => {
  const file = join(agentDirs[node - 1] ?? '', 'instances', String(instanceId), 'data', 'seen');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
};

/** What answers on a port; null for nothing. */
function answerOf(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const request = get({ port, host: '127.0.0.1', agent: false, timeout: 2_000 }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(null));
  });
}

async function reborn(): Promise<void> {
  await master.kill();
  admin.close();
  master = await spawnMaster(masterDir, master.port);
  admin = await connectCockpit(master);
  await nodesAreUp();
}

test('a drain over the death of the master: the service answers all the time, and each program is started and ended once', async () => {
  const done = await runSgrid(master, ['node', 'drain', '1', '--no-wait'], directory);
  expect(done.code, done.err).toBe(0);
  const get = async (): Promise<Rollout> => (await admin.call('rollout.get', { rolloutId: 2 })).rollout;
  let isOver = false;
  let probes = 0;
  const silences: string[] = [];
  const probing = (async () => {
    while (!isOver) {
      const answers = await Promise.all(ports.map(answerOf));
      probes += 1;
      if (answers.every((answer) => answer === null)) silences.push(new Date().toISOString());
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  try {
    // Killed where the new one comes up, and where the old one goes.
    for (const [position, state] of [
      [0, 'applying'],
      [1, 'applying'],
    ] as const) {
      await waitFor(
        `step ${position} ${state}`,
        async () => (await get()).steps[position]?.state === state,
        60_000,
      );
      await reborn();
    }
    await waitFor('the end', async () => hasEnded(await get()), 60_000);
  } finally {
    isOver = true;
    await probing;
  }
  expect(await get()).toMatchObject({ kind: 'drain', nodeId: 1, state: 'succeeded' });
  expect(silences).toEqual([]);
  expect(probes).toBeGreaterThan(10);
  const { instances, nodes } = await fleet();
  expect(instances.map(({ instanceId, nodeId, port }) => [instanceId, nodeId, port])).toEqual([
    [2, 2, ports[1]],
  ]);
  expect(nodes.map(({ isCordoned }) => isCordoned)).toEqual([true, false]);
  expect(seen(2, 2)).toEqual(['start its own']);
  expect(await answerOf(ports[0] ?? 0)).toBeNull();
  expect(await answerOf(ports[1] ?? 0)).toBe('its own');
  const { events } = await admin.call('event.list', { limit: 1000 });
  const ofOld = events.filter(({ kind, instanceId }) => instanceId === 1 && kind === 'instance.stopped');
  expect(ofOld).toHaveLength(1);
});
