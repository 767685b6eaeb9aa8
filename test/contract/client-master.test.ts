import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMasterClient, type LinkTiming } from '../../cockpit/client/connection.ts';
import type { LinkState, MasterClient } from '../../cockpit/client/master-client.ts';
import type { FleetFrame, FleetSnapshot } from '../../common/domain/fleet.ts';
import type { Role } from '../../common/domain/role.ts';
import { startMaster, type TestMaster } from '../support/master.ts';
import { packDirectory } from '../support/samples.ts';
import { createTestAgent, type TestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';

let master: TestMaster;
let directory: string;
const clients: MasterClient[] = [];
const agents: TestAgent[] = [];

beforeEach(async () => {
  master = await startMaster();
  directory = mkdtempSync(join(tmpdir(), 'sgrid-client-'));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const agent of agents.splice(0)) agent.close();
  await master.close();
  rmSync(directory, { recursive: true, force: true });
});

function connect(
  options: { role?: Role; token?: string; url?: string; timing?: LinkTiming } = {},
): MasterClient {
  const client = createMasterClient({
    url: options.url ?? master.url,
    token: options.token ?? master.token(options.role ?? 'operator'),
    version: '0.0.0-test',
    clock: Date.now,
    random: () => 0,
    ...(options.timing && { timing: options.timing }),
  });
  clients.push(client);
  return client;
}

async function startAgent(behaviour: Parameters<typeof createTestAgent>[1] = {}): Promise<TestAgent> {
  const agent = createTestAgent(master, behaviour);
  agents.push(agent);
  await agent.connect();
  return agent;
}

async function packageFile(bytes = 2_000): Promise<string> {
  const content = mkdtempSync(join(directory, 'content-'));
  writeFileSync(join(content, 'server.js'), Buffer.alloc(bytes, 'x'));
  const archive = join(directory, 'package.tar');
  await packDirectory(content, archive);
  return archive;
}

test('the link says who we are, and a viewer may look but not change', async () => {
  const client = connect({ role: 'viewer' });
  await client.ready(10_000);
  expect(client.link()).toMatchObject({
    state: 'up',
    actor: 'viewer',
    role: 'viewer',
    masterVersion: '0.0.0-test',
  });
  expect((await client.call('service.list', {})).services).toEqual([]);
  await expect(client.call('service.create', { spec: { name: 'web', type: 'node' } })).rejects.toMatchObject({
    code: 'forbidden',
  });
});

test('a wrong token is refused for good', async () => {
  const client = connect({ token: 'sgrid_operator_wrong' });
  const states: LinkState['state'][] = [];
  client.listen({ onLink: ({ state }) => states.push(state) });
  await expect(client.ready(10_000)).rejects.toMatchObject({ code: 'unauthenticated' });
  await expect(client.call('service.list', {})).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(states).toEqual(['refused']);
});

test('an agent’s token opens no cockpit', async () => {
  await expect(connect({ role: 'agent' }).ready(10_000)).rejects.toMatchObject({ code: 'forbidden' });
});

test('nobody there: the attempts are counted, and ready says why it gave up', async () => {
  const client = connect({ url: 'http://127.0.0.1:9' });
  await expect(client.ready(700)).rejects.toMatchObject({
    code: 'timeout',
    message: expect.stringContaining('connection refused'),
  });
  expect(client.link()).toMatchObject({ state: 'connecting', lastError: { code: 'disconnected' } });
  await waitFor('a third attempt', () => {
    const link = client.link();
    return link.state === 'connecting' && link.attempt >= 3;
  });
});

test('a restarted master is found by the same client, without anybody asking', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'sgrid-kept-'));
  try {
    const first = await startMaster({ stateDir });
    const client = connect({ url: first.url, token: first.token('operator') });
    const snapshots: FleetSnapshot[] = [];
    client.listen({ onSnapshot: (snapshot) => snapshots.push(snapshot) });
    client.watch({ kind: 'all' });
    await waitFor('the first snapshot', () => snapshots.length === 1);
    await first.close();
    await waitFor('the cut', () => client.link().state === 'down');
    await expect(client.call('service.list', {})).rejects.toMatchObject({ code: 'disconnected' });
    const second = await startMaster({ stateDir, port: first.port });
    await waitFor('the second snapshot', () => snapshots.length === 2);
    expect(client.link().state).toBe('up');
    client.close();
    await second.close();
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
});

test('a call that waits fails at once when the line is cut', async () => {
  const entered = Promise.withResolvers<void>();
  await startAgent({
    behaviour: {
      readLog: () => {
        entered.resolve();
        return new Promise(() => {});
      },
    },
  });
  const client = connect();
  await client.ready(10_000);
  await client.call('service.create', { spec: { name: 'web', type: 'node' } });
  const { instance } = await client.call('instance.create', { serviceName: 'web', nodeId: 1, port: 8080 });
  const read = client.call(
    'log.read',
    { instanceId: instance.instanceId, from: 'head', waitMs: 30_000 },
    { timeoutMs: 60_000 },
  );
  const failure = read.catch((error: unknown) => error);
  await entered.promise;
  const restartable = master;
  await restartable.close();
  expect(await failure).toMatchObject({
    code: 'disconnected',
    hint: expect.stringContaining('may have taken effect'),
  });
  master = await startMaster();
});

