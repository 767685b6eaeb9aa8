import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createDiscovery,
  type Discovery,
  type DiscoveryOptions,
} from '../../../common/discovery/create-discovery.ts';
import type { ServiceInstance } from '../../../common/discovery/service-instance.ts';
import type { RegistryEntry } from '../../../common/domain/registry.ts';
import { createDiscoveryEndpoint, type DiscoveryEndpoint } from '../../../node/http/discovery.ts';
import { type LocalServer, openLocalServer } from '../../../node/http/local-server.ts';
import { openRegistry, type Registry } from '../../../node/registry/registry.ts';
import { formatStat, formatStatList } from '../../../node/registry/stat-format.ts';
import { waitFor } from '../../support/wait-for.ts';
import { createLines, entryOf } from '../registry/support.ts';

const TIMES = { firstRetryMs: 1, lastRetryMs: 5, fileEveryMs: 5, waitMs: 60_000 };
let nodeDir: string;
let discoveries: Discovery[];
let agent: { registry: Registry; endpoint: DiscoveryEndpoint; server: LocalServer } | null;

beforeEach(() => {
  nodeDir = mkdtempSync(join(tmpdir(), 'sgrid-discovery-'));
  discoveries = [];
  agent = null;
});
afterEach(async () => {
  for (const discovery of discoveries) discovery.close();
  await stopAgent();
  rmSync(nodeDir, { recursive: true, force: true });
});

/** The agent's own registry and port, without the rest of it. */
async function startAgent(entries: RegistryEntry[]): Promise<void> {
  const registry = openRegistry({
    directory: nodeDir,
    nodeId: 1,
    local: () => entries.filter(({ nodeId }) => nodeId === 1),
    clock: Date.now,
    logger: createLines(),
  });
  registry.receive({ kind: 'all', entries }, new AbortController().signal);
  const endpoint = createDiscoveryEndpoint(registry, 1);
  const server = await openLocalServer(0, [endpoint.handler]);
  writeFileSync(join(nodeDir, 'node.port'), `${server.port}\n`);
  agent = { registry, endpoint, server };
}
async function stopAgent(): Promise<void> {
  // In the agent's order: what it has served is in the files before its port is closed.
  agent?.endpoint.close();
  await agent?.registry.close();
  await agent?.server.close();
  agent = null;
}
function tell(changed: RegistryEntry[], removedInstanceIds: number[] = []): void {
  agent?.registry.receive({ kind: 'delta', changed, removedInstanceIds }, new AbortController().signal);
}
function open(options: DiscoveryOptions = {}): Discovery {
  const discovery = createDiscovery({
    env: { SGRID_NODE_DIR: nodeDir },
    times: TIMES,
    random: () => 0,
    ...options,
  });
  discoveries.push(discovery);
  return discovery;
}
/** Everything that a watch was told, as ids. */
function watching(discovery: Discovery, name = 'web'): { seen: string[]; stop: () => void } {
  const seen: string[] = [];
  const stop = discovery.watch(name, (instances) => void seen.push(idsOf(instances)));
  return { seen, stop };
}
const idsOf = (instances: readonly ServiceInstance[]): string =>
  instances.map(({ instanceId }) => instanceId).join();
const last = (seen: string[], ids: string) => waitFor(ids, () => seen.at(-1) === ids);
const remote = (instanceId: number): RegistryEntry => entryOf(instanceId, { nodeId: 2, host: '10.0.0.2' });

test('resolves out of the agent', async () => {
  await startAgent([entryOf(1), remote(2)]);
  expect(await open().resolve('web')).toEqual([
    { instanceId: 1, nodeId: 1, host: '10.0.0.1', port: 8001, pid: 101 },
    { instanceId: 2, nodeId: 2, host: '10.0.0.2', port: 8002, pid: 102 },
  ]);
  expect(await open().resolve('nobody')).toEqual([]);
  expect(idsOf(await open({ env: {}, nodePort: agent?.server.port }).resolve('web'))).toBe('1,2');
  expect(idsOf(await open({ env: {}, url: `http://127.0.0.1:${agent?.server.port}/` }).resolve('web'))).toBe(
    '1,2',
  );
});

test('a watch is told at once and of every change, without asking again and again', async () => {
  await startAgent([entryOf(1)]);
  const discovery = open();
  const { seen, stop } = watching(discovery);
  await last(seen, '1');
  await waitFor('the long poll', () => agent?.endpoint.waiting() === 1);
  tell([remote(2)]);
  await last(seen, '1,2');
  await waitFor('the long poll', () => agent?.endpoint.waiting() === 1);
  tell([entryOf(9, { serviceName: 'other', nodeId: 2 })]);
  tell([], [2]);
  await last(seen, '1');
  expect(seen).toEqual(['1', '1,2', '1']);
  const late = watching(discovery);
  await last(late.seen, '1');
  late.stop();
  await waitFor('the long poll', () => agent?.endpoint.waiting() === 1);
  stop();
  await waitFor('its end', () => agent?.endpoint.waiting() === 0);
});

test('an agent that goes leaves its file; one that comes back, on another port, is found', async () => {
  await startAgent([entryOf(1), remote(2)]);
  const discovery = open();
  const { seen } = watching(discovery);
  await last(seen, '1,2');
  await stopAgent();
  expect(idsOf(await open().resolve('web'))).toBe('1,2');
  await startAgent([entryOf(1), remote(3)]);
  await last(seen, '1,3');
  expect(seen).toEqual(['1,2', '1,3']);
});

