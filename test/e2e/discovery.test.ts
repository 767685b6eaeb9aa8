import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { buildSamplePackage } from '../../cockpit/cli/local/sample-package.ts';
import type { InstanceView } from '../../common/domain/instance.ts';
import { serviceSpecSchema } from '../../common/domain/service.ts';
import { parseStat } from '../../node/registry/stat-format.ts';
import { type AgentProcess, newAgentDir, removeAgentDir, spawnAgent } from '../support/agent-process.ts';
import { type CockpitPeer, connectCockpit } from '../support/cockpit-peer.ts';
import { fetchText } from '../support/local-system.ts';
import { type MasterProcess, newStateDir, spawnMaster } from '../support/master.ts';
import { uploadPackage } from '../support/packages.ts';
import { waitFor } from '../support/wait-for.ts';

const SERVICES = fileURLToPath(new URL('../services', import.meta.url));
const NAMES = ['grpc-greeter', 'grpc-front'] as const;
type Name = (typeof NAMES)[number];

let packages: Map<Name, Buffer>;
let nodes: { stateDir: string; agent: AgentProcess }[];
let master: MasterProcess;
let cockpit: CockpitPeer;
let releases: Map<Name, number>;
let nextPort: number;

beforeAll(async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sgrid-grpc-'));
  packages = new Map();
  try {
    for (const name of NAMES) {
      const archive = join(directory, `${name}.tar.gz`);
      const manifest = { spec: specOf(name), instances: [] };
      await buildSamplePackage({ directory: join(SERVICES, name), manifest }, '1.0', archive);
      packages.set(name, readFileSync(archive));
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

beforeEach(async () => {
  nextPort = 20_000 + Math.floor(Math.random() * 10_000);
  nodes = [];
  master = await spawnMaster(newStateDir());
  for (const nodeId of [1, 2]) {
    const stateDir = newAgentDir();
    nodes.push({ stateDir, agent: await startAgent(stateDir, nodeId) });
  }
  cockpit = await connectCockpit(master);
  releases = new Map();
  for (const name of NAMES) {
    await cockpit.call('service.create', { spec: specOf(name) });
    const content = packages.get(name) ?? Buffer.alloc(0);
    const { releaseId } = await uploadPackage(master, { serviceName: name, version: '1.0', content });
    releases.set(name, releaseId);
  }
});
afterEach(async () => {
  cockpit.close();
  for (const { agent } of nodes) await agent.kill();
  await master.kill();
  for (const { stateDir } of nodes) await removeAgentDir(stateDir);
  rmSync(master.stateDir, { recursive: true, force: true });
});
afterAll(() => packages.clear());

function specOf(name: Name) {
  return serviceSpecSchema.parse({
    name,
    type: 'node',
    entry: 'server.cjs',
    restart: { initialDelayMs: 100 },
  });
}

function startAgent(stateDir: string, nodeId: number): Promise<AgentProcess> {
  return spawnAgent({ stateDir, nodeId, masterUrl: master.url, tokenFile: master.tokenFile('agent') });
}

function nodeOf(nodeId: number): { stateDir: string; agent: AgentProcess } {
  const node = nodes[nodeId - 1];
  if (node === undefined) throw new Error(`no node ${nodeId}`);
  return node;
}

async function run(serviceName: Name, nodeId: number): Promise<InstanceView> {
  nextPort += 1;
  const { instance } = await cockpit.call('instance.create', {
    serviceName,
    nodeId,
    host: '127.0.0.1',
    port: nextPort,
  });
  const releaseId = releases.get(serviceName) ?? 0;
  const { rollout } = await cockpit.call('rollout.create', { releaseId, instanceIds: [instance.instanceId] });
  const ended = await waitFor('the rollout', async () => {
    const now = (await cockpit.call('rollout.get', { rolloutId: rollout.rolloutId })).rollout;
    return now.state === 'running' ? null : now;
  });
  expect(ended, JSON.stringify(ended.steps)).toMatchObject({ state: 'succeeded' });
  return instance;
}

async function pidOf({ instanceId }: InstanceView): Promise<number> {
  const { instances } = await cockpit.call('fleet.watch', { scope: { kind: 'all' } });
  return instances.find((instance) => instance.instanceId === instanceId)?.status?.pid ?? 0;
}

/** Calls the front again and again, and keeps who greeted, and everything that was no greeting. */
function callFront({ host, port }: InstanceView) {
  const failures: string[] = [];
  let addresses: string[] = [];
  let stopped = false;
  const loop = (async () => {
    while (!stopped) {
      const text = await fetchText(host, port, '/?name=you').catch((error: Error) => error.message);
      const [, address] = /"text":"hello you",.*"address":"([^"]+)"/.exec(text) ?? [];
      if (address === undefined) failures.push(text);
      else addresses.push(address);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  return {
    failures,
    /** Waits until calls from now on are answered from all these places, whatever else answers. */
    async greetedBy(...instances: InstanceView[]): Promise<void> {
      addresses = [];
      const wanted = instances.map((instance) => `${instance.host}:${instance.port}`);
      await waitFor(`greetings from ${wanted}`, () => wanted.every((address) => addresses.includes(address)));
    },
    async stop(): Promise<void> {
      stopped = true;
      await loop;
    },
  };
}

const registryOf = (nodeId: number): number[] =>
  parseStat(readFileSync(join(nodeOf(nodeId).stateDir, 'stat-remote.json'), 'utf8')).map(
    ({ instanceId }) => instanceId,
  );

test('one service calls another through discovery, while its instances are killed, scaled and unwatched', async () => {
  const near = await run('grpc-greeter', 1);
  const far = await run('grpc-greeter', 2);
  const front = await run('grpc-front', 1);
  const ids = [near.instanceId, far.instanceId, front.instanceId];
  for (const nodeId of [1, 2])
    await waitFor('the registry', () => String(registryOf(nodeId)) === String(ids));
  await waitFor('the front', () => fetchText(front.host, front.port).catch(() => null));
  const calls = callFront(front);
  try {
    await calls.greetedBy(near);

    // A crash: the other one answers, and it comes back.
    process.kill(await pidOf(near), 'SIGKILL');
    await calls.greetedBy(far);
    await calls.greetedBy(near);

    // Stopped for good: it leaves the registry of both nodes.
    await cockpit.call('instance.stop', { instanceIds: [near.instanceId] });
    for (const nodeId of [1, 2])
      await waitFor('its leaving', () => !registryOf(nodeId).includes(near.instanceId));
    await calls.greetedBy(far);

    // Scaled out, to the front's own node.
    const added = await run('grpc-greeter', 1);
    await calls.greetedBy(added);

    // Nobody tells the front any more, and the file still has what is dead.
    await nodeOf(1).agent.kill();
    process.kill(await pidOf(added), 'SIGKILL');
    expect(registryOf(1)).toContain(added.instanceId);
    await calls.greetedBy(far);

    // The agent comes back on another port, starts it again, and is found.
    nodeOf(1).agent = await startAgent(nodeOf(1).stateDir, 1);
    await calls.greetedBy(added);

    // Without a master all that is known stays, and what this node sees itself is seen.
    await master.kill();
    expect(registryOf(1)).toEqual([far.instanceId, front.instanceId, added.instanceId]);
    await calls.greetedBy(added);
  } finally {
    await calls.stop();
  }
  expect(calls.failures).toEqual([]);
});