test('a line that is dead without having been cut is noticed and made anew', async () => {
  const proxy = await startProxy(master.port);
  try {
    const client = connect({
      url: proxy.url,
      timing: { helloIntervalMs: 20, helloLateMs: 50, helloTimeoutMs: 150 },
    });
    const overdue: number[] = [];
    client.listen({
      onLink: (now) => now.state === 'up' && now.unansweredSince && overdue.push(now.unansweredSince),
    });
    const losses: LinkState[] = [];
    client.listen({ onLink: (link) => void (link.state === 'down' && losses.push(link)) });
    await client.ready(10_000);
    proxy.freeze();
    // The proxy cuts nothing, and Socket.IO's own heartbeat would take longer than this: it was found out by asking.
    await waitFor('the dead line', () => losses.length > 0, 10_000);
    expect(losses[0]).toMatchObject({ lastError: { code: 'disconnected' } });
    expect(overdue.length).toBeGreaterThan(0);
    proxy.thaw();
    await waitFor('the new line', () => {
      const now = client.link();
      return now.state === 'up' && now.unansweredSince === undefined;
    });
  } finally {
    await proxy.close();
  }
});

test('figures of a watched node arrive as frames', async () => {
  const agent = await startAgent();
  const client = connect();
  const frames: FleetFrame[] = [];
  client.listen({ onFrame: (frame) => frames.push(frame) });
  client.watch({ kind: 'all' });
  await client.ready(10_000);
  await waitFor('a sample', () => {
    agent.snapshot([]);
    return frames.some((frame) => (frame.samples?.length ?? 0) > 0);
  });
});

test('an upload becomes a release, with progress to the last byte', async () => {
  const client = connect();
  await client.ready(10_000);
  await client.call('service.create', { spec: { name: 'web', type: 'node' } });
  const file = await packageFile(12_000_000);
  const progress: number[] = [];
  let totalBytes = 0;
  const release = await client.upload({
    serviceName: 'web',
    file,
    version: '1.0.0',
    message: 'größer & besser',
    onProgress: (sent, total) => {
      progress.push(sent);
      totalBytes = total;
    },
  });
  expect(release).toMatchObject({ version: '1.0.0', message: 'größer & besser', uploadedBy: 'operator' });
  expect(progress.at(-1)).toBe(totalBytes);
  expect(progress.length).toBeGreaterThan(10);
  expect(progress).toEqual([...progress].sort((a, b) => a - b));
});

test('an upload that is cancelled in the middle makes no release', async () => {
  const client = connect();
  await client.ready(10_000);
  await client.call('service.create', { spec: { name: 'web', type: 'node' } });
  const file = await packageFile(20_000_000);
  const abort = new AbortController();
  await expect(
    client.upload({
      serviceName: 'web',
      file,
      version: '1.0.0',
      message: '',
      onProgress: () => abort.abort(),
      signal: abort.signal,
    }),
  ).rejects.toMatchObject({ code: 'cancelled' });
  expect((await client.call('release.list', {})).releases).toEqual([]);
  await waitFor('the cleaning', () =>
    readdirSync(join(master.stateDir, 'packages')).every((name) => name.startsWith('.')),
  );
});

test('a refused upload says why in the master’s words', async () => {
  const client = connect();
  await client.ready(10_000);
  const file = await packageFile();
  const upload = { serviceName: 'web', file, version: '1.0.0', message: '' };
  await expect(client.upload(upload)).rejects.toMatchObject({ code: 'not_found' });
  await client.call('service.create', { spec: { name: 'web', type: 'node' } });
  await expect(client.upload({ ...upload, file: join(directory, 'missing') })).rejects.toMatchObject({
    code: 'bad_request',
  });
  await expect(client.upload({ ...upload, file: directory })).rejects.toMatchObject({ code: 'bad_request' });
  const junk = join(directory, 'junk');
  writeFileSync(junk, Buffer.alloc(5_000, 'no archive'));
  await expect(client.upload({ ...upload, file: junk })).rejects.toMatchObject({ code: 'package_invalid' });
  const viewer = connect({ role: 'viewer' });
  await expect(viewer.upload(upload)).rejects.toMatchObject({ code: 'forbidden' });
});

test('a package over the limit is refused with the master’s words, however much is still to be sent', async () => {
  const small = await startMaster({ maxPackageBytes: 100_000 });
  try {
    const client = connect({ url: small.url, token: small.token('operator') });
    await client.ready(10_000);
    await client.call('service.create', { spec: { name: 'web', type: 'node' } });
    const file = await packageFile(30_000_000);
    await expect(
      client.upload({ serviceName: 'web', file, version: '1.0.0', message: '' }),
    ).rejects.toMatchObject({ code: 'too_large' });
    client.close();
  } finally {
    await small.close();
  }
});

test('an upload to nobody is a lost line', async () => {
  const client = connect({ url: 'http://127.0.0.1:9' });
  await expect(
    client.upload({ serviceName: 'web', file: await packageFile(), version: '1.0.0', message: '' }),
  ).rejects.toMatchObject({ code: 'disconnected' });
});

/** A TCP relay that can stop moving bytes without closing anything: what a pulled cable looks like. */
async function startProxy(targetPort: number) {
  const sockets = new Set<Socket>();
  let frozen = false;
  const relay = (from: Socket, to: Socket): void => {
    from.on('data', (chunk) => to.write(chunk));
    if (frozen) from.pause();
    from.on('close', () => to.destroy());
    from.on('error', () => to.destroy());
    sockets.add(from);
  };
  const server = createServer((near) => {
    const far = connectTcp(targetPort, '127.0.0.1');
    relay(near, far);
    relay(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    freeze: () => {
      frozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw: () => {
      frozen = false;
      for (const socket of sockets) socket.resume();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
