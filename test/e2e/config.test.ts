import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AgentProcess, newAgentDir, removeAgentDir, spawnAgent } from '../support/agent-process.ts';
import { type CockpitPeer, connectCockpit } from '../support/cockpit-peer.ts';
import { type MasterProcess, newStateDir, spawnMaster } from '../support/master.ts';
import { packDirectory } from '../support/samples.ts';
import { runSgrid } from '../support/sgrid.ts';
import { waitFor } from '../support/wait-for.ts';

/** Takes down what its files say, all of them together, at its start and at each SIGHUP; and answers with that. */
const PROGRAM = `
const { appendFileSync, readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const conf = (name) => readFileSync(process.env.SGRID_CONF_DIR + '/' + name, 'utf8').trim();
let now;
const load = (why) => {
  now = conf('app.conf') + ' ' + conf('sub/b.conf');
  appendFileSync(process.env.SGRID_DATA_DIR + '/seen', why + ' ' + now + '\\n');
};
process.on('SIGHUP', () => load('hup'));
load('start');
createServer((request, response) => response.end(now)).listen(process.env.SGRID_TARGET_PORT, process.env.SGRID_TARGET_HOST);
process.on('SIGTERM', () => process.exit(0));
`;
const SECRET = 'c0rrect-h0rse';

let directory: string;
let masterDir: string;
let agentDir: string;
let master: MasterProcess;
let agent: AgentProcess;
let admin: CockpitPeer;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-config-'));
  masterDir = newStateDir();
  agentDir = newAgentDir();
  master = await spawnMaster(masterDir);
  agent = await startAgent();
  admin = await connectCockpit(master);
  const health = { kind: 'http', path: '/', intervalMs: 100, startPeriodMs: 10_000 } as const;
  const restart = { initialDelayMs: 1, stableAfterMs: 0 };
  await admin.call('service.create', {
    spec: { name: 'web', type: 'node', entry: 'main.js', health, restart },
  });
  await nodeIs('up');
  const port = 10_000 + 100 * Math.floor(Math.random() * 220);
  for (const at of [0, 1])
    await admin.call('instance.create', { serviceName: 'web', nodeId: 1, port: port + at });
});
afterEach(async () => {
  admin.close();
  await agent.close();
  await removeAgentDir(agentDir);
  await master.kill();
  for (const made of [directory, masterDir]) rmSync(made, { recursive: true, force: true });
});

const startAgent = () =>
  spawnAgent({ stateDir: agentDir, masterUrl: master.url, tokenFile: master.tokenFile('agent') });
const sgrid = async (...argv: string[]): Promise<string> => {
  const { code, out, err } = await runSgrid(master, argv, directory);
  expect([code, err.replaceAll(/^(?!sgrid:).*\n/gm, '')], err).toEqual([0, '']);
  return out;
};
const fleet = () => admin.call('fleet.watch', { scope: { kind: 'all' } });
const nodeIs = (link: 'up' | 'down') =>
  waitFor(`the node ${link}`, async () => (await fleet()).nodes.some((node) => node.link === link));
const seen = (instanceId: number): string[] => {
  const file = join(agentDir, 'instances', String(instanceId), 'data', 'seen');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
};
const settled = (text: string) =>
  waitFor(`"${text}" of both`, () => [1, 2].every((instanceId) => seen(instanceId).at(-1) === text));
async function save(app: string, other: string): Promise<void> {
  writeFileSync(join(directory, 'app'), app);
  writeFileSync(join(directory, 'other'), other);
  await sgrid('config', 'set', 'web', 'app.conf', 'app');
  await sgrid('config', 'set', 'web', 'sub/b.conf', 'other');
}

async function deploy(): Promise<void> {
  const stage = join(directory, 'stage');
  mkdirSync(stage);
  writeFileSync(join(stage, 'main.js'), PROGRAM);
  await packDirectory(stage, join(directory, 'web.tar'));
  await sgrid('deploy', 'web', './web.tar', '--version', 'v1', '--max-unavailable', '100%', '--wait');
}

test('published while the agent is away: at its return the files are there at once, the signal once, nothing restarts', async () => {
  await save('one', '1');
  await sgrid('config', 'publish', 'web');
  await deploy();
  await settled('start one 1');

  await agent.kill();
  await nodeIs('down');
  await save('two', '2');
  await sgrid('config', 'publish', 'web', '--then', 'SIGHUP', '-m', 'while it was away');
  expect(await sgrid('config', 'status', 'web')).toMatch(/ waits +2 +1\n.* waits +2 +1\n$/);
  agent = await startAgent();
  await settled('hup two 2');
  await waitFor('the delivery', async () =>
    / delivered +2 +2\n.* delivered +2 +2\n$/.test(await sgrid('config', 'status', 'web')),
  );

  // Neither another agent nor another master means the same again.
  await agent.kill();
  agent = await startAgent();
  await master.kill();
  admin.close();
  master = await spawnMaster(masterDir, master.port);
  admin = await connectCockpit(master);
  await nodeIs('up');
  await sgrid('limits', '1', '2', '--pids', '500');
  for (const instanceId of [1, 2]) expect(seen(instanceId)).toEqual(['start one 1', 'hup two 2']);
  const { events } = await admin.call('event.list', { limit: 1000 });
  const told = events.filter(
    ({ kind, message }) => kind === 'config.delivered' && message.includes('config 2'),
  );
  expect(told).toHaveLength(2);
});

test('without a master a program starts again with the files that were published last, secrets filled in', async () => {
  writeFileSync(join(directory, 'secret'), `${SECRET}\n`);
  await sgrid('config', 'secret', 'set', 'web', 'db', '--file', 'secret');
  await save(`p=\${secret:db}`, '1');
  await sgrid('config', 'publish', 'web', '--wait');
  await deploy();
  await settled(`start p=${SECRET} 1`);
  const file = join(agentDir, 'instances', '1', 'conf', 'app.conf');
  expect(statSync(file).mode & 0o777).toBe(0o600);

  await master.kill();
  await agent.kill();
  agent = await startAgent();
  const { pid } = JSON.parse(readFileSync(join(agentDir, 'instances', '1', 'run.json'), 'utf8')).run.program;
  process.kill(pid, 'SIGKILL');
  await waitFor('the next run', () => seen(1).length === 2);
  expect(seen(1)[1]).toBe(`start p=${SECRET} 1`);
  expect(agent.output()).not.toContain(SECRET);
});

test('a rolling restart: one after the other, once each, also over the death of the master in the middle', async () => {
  await save('one', '1');
  await sgrid('config', 'publish', 'web');
  await deploy();
  await settled('start one 1');
  await save('two', '2');
  await sgrid('config', 'publish', 'web', '--then', 'restart');
  await waitFor('the first turn', () => seen(1).length === 2);
  await master.kill();
  admin.close();
  master = await spawnMaster(masterDir, master.port);
  admin = await connectCockpit(master);
  await settled('start two 2');
  for (const instanceId of [1, 2]) expect(seen(instanceId)).toEqual(['start one 1', 'start two 2']);
  await waitFor('the delivery', async () =>
    / delivered +2 +2\n.* delivered +2 +2\n$/.test(await sgrid('config', 'status', 'web')),
  );
});
