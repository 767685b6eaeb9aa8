import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAlive } from '../../common/system/process-identity.ts';
import {
  awaitText,
  createLocalSystem,
  fetchText,
  type LocalSystemUnderTest,
  SGRID,
} from '../support/local-system.ts';
import { waitFor } from '../support/wait-for.ts';

let system: LocalSystemUnderTest;

beforeEach(() => {
  system = createLocalSystem();
});

afterEach(async () => {
  await system.dispose();
});

/** Everything that the local system may have running. */
function running(): number {
  const state = existsSync(join(system.stateDirectory, 'up.json')) ? system.state() : null;
  const components = [state?.master, state?.agent].filter((each) => each != null && isAlive(each));
  return components.length + system.serviceProcesses().length;
}

test('up, twice at once and once more: one system, deployed once; down leaves nothing; up brings it back', async () => {
  const [first, second] = await Promise.all([system.sgrid('up'), system.sgrid('up')]);
  expect(first, first.err).toMatchObject({ code: 0 });
  expect(second, second.err).toMatchObject({ code: 0 });
  expect(`${first.err}${second.err}`).toMatch(/waiting/);
  expect(first.out).toMatch(/^ID +NODE +STATE/m);
  expect(first.out).toMatch(/^ *\d+ +web +local +running +1\.0\.0 +\d+ +\d+ +\d+\.\d +\S+ +\d+s/m);
  expect(first.out).toMatch(/sgrid --master http:\/\/127\.0\.0\.1:\d+ --token-file/);

  const instances = await system.instances();
  const firstPort = Number(system.env.SGRID_SAMPLE_PORT);
  for (const { port } of instances) {
    expect(port).toBeGreaterThanOrEqual(firstPort);
    expect(port).toBeLessThan(firstPort + 100);
  }
  const names = new Set(instances.map((instance) => instance.serviceName));
  expect(names).toContain('web');
  expect(names).toContain('native');
  for (const { host, port, serviceName, status } of instances) {
    expect(await awaitText(host, port)).toBe(`${serviceName} 1.0.0 pid ${status?.pid}\n`);
  }
  const third = await system.sgrid('up');
  expect(third.code).toBe(0);
  expect(third.err).toContain('already runs');
  const pids = (all: typeof instances) => all.map(({ instanceId, status }) => [instanceId, status?.pid]);
  expect(pids(await system.instances())).toEqual(pids(instances));
  expect(JSON.parse(await system.ok('get', 'releases', '-o', 'json'))).toHaveLength(names.size);

  await system.ok('stop', 'native');
  const { master, agent } = system.state();
  await system.ok('down');
  expect(running()).toBe(0);
  expect(master !== null && isAlive(master)).toBe(false);
  expect(agent !== null && isAlive(agent)).toBe(false);
  expect(await system.sgrid('down')).toMatchObject({ code: 0 });

  await system.ok('up');
  const again = await system.instances();
  expect(again.map(({ instanceId }) => instanceId)).toEqual(instances.map(({ instanceId }) => instanceId));
  for (const { serviceName, status } of again) {
    expect([serviceName, status?.state]).toEqual([
      serviceName,
      serviceName === 'native' ? 'stopped' : 'running',
    ]);
  }
});