test('an agent that comes back with what it served before is believed over the file', async () => {
  await startAgent([entryOf(1), remote(2)]);
  const { seen } = watching(open());
  await last(seen, '1,2');
  await stopAgent();
  writeFileSync(join(nodeDir, 'stat-remote.json'), formatStat(formatStatList([entryOf(1)]), 0));
  await last(seen, '1');
  await startAgent([entryOf(1), remote(2)]);
  await last(seen, '1,2');
});

test('a program that starts while the agent is away reads the file, and knows its node', async () => {
  await startAgent([entryOf(1), remote(2)]);
  await stopAgent();
  const balancer = open().balancer('web');
  await balancer.ready();
  const picked = Array.from({ length: 4 }, () => balancer.pick().address);
  expect(picked).toEqual(Array(4).fill('10.0.0.1:8001'));
});

test('another program that has the port now is not believed', async () => {
  const stranger: Server = createServer((_request, response) => void response.end('{"instances":[]}'));
  stranger.listen(0, '127.0.0.1');
  await waitFor('the stranger', () => stranger.listening);
  try {
    writeFileSync(join(nodeDir, 'stat-remote.json'), formatStat(formatStatList([remote(2)]), 0));
    writeFileSync(join(nodeDir, 'node.port'), String((stranger.address() as AddressInfo).port));
    expect(idsOf(await open().resolve('web'))).toBe('2');
  } finally {
    stranger.close();
    stranger.closeAllConnections();
  }
});

test('follows a file alone, replaced while it is read', async () => {
  const file = join(nodeDir, 'elsewhere.json');
  const write = (...entries: RegistryEntry[]): void => {
    writeFileSync(`${file}.tmp`, formatStat(formatStatList(entries), 0));
    renameSync(`${file}.tmp`, file);
  };
  write(remote(1));
  const { seen } = watching(open({ env: {}, file }));
  await last(seen, '1');
  write(remote(1), remote(2));
  await last(seen, '1,2');
  writeFileSync(file, '{"update');
  await new Promise((resolve) => setImmediate(resolve));
  write();
  await last(seen, '');
  expect(seen).toEqual(['1', '1,2', '']);
});

test('what is missing or wrong is said', async () => {
  expect(() => createDiscovery({ env: {} })).toThrow(/SGRID_NODE_DIR/);
  const discovery = open();
  await expect(discovery.resolve('web')).rejects.toMatchObject({ code: 'unavailable' });
  await expect(discovery.resolve('../x')).rejects.toMatchObject({ code: 'bad_name' });
  await expect(discovery.balancer('web').ready()).rejects.toMatchObject({ code: 'unavailable' });
  discovery.close();
  await expect(discovery.resolve('web')).rejects.toMatchObject({ code: 'closed' });
  expect(() => discovery.watch('web', () => {})).toThrow(/closed/);
});

test('a balancer: each call has an instance of its own choice, failures are tried elsewhere and left out', async () => {
  await startAgent([remote(1), remote(2), remote(3)]);
  const balancer = open({ clock: () => 0 }).balancer('web');
  const called: number[] = [];
  const work = async ({ instance }: { instance: ServiceInstance }): Promise<number> => {
    called.push(instance.instanceId);
    if (instance.instanceId === 2) throw new Error('refused');
    return instance.instanceId;
  };
  const answers = [];
  for (let times = 0; times < 10; times += 1) answers.push(await balancer.call(work));
  expect(answers.filter((id) => id === 1)).not.toHaveLength(0);
  expect(answers.filter((id) => id === 3)).not.toHaveLength(0);
  expect(called.filter((id) => id === 2)).toHaveLength(1);
  const mine = new Error('the caller is wrong');
  await expect(
    balancer.call(() => Promise.reject(mine), { isFailure: (error) => error !== mine }),
  ).rejects.toBe(mine);
  await expect(balancer.call(() => Promise.reject(new Error('all down')))).rejects.toThrow('all down');
  tell([], [1, 2, 3]);
  await waitFor('nobody', () => {
    try {
      balancer.pick();
      return false;
    } catch (error) {
      return (error as { code?: string }).code === 'no_address';
    }
  });
  await expect(balancer.call(work)).rejects.toMatchObject({ code: 'no_address' });
  balancer.close();
  expect(() => balancer.pick()).toThrow(/closed/);
  await waitFor('the end of its poll', () => agent?.endpoint.waiting() === 0);
});

test('a listener that throws does not stop the others', async () => {
  const uncaught: unknown[] = [];
  const keep = process.listeners('uncaughtException');
  process
    .removeAllListeners('uncaughtException')
    .on('uncaughtException', (error) => void uncaught.push(error));
  try {
    await startAgent([remote(1)]);
    const discovery = open();
    discovery.watch('web', () => {
      throw new Error('of the program');
    });
    const { seen } = watching(discovery);
    await last(seen, '1');
    tell([remote(2)]);
    await last(seen, '1,2');
    await waitFor('both errors', () => uncaught.length === 2);
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of keep) process.on('uncaughtException', listener);
  }
});
