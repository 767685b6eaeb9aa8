import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { InstanceView } from '../../common/domain/instance.ts';
import { createBackup } from '../../master/backup/create-backup.ts';
import { restoreBackup } from '../../master/backup/restore-backup.ts';
import { type AgentProcess, newAgentDir, removeAgentDir, spawnAgent } from '../support/agent-process.ts';
import { type CockpitPeer, connectCockpit } from '../support/cockpit-peer.ts';
import { newStateDir, startMaster, type TestMaster } from '../support/master.ts';
import { tarOf, uploadPackage } from '../support/packages.ts';
import { runSgrid } from '../support/sgrid.ts';
import { createTestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { ended } from './support/fleet.ts';

/** A real agent with a program that runs, and masters that know less than it. */
let directory: string;
let stateDir: string;
let agentDir: string;
let master: TestMaster;
let agent: AgentProcess;
let admin: CockpitPeer;
let first: InstanceView;

const FILE = { serviceName: 'web', name: 'app.json' };
/** What the program finds in its configuration directory. */
const onDisk = () =>
  readFileSync(join(agentDir, 'instances', String(first.instanceId), 'conf', 'app.json'), 'utf8');
const tokenFile = () => join(directory, 'agent.token');
const program = (version: string) =>
  `console.log('${version}'); setInterval(() => {}, 1000); process.on('SIGTERM', () => process.exit(0));`;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-adopt-'));
  stateDir = newStateDir();
  agentDir = newAgentDir();
  master = await startMaster({ stateDir, limits: { minReadyMs: 1 } });
  copyFileSync(master.tokenFile('agent'), tokenFile());
  agent = await spawnAgent({ stateDir: agentDir, masterUrl: master.url, tokenFile: tokenFile() });
  admin = await connectCockpit(master);
  await waitFor('the node', async () => (await fleet()).nodes[0]?.link === 'up');
  await admin.call('service.create', { spec: { name: 'web', type: 'node', entry: 'index.js' } });
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  const limits = { pids: 50 };
  await admin.call('instance.create', { serviceName: 'web', nodeId: 1, port, limits });
  await admin.call('config.set', { ...FILE, text: '{"level":"debug"}' });
  await admin.call('config.publish', { serviceName: 'web' });
  await deploy('1.0');
  first = await running('1.0');
});
afterEach(async () => {
  admin.close();
  await agent.kill();
  await master.close();
  await removeAgentDir(agentDir);
  for (const each of [directory, stateDir]) rmSync(each, { recursive: true, force: true });
});

const fleet = () => admin.call('fleet.watch', { scope: { kind: 'all' } });

async function deploy(version: string): Promise<void> {
  const content = tarOf({ 'index.js': program(version) });
  const { releaseId } = await uploadPackage(master, { serviceName: 'web', version, content });
  const { instances } = await fleet();
  const instanceIds = instances.map(({ instanceId }) => instanceId);
  const { rollout } = await admin.call('rollout.create', { releaseId, instanceIds });
  expect(await ended(admin, rollout.rolloutId)).toMatchObject({ state: 'succeeded' });
}

const running = (version: string): Promise<InstanceView> =>
  waitFor(`${version} to run`, async () => {
    const [instance] = (await fleet()).instances;
    const isIt = instance?.status?.state === 'running' && instance.status.release?.version === version;
    return isIt && instance !== undefined ? instance : null;
  });

/** Another master takes the place of the one that runs, at its address. */
async function replaceMaster(prepare: () => Promise<void>, at = stateDir): Promise<void> {
  const { port } = master;
  admin.close();
  await master.close();
  await prepare();
  master = await startMaster({ stateDir: at, port, limits: { minReadyMs: 1 } });
  copyFileSync(master.tokenFile('agent'), tokenFile());
  admin = await connectCockpit(master);
  await waitFor('the node', async () => (await fleet()).nodes[0]?.link === 'up');
}