test('a first run that is killed in the middle is finished by the next, nothing twice', async () => {
  const child = spawn(SGRID, ['up'], {
    cwd: system.directory,
    env: { ...process.env, ...system.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  await waitFor('the first upload', () => said.includes('uploading release'));
  child.kill('SIGKILL');
  await once(child, 'exit');

  await system.ok('up');
  const instances = await system.instances();
  const ports = instances.map(({ port }) => port);
  expect(new Set(ports).size).toBe(ports.length);
  expect(instances.filter(({ serviceName }) => serviceName === 'web')).toHaveLength(2);
  expect(instances.filter(({ serviceName }) => serviceName === 'native')).toHaveLength(1);
  for (const { host, port, serviceName } of instances) {
    expect(await awaitText(host, port)).toContain(`${serviceName} 1.0.0`);
  }
});

test('a master that was started and not yet noted is found by its own lock', async () => {
  await system.ok('up');
  const { master, agent } = system.state();
  writeFileSync(
    join(system.stateDirectory, 'up.json'),
    JSON.stringify({ ...system.state(), master: null, agent: null }),
  );
  await system.ok('up');
  expect(system.state()).toMatchObject({ master, agent });
});

test('a taken port: who has it, which flag changes it, and nothing left behind', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const asMaster = await system.sgrid('up', '--http-port', String(port));
    expect(asMaster).toMatchObject({ code: 1, out: '' });
    expect(asMaster.err).toContain(`port ${port} (master) is taken by process ${process.pid}`);
    expect(asMaster.err).toContain('--http-port');
    expect(running()).toBe(0);
    const asAgent = await system.sgrid('up', '--node-port', String(port));
    expect(asAgent.code).toBe(1);
    expect(asAgent.err).toContain(`port ${port} (agent) is taken`);
    expect(asAgent.err).toContain('--node-port');
    expect(running()).toBe(0);
  } finally {
    server.close();
  }
});

test('an agent that dies at its start: its own words, and the master is stopped again', async () => {
  await system.dispose();
  system = createLocalSystem({ SGRIDNODE_CGROUP_DRIVER: 'nonsense' });
  const { code, err } = await system.sgrid('up');
  expect(code).toBe(1);
  expect(err).toContain('the agent ended at its start');
  expect(err).toContain('SGRIDNODE_CGROUP_DRIVER');
  expect(running()).toBe(0);
});

test('an instance whose port was taken meanwhile is named, and up fails', async () => {
  await system.ok('up');
  // In C: it is gone before anybody could take it for running, however busy the machine is.
  const native = await system.instance('native');
  await system.ok('down');
  const server = createServer();
  server.listen(native.port, native.host);
  await once(server, 'listening');
  try {
    const { code, err, out } = await system.sgrid('up');
    expect(code, out).toBe(1);
    expect(err).toMatch(new RegExp(`native \\(instance ${native.instanceId}\\) is (backoff|crash-loop)`));
  } finally {
    server.close();
  }
});

test('a lost master: said by every command, its services are named and ended, and a new one begins anew', async () => {
  await system.ok('up');
  const services = system.serviceProcesses();
  process.kill(system.state().master?.pid ?? 0, 'SIGKILL');
  expect(await system.sgrid('get', 'instances')).toMatchObject({
    code: 3,
    err: expect.stringContaining('is not running'),
  });
  rmSync(join(system.stateDirectory, 'master'), { recursive: true });
  const refused = await system.sgrid('up');
  expect(refused.code).toBe(1);
  for (const { identity } of services) expect(refused.err).toContain(`${identity.pid} (`);
  await system.ok('down');
  expect(running()).toBe(0);
  await system.ok('up');
  expect((await system.instances()).map(({ status }) => status?.state)).toContain('running');
});

test('down with a damaged record stops a running system through its own master, and up finds its data', async () => {
  await system.ok('up');
  const before = await system.instances();
  const { master, agent } = system.state();
  writeFileSync(join(system.stateDirectory, 'up.json'), '{"format":1,"httpPo');
  const { code, err } = await system.sgrid('down');
  expect(code, err).toBe(0);
  expect(err).toContain(`services stopped: ${before.length}`);
  expect([master, agent].filter((each) => each !== null && isAlive(each))).toEqual([]);
  await system.ok('up', '--http-port', '0', '--node-port', '0');
  expect((await system.instances()).map(({ instanceId }) => instanceId)).toEqual(
    before.map(({ instanceId }) => instanceId),
  );
});

test('a half-written state is named with what to do, and nothing is left running', async () => {
  await system.ok('up');
  await system.ok('down');
  const record = join(system.stateDirectory, 'up.json');
  const good = system.state();

  writeFileSync(record, '{"format":1,"httpPo');
  const truncated = await system.sgrid('up');
  expect(truncated.code).toBe(1);
  expect(truncated.err).toContain(record);
  expect(truncated.err).toContain('sgrid down');
  writeFileSync(record, JSON.stringify(good));

  rmSync(system.tokenFile('operator'));
  const withoutToken = await system.sgrid('up');
  expect(withoutToken.code).toBe(1);
  expect(withoutToken.err).toContain(system.tokenFile('operator'));
  expect(withoutToken.err).toContain('sgrid down --purge');
  expect(running()).toBe(0);

  const masterDirectory = join(system.stateDirectory, 'master');
  for (const name of readdirSync(masterDirectory).filter((each) => /\.db/.test(each)))
    rmSync(join(masterDirectory, name));
  writeFileSync(
    join(masterDirectory, 'sgridnext.db'),
    'this is no database at all, whatever its name says\n'.repeat(100),
  );
  const garbage = await system.sgrid('up');
  expect(garbage.code).toBe(1);
  expect(garbage.err).toContain('the master ended at its start');
  expect(garbage.err).toContain('sgridnext.db');
  expect(garbage.err).toContain('sgrid down --purge');
  expect(running()).toBe(0);

  writeFileSync(record, 'garbage');
  expect(await system.sgrid('down', '--purge')).toMatchObject({ code: 0 });
  expect(existsSync(system.stateDirectory)).toBe(false);
});

test('down with the agent, the master or both dead still stops every service', async () => {
  for (const victims of [['agent'], ['master'], ['agent', 'master']] as const) {
    await system.ok('up');
    const before = await system.instances();
    for (const victim of victims) process.kill(system.state()[victim]?.pid ?? 0, 'SIGKILL');
    await system.ok('down');
    expect(running()).toBe(0);
    for (const { host, port, desired } of before) {
      if (desired === 'running') await expect(fetchText(host, port)).rejects.toThrow();
    }
  }
});

test('a place that cannot be written is named', async () => {
  const { code, err } = await system.sgrid('up', '--state-dir', '/sys/sgrid-test');
  expect(code).toBe(1);
  expect(err).toContain('/sys/sgrid-test cannot be written by this user');
  expect(err).toContain('--state-dir');
});

test('an agent whose state was removed takes its node again, and its services come back', async () => {
  await system.ok('up');
  const before = await system.instances();
  await system.ok('down');
  rmSync(system.nodeDirectory, { recursive: true });
  const { err, code } = await system.sgrid('up');
  expect(code, err).toBe(0);
  expect(err).toContain('a new one takes its place');
  const after = await system.instances();
  expect(after.map(({ instanceId, status }) => [instanceId, status?.state])).toEqual(
    before.map(({ instanceId }) => [instanceId, 'running']),
  );
});
