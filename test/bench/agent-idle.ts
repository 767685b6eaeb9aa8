import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Role } from '../../common/domain/role.ts';
import { detectDriver } from '../../node/cgroup/detect.ts';
import { type CockpitPeer, connectCockpit } from '../support/cockpit-peer.ts';
import { tarOf, uploadPackage } from '../support/packages.ts';
import { waitFor } from '../support/wait-for.ts';
import { readMachineTicks, readProcUsage } from './proc-usage.ts';
import { type Product, startProduct } from './products.ts';

/**
 * What an agent costs while its services sleep, and how soon a new one has taken them over:
 * `node test/bench/agent-idle.ts [--instances 100] [--seconds 20] [--warm-up 10] [--restarts 3] [--driver auto]`.
 *
 * A real master and a real agent out of `dist/`, real services (a shim and a `sleep` each), cgroups below this process's own.
 * Prints one JSON line; judges nothing, since the machine may be busy with other things: `machinePercent` says how busy.
 */
const { values } = parseArgs({
  options: {
    instances: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '20' },
    'warm-up': { type: 'string', default: '10' },
    restarts: { type: 'string', default: '3' },
    driver: { type: 'string', default: 'auto' },
  },
});
/** Below this process's own group. */
const GROUP = 'self/sgrid-bench';
const instances = Number(values.instances);
const directory = mkdtempSync(join(tmpdir(), 'sgrid-bench-'));
const nodeDirectory = join(directory, 'node');
const tokenFile = (role: Role): string => join(directory, 'master', 'tokens', `${role}.token`);
const undo: (() => unknown)[] = [
  () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }),
  async () => (await detectDriver({ driver: values.driver as 'auto', parent: GROUP })).tidy(),
];

const startMaster = (): Promise<Product> =>
  startProduct(
    'sgridnext',
    ['--state-dir', join(directory, 'master'), '--host', '127.0.0.1', '--http-port', '0'],
    join(directory, 'master.log'),
  );

const startAgent = (url: string, nodePort: number): Promise<Product> =>
  startProduct(
    'sgridnode',
    [
      ...['--state-dir', nodeDirectory, '--main-node', url, '--token-file', tokenFile('agent')],
      ...['--node-port', String(nodePort), '--host', '127.0.0.1', '--alias', 'bench'],
      ...['--cgroup-driver', values.driver, '--cgroup-parent', GROUP],
    ],
    join(directory, 'agent.log'),
  );

interface Health {
  cgroupDriver: string;
  link: string;
  instances: Record<string, number>;
}

async function health(nodePort: number): Promise<Health | null> {
  try {
    return (await (await fetch(`http://127.0.0.1:${nodePort}/healthz`)).json()) as Health;
  } catch {
    return null;
  }
}

const allRun = async (nodePort: number): Promise<boolean> =>
  (await health(nodePort))?.instances.running === instances;

/** Has every instance created, deployed and running. @returns their ids */
async function deploy(cockpit: CockpitPeer, url: string, nodePort: number): Promise<number[]> {
  await waitFor('the node', async () => (await health(nodePort))?.link === 'up');
  await cockpit.call('service.create', { spec: { name: 'sleeper', type: 'binary', entry: 'main.sh' } });
  const master = { url, token: (role: Role) => readFileSync(tokenFile(role), 'utf8').trim() };
  const content = tarOf({ 'main.sh': '#!/bin/sh\nexec sleep 1000000\n' });
  const { releaseId } = await uploadPackage(master, { serviceName: 'sleeper', version: '1.0', content });
  const instanceIds: number[] = [];
  for (let index = 0; index < instances; index += 1) {
    const request = {
      serviceName: 'sleeper',
      nodeId: 1,
      port: 10_000 + index,
      limits: { memoryMiB: 64, pids: 50 },
    };
    const { instance } = await cockpit.call('instance.create', request);
    instanceIds.push(instance.instanceId);
  }
  const rollout = { releaseId, instanceIds, options: { maxUnavailable: '100%', minReadyMs: 0 } };
  await cockpit.call('rollout.create', rollout);
  await waitFor('all instances running', () => allRun(nodePort), 600_000);
  return instanceIds;
}

/** CPU and memory over a while. */
async function measure(pid: number): Promise<object> {
  const [before, machineBefore, beforeNanos] = [
    readProcUsage(pid),
    readMachineTicks(),
    process.hrtime.bigint(),
  ];
  await delay(Number(values.seconds) * 1000);
  const [now, machineNow, nowNanos] = [readProcUsage(pid), readMachineTicks(), process.hrtime.bigint()];
  const percent = (part: number, whole: number): number => Math.round((part / whole) * 10_000) / 100;
  const mb = (kib: number): number => Math.round((kib * 1024) / 100_000) / 10;
  return {
    cpuPercent: percent(Number(now.cpuNanos - before.cpuNanos), Number(nowNanos - beforeNanos)),
    ...{ rssMB: mb(now.rssKiB), anonMB: mb(now.anonKiB), fileMB: mb(now.fileKiB), threads: now.threads },
    machinePercent: percent(machineNow.busy - machineBefore.busy, machineNow.total - machineBefore.total),
  };
}

/** Milliseconds from the start of a new agent, after the old one was killed, until it says that all run. */
async function adopt(url: string, nodePort: number, old: Product): Promise<{ agent: Product; ms: number }> {
  await old.end('SIGKILL');
  const beganAt = performance.now();
  const starting = startAgent(url, nodePort);
  await waitFor('all instances adopted', () => allRun(nodePort), 120_000);
  const ms = Math.round(performance.now() - beganAt);
  return { agent: await starting, ms };
}

async function bench(): Promise<object> {
  const master = await startMaster();
  undo.push(() => master.end('SIGTERM'));
  const url = String(master.ready.url);
  let agent = await startAgent(url, 0);
  undo.push(() => agent.end('SIGTERM'));
  const nodePort = Number(agent.ready.nodePort);
  const cockpit = await connectCockpit({
    url,
    token: (role) => readFileSync(tokenFile(role), 'utf8').trim(),
  });
  undo.push(cockpit.close);
  const instanceIds = await deploy(cockpit, url, nodePort);
  // What follows is done before all of the above is ended.
  undo.push(async () => {
    await cockpit.call('instance.stop', { instanceIds });
    await waitFor(
      'all instances stopped',
      async () => (await health(nodePort))?.instances.stopped === instances,
    );
  });
  const restarts: number[] = [];
  for (let left = Number(values.restarts); left > 0; left -= 1) {
    const adopted = await adopt(url, nodePort, agent);
    agent = adopted.agent;
    restarts.push(adopted.ms);
  }
  await waitFor('the link', async () => (await health(nodePort))?.link === 'up');
  await delay(Number(values['warm-up']) * 1000);
  const driver = (await health(nodePort))?.cgroupDriver;
  return { bench: 'agent-idle', instances, driver, ...(await measure(agent.pid)), adoptionMs: restarts };
}

try {
  process.stdout.write(`${JSON.stringify(await bench())}\n`);
} finally {
  for (const step of undo.reverse()) await step();
}
process.exit(0);