test('a restored master takes over what was changed behind the backup, and restarts nothing', async () => {
  const database = join(stateDir, 'sgridnext.db');
  const file = join(directory, 'backup');
  const common = { stateDir, database, file };
  await createBackup({ ...common, withPackages: false, overwrite: false, now: Date.now, version: 'test' });
  await deploy('2.0');
  const { instanceId } = first;
  await admin.call('instance.limit', { instanceIds: [instanceId], limits: { pids: 70 } });
  const before = await running('2.0');
  await replaceMaster(async () => {
    await restoreBackup({ ...common, overwrite: true, now: Date.now });
  });
  const after = await waitFor('the take-over', async () => {
    const [instance] = (await fleet()).instances;
    return instance !== undefined && instance.revision > before.revision ? instance : null;
  });
  expect(after).toMatchObject({ limits: { pids: 70 }, release: { version: '2.0' }, desired: 'running' });
  const status = await waitFor('its answer', async () => {
    const [instance] = (await fleet()).instances;
    return instance?.status?.revision === after.revision ? instance.status : null;
  });
  expect(status).toMatchObject({ state: 'running', pid: before.status?.pid, restarts: 0 });
  // It can be worked with: the old number of the release may be another's here.
  await deploy('3.0');
  expect((await running('3.0')).status?.pid).not.toBe(before.status?.pid);
});

