import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { InstanceView } from '../../common/domain/instance.ts';
import type { Rollout } from '../../common/domain/rollout.ts';
import { type AgentProcess, newAgentDir, removeAgentDir, spawnAgent } from '../support/agent-process.ts';
import { type CockpitPeer, connectCockpit } from '../support/cockpit-peer.ts';
import { fetchText } from '../support/local-system.ts';
import { type MasterProcess, newStateDir, spawnMaster } from '../support/master.ts';
import { type Probe, startProbe } from '../support/probe.ts';
import { packDirectory } from '../support/samples.ts';
import { runSgrid } from '../support/sgrid.ts';
import { waitFor } from '../support/wait-for.ts';

/** What a release serves, and how it answers its health check. */
const PROGRAM = `
const { createServer } = require('node:http');
const { version, isHealthy } = require('./release.json');
const server = createServer((request, response) => {
  if (request.url === '/healthz' && !isHealthy) console.log('database: connection refused');
  response.statusCode = request.url === '/healthz' && !isHealthy ? 503 : 200;
  response.end('web ' + version + ' pid ' + process.pid + '\\n');
});
server.listen(process.env.SGRID_TARGET_PORT, process.env.SGRID_TARGET_HOST);
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;
const INSTANCES = 4;
/** Callers of each instance, side by side. */
const CALLERS = 3;

let directory: string;
let masterDir: string;
let agentDir: string;
let master: MasterProcess;
let agent: AgentProcess;
let admin: CockpitPeer;
let basePort: number;
const probes: Probe[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-rollout-'));
  masterDir = newStateDir();
  agentDir = newAgentDir();
  basePort = 10_000 + 100 * Math.floor(Math.random() * 220);
  master = await spawnMaster(masterDir);
  const tokenFile = master.tokenFile('agent');
  agent = await spawnAgent({ stateDir: agentDir, masterUrl: master.url, tokenFile });
  admin = await connectCockpit(master);
  // Long enough for Node.js to start also on a machine that is busy.
  const cadence = { intervalMs: 100, failureThreshold: 2, startPeriodMs: 10_000 };
  const health = { kind: 'http', path: '/healthz', ...cadence } as const;
  await admin.call('service.create', { spec: { name: 'web', type: 'node', entry: 'main.js', health } });
  await waitFor('the node', async () => (await fleet()).nodes.some(({ link }) => link === 'up'));
  for (let at = 0; at < INSTANCES; at++)
    await admin.call('instance.create', { serviceName: 'web', nodeId: 1, port: basePort + at });
});

afterEach(async () => {
  await stopProbes();
  admin.close();
  await agent.close();
  await removeAgentDir(agentDir);
  await master.kill();
  for (const made of [directory, masterDir]) rmSync(made, { recursive: true, force: true });
});

const fleet = () => admin.call('fleet.watch', { scope: { kind: 'all' } });
const pids = (instances: readonly InstanceView[]) => instances.map(({ status }) => status?.pid ?? 0);
const versions = (instances: readonly InstanceView[]) =>
  instances.map(({ status }) => status?.release?.version);

/** `sgrid` against this master, in this process. */
const sgrid = (...argv: string[]) => runSgrid(master, argv, directory);

async function pack(version: string, isHealthy = true): Promise<string> {
  const stage = join(directory, `stage-${version}`);
  mkdirSync(stage);
  writeFileSync(join(stage, 'main.js'), PROGRAM);
  writeFileSync(join(stage, 'release.json'), JSON.stringify({ version, isHealthy }));
  await packDirectory(stage, join(directory, `${version}.tar`));
  return `./${version}.tar`;
}

async function deployFirst(): Promise<InstanceView[]> {
  const archive = await pack('v1');
  const done = await sgrid(
    'deploy',
    'web',
    archive,
    '--version',
    'v1',
    '--max-unavailable',
    '100%',
    '--wait',
  );
  expect(done, done.err).toMatchObject({ code: 0, out: expect.stringContaining('rollout 1: succeeded') });
  return (await fleet()).instances;
}

/** Calls every one of these instances from several sides at once; it must answer as the very process that it is. */
function callAll(instances: readonly InstanceView[]): Probe[] {
  const started = instances.flatMap(({ host, port, status }) =>
    Array.from({ length: CALLERS }, () => startProbe(host, port, `web v1 pid ${status?.pid}\n`)),
  );
  probes.push(...started);
  return started;
}

async function stopProbes(): Promise<void> {
  await Promise.all(probes.splice(0).map((probe) => probe.stop()));
}

test('a canary that fails its health check rolls back by itself; the healthy instances lose no request', async () => {
  const before = await deployFirst();
  const healthy = before.slice(1);
  const calls = callAll(healthy);
  await waitFor('calls', () => calls.every((probe) => probe.answered() > 5));
  const archive = await pack('v2', false);
  const careful = [
    '--canary',
    '1',
    '--max-unavailable',
    '50%',
    '--rollback-on-failure',
    '--message',
    'friday',
  ];
  const done = await sgrid(
    'deploy',
    'web',
    archive,
    '--version',
    'v2',
    ...careful,
    '--wait',
    '--timeout',
    '90s',
  );

  expect(done.code).toBe(1);
  expect(done.err).toContain(`web@test-node:${basePort} failed: unhealthy: `);
  expect(done.err).toMatch(/^rollout 2 rolling-back: web@\S+: unhealthy/m);
  expect(done.err).toMatch(
    /^--- last lines of web@.*\n(?:.*\n)*database: connection refused\n(?:.*\n)*---$/m,
  );
  expect(done.err).toMatch(/^sgrid: rollout 2 of web was rolled back: web@\S+: unhealthy/m);
  const after = (await fleet()).instances;
  expect(versions(after)).toEqual(['v1', 'v1', 'v1', 'v1']);
  expect(pids(after).slice(1)).toEqual(pids(healthy));
  expect(after[0]?.status).toMatchObject({ state: 'running', health: { state: 'healthy' } });
  expect(await fetchText('127.0.0.1', basePort)).toContain('web v1');

  const answered = calls.map((probe) => probe.answered());
  await waitFor('calls after it', () => calls.every((probe, at) => probe.answered() > (answered[at] ?? 0)));
  await stopProbes();
  expect(calls.flatMap((probe) => probe.failures())).toEqual([]);
  expect(calls.reduce((sum, probe) => sum + probe.answered(), 0)).toBeGreaterThan(100);
  const status = await sgrid('rollout', 'status', 'web');
  expect(status.out).toMatch(/state: {3}rolled-back, took \d+s\nreason: .*\nmessage: friday\n/);
});

/** Kills the master with -9 and starts it again where it was; the agent comes back by itself. */
async function killMaster(): Promise<void> {
  await master.kill();
  admin.close();
  master = await spawnMaster(masterDir, master.port);
  admin = await connectCockpit(master);
}

async function reach(rolloutId: number, what: (rollout: Rollout) => boolean): Promise<Rollout> {
  return waitFor(
    'the state',
    async () => {
      const { rollout } = await admin.call('rollout.get', { rolloutId });
      return what(rollout) ? rollout : null;
    },
    60_000,
  );
}

test('the master killed with -9 while running, paused, and rolling back: the same rollout goes on, nothing is done twice', async () => {
  const first = await deployFirst();
  await sgrid('upload', 'web', await pack('v2'), '--version', 'v2');
  const careful = ['--canary', '1', '--pause-after-canary', '--max-unavailable', '2', '--min-ready', '300ms'];
  const { code, out } = await sgrid('deploy', 'web', 'v2', ...careful);
  expect({ code, out }).toEqual({ code: 0, out: 'rollout 2: web v2 on 4 instances\n' });

  await reach(2, ({ steps }) => steps[0]?.state === 'applying');
  await killMaster();
  await reach(2, ({ state }) => state === 'paused');
  const canary = pids((await fleet()).instances)[0];
  await killMaster();
  const paused = await reach(2, ({ state }) => state === 'paused');
  expect(paused.steps.map(({ state }) => state)).toEqual(['done', 'pending', 'pending', 'pending']);
  await waitFor('the node', async () => (await fleet()).nodes.some(({ link }) => link === 'up'));
  expect(pids((await fleet()).instances)).toEqual([canary, ...pids(first).slice(1)]);

  expect((await sgrid('rollout', 'resume', '2')).out).toBe('rollout 2: running\n');
  await reach(2, ({ steps }) => steps.some(({ state }, at) => at > 0 && state === 'applying'));
  expect((await sgrid('rollout', 'abort', '2', '--rollback')).out).toBe('rollout 2: rolling-back\n');
  await reach(2, ({ steps }) => steps.some(({ state }) => state === 'reverting'));
  await killMaster();
  const end = await reach(2, ({ endedAt }) => endedAt !== null);
  expect(end.state).toBe('rolled-back');
  expect(end.steps.every(({ state }) => state === 'reverted' || state === 'skipped')).toBe(true);
  const { instances } = await fleet();
  expect(versions(instances)).toEqual(['v1', 'v1', 'v1', 'v1']);
  for (const { status, instanceId } of instances) {
    expect(status).toMatchObject({ state: 'running', restarts: 0 });
    const { runs } = await admin.call('log.runs', { instanceId });
    // Once forth and once back where it had its turn, else never.
    const isTouched = end.steps.some((step) => step.instanceId === instanceId && step.state === 'reverted');
    expect(runs).toHaveLength(isTouched ? 3 : 1);
  }
});