test('an empty master leaves what it does not know alone until an admin adopts it', async () => {
  const empty = join(directory, 'empty');
  await replaceMaster(async () => {}, empty);
  const told = await waitFor('the event', async () => {
    const { events } = await admin.call('event.list', {});
    return events.find(({ kind }) => kind === 'instance.unknown');
  });
  expect(told.message).toContain('sgrid node adopt 1');
  expect((await fleet()).instances).toEqual([]);

  // New numbers are beyond those that the node knows.
  await admin.call('service.create', { spec: { name: 'other', type: 'node', entry: 'index.js' } });
  const created = await admin.call('instance.create', { serviceName: 'other', nodeId: 1, port: 19_999 });
  expect(created.instance.instanceId).toBeGreaterThan(first.instanceId);

  expect(await runSgrid(master, ['node', 'adopt', '1'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('takes the role admin'),
  });
  const dry = await admin.call('node.adopt', { nodeId: 1, dryRun: true });
  expect(dry.instances).toMatchObject([
    { instanceId: first.instanceId, serviceName: 'web', version: '1.0', error: null },
  ]);
  expect((await fleet()).instances).toHaveLength(1);
  // The number that its node knows the release by is another's here.
  await admin.call('service.create', { spec: { name: 'spare', type: 'node', entry: 'index.js' } });
  const content = tarOf({ 'index.js': program('9') });
  await uploadPackage(master, { serviceName: 'spare', version: '9', content });
  await admin.call('node.adopt', { nodeId: 1 });
  const adopted = await waitFor('it to be reported', async () => {
    const found = (await fleet()).instances.find(({ instanceId }) => instanceId === first.instanceId);
    return found?.status?.state === 'running' ? found : null;
  });
  expect(adopted).toMatchObject({
    serviceName: 'web',
    port: first.port,
    limits: { pids: 50 },
    desired: 'running',
    release: { version: '1.0' },
    status: { pid: first.status?.pid, restarts: 0 },
  });
  expect(adopted.revision).toBeGreaterThan(first.revision);
  expect(adopted.status?.release).toEqual(adopted.release);
  expect((await admin.call('node.adopt', { nodeId: 1 })).instances).toEqual([]);
  // Its files came back with it, and what was there is not touched.
  expect((await admin.call('config.read', FILE)).text).toBe('{"level":"debug"}');
  const { deliveries } = await admin.call('config.status', { serviceName: 'web' });
  expect(deliveries).toMatchObject([{ instanceId: first.instanceId, wantedRevision: 1, state: 'delivered' }]);
  expect(onDisk()).toBe('{"level":"debug"}');
  await admin.call('config.set', { ...FILE, text: '{"level":"info"}' });
  const { publication } = await admin.call('config.publish', { serviceName: 'web' });
  expect(publication?.revision).toBe(2);
  await waitFor('the new file', () => onDisk() === '{"level":"info"}');
  const { services } = await admin.call('service.list', {});
  expect(services.map(({ name }) => name)).toEqual(['other', 'spare', 'web']);
  await admin.call('instance.stop', { instanceIds: [first.instanceId] });
  await waitFor('the stop', async () =>
    (await fleet()).instances.some(
      ({ instanceId, status }) => instanceId === first.instanceId && status?.state === 'stopped',
    ),
  );
});

test('files with secrets, and those that somebody changed by hand, are named and left where they are', async () => {
  await admin.call('config.setSecret', { serviceName: 'web', name: 'db', value: 'hush' });
  await admin.call('config.set', { ...FILE, name: 'db.conf', text: `password=\${secret:db}\n` });
  await admin.call('config.set', { ...FILE, name: 'other.json', text: '{"a":1}' });
  await admin.call('config.publish', { serviceName: 'web' });
  const conf = join(agentDir, 'instances', String(first.instanceId), 'conf');
  const text = (name: string) => readFileSync(join(conf, name), 'utf8');
  await waitFor('the files', async () => {
    const { deliveries } = await admin.call('config.status', { serviceName: 'web' });
    return deliveries[0]?.state === 'delivered';
  });
  writeFileSync(join(conf, 'other.json'), '{"a":2}');
  await replaceMaster(async () => {}, join(directory, 'empty'));
  const { instances } = await admin.call('node.adopt', { nodeId: 1 });
  expect(instances).toMatchObject([{ error: null, lostFiles: ['db.conf', 'other.json'] }]);
  const { files } = await admin.call('config.list', { serviceName: 'web' });
  expect(files.map(({ name, actor }) => [name, actor])).toEqual([['app.json', 'agent']]);
  expect([text('db.conf'), text('other.json')]).toEqual(['password=hush\n', '{"a":2}']);
  const { events } = await admin.call('event.list', {});
  expect(events.some(({ message }) => message.includes('nobody can read back: db.conf, other.json'))).toBe(
    true,
  );
  expect(JSON.stringify(events)).not.toContain('hush');
});

test('what is in the way of an adoption is named, and nothing of it is taken up', async () => {
  const held = { ...(await heldByAgent()), instanceId: 900, port: first.port };
  await admin.call('node.cordon', { nodeId: 1, isCordoned: false });
  const guest = createTestAgent(master, {
    nodeId: 2,
    holds: [held, { ...held, instanceId: first.instanceId }],
  });
  try {
    await guest.connect();
    const { instances } = await admin.call('node.adopt', { nodeId: 2 });
    expect(instances.map(({ instanceId, error }) => [instanceId, error?.code])).toEqual([
      [900, undefined],
      [first.instanceId, 'conflict'],
    ]);
    expect(instances[1]?.error?.message).toContain(`the number ${first.instanceId} belongs to`);
    expect((await fleet()).instances.map(({ instanceId, nodeId }) => [instanceId, nodeId])).toEqual([
      [first.instanceId, 1],
      [900, 2],
    ]);
  } finally {
    guest.close();
  }
});

async function heldByAgent() {
  const { services } = await admin.call('service.list', {});
  const spec = services.find(({ name }) => name === 'web');
  if (spec === undefined || first.release === null) throw new Error('no service');
  const { serviceId, createdAt: _, ...rest } = spec;
  const { instanceId, revision, desired, release, host, port, limits } = first;
  return {
    instanceId,
    serviceId,
    revision,
    desired,
    restartGeneration: 0,
    spec: rest,
    release,
    host,
    port,
    limits,
  };
}
