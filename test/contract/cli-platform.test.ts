import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCli } from '../../cockpit/cli/program.ts';
import { connectCockpit } from '../support/cockpit-peer.ts';
import type { TestMaster } from '../support/master.ts';
import { createTestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { deploy, startWebFleet, uploadVersion, type WebFleet } from './support/fleet.ts';

let directory: string;
let master: TestMaster;
let fleet: WebFleet;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-cli-'));
  ({ master, fleet } = await startWebFleet(2));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** `sgrid` of an admin against this master, in this process. */
async function sgrid(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await runCli(argv, {
    env: { SGRID_MASTER: master.url, SGRID_TOKEN_FILE: master.tokenFile('admin') },
    cwd: directory,
    stdin: new PassThrough(),
    stdout,
    stderr,
    clock: Date.now,
    random: () => 0,
    distDirectory: directory,
    signal: new AbortController().signal,
  });
  return { code, out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') };
}
const ids = () => fleet.instances.map(({ instanceId }) => instanceId);
const web = async () => {
  const { services } = await fleet.admin.call('service.list', {});
  return services.find(({ name }) => name === 'web');
};

test('service update changes what is named and nothing else, and says who is restarted', async () => {
  await deploy(fleet.admin, fleet.release.releaseId, ids());
  const before = await web();
  const dry = await sgrid('service', 'update', 'web', '--env', 'A=1', '--dry-run');
  expect(dry).toMatchObject({
    code: 0,
    out: `service web would be changed; restarted: ${ids().join(', ')}\n`,
  });
  expect(await web()).toEqual(before);
  const file = join(directory, 'web.json');
  writeFileSync(file, JSON.stringify({ graceMs: 3_000, description: 'from the file' }));
  const done = await sgrid('service', 'update', 'web', '-f', 'web.json', '--restart', 'never');
  expect(done).toMatchObject({ code: 0, out: 'service web is changed; no instance is restarted\n' });
  expect(await web()).toEqual({
    ...before,
    graceMs: 3_000,
    description: 'from the file',
    restart: { ...before?.restart, mode: 'never' },
  });
  const health = { kind: 'tcp', intervalMs: 500, timeoutMs: 250 };
  writeFileSync(file, JSON.stringify({ health }));
  expect(await sgrid('service', 'update', 'web', '-f', 'web.json')).toMatchObject({ code: 0 });
  expect((await sgrid('describe', 'service', 'web')).out).toMatch(/Health check +tcp, every 0\.5s\n/);
  expect(await sgrid('service', 'update', 'web')).toMatchObject({ code: 2 });
  expect(await sgrid('service', 'update', 'nobody', '--grace', '1')).toMatchObject({ code: 1 });
  expect(await sgrid('service', 'update', 'web', '--grace', 'long')).toMatchObject({
    code: 2,
    err: expect.stringContaining('graceMs'),
  });
});

test('a file is taken as "sgrid get" writes it; a field that nobody knows, or another service, is refused', async () => {
  const file = join(directory, 'web.json');
  writeFileSync(file, (await sgrid('get', 'services', 'web', '-o', 'json')).out);
  expect(await sgrid('service', 'update', 'web', '-f', 'web.json')).toMatchObject({ code: 0 });
  const before = await web();
  const refused = async (name: string, content: unknown) => {
    writeFileSync(file, JSON.stringify(content));
    return await sgrid('service', 'update', name, '-f', 'web.json', '--grace', '7');
  };
  for (const [content, field] of [
    [{ helth: { kind: 'none' } }, 'helth'],
    [{ health: { kind: 'tcp', intervalSeconds: 3 } }, 'health.intervalSeconds'],
  ] as const)
    expect(await refused('web', content)).toMatchObject({
      code: 2,
      err: expect.stringContaining(`${file}: ${field}: is not known here`),
    });
  expect(await refused('web', { name: 'api' })).toMatchObject({
    code: 2,
    err: expect.stringContaining('is of service "api", not of "web"'),
  });
  expect(await web()).toEqual(before);
});

test('service remove wants force and the name', async () => {
  expect(await sgrid('service', 'remove', 'web')).toMatchObject({ code: 1 });
  expect(await sgrid('service', 'remove', 'web', '--force')).toMatchObject({
    code: 1,
    err: expect.stringContaining('--confirm web'),
  });
  expect(await sgrid('service', 'remove', 'web', '--force', '--confirm', 'web')).toMatchObject({ code: 0 });
  expect(await web()).toBeUndefined();
});

test('release diff and remove name releases by service and version', async () => {
  await uploadVersion(master, 'v2');
  const diff = await sgrid('release', 'diff', 'web', 'v1', 'v2');
  expect(diff.out).toBe('M  run.sh  18B -> 18B\n0 added, 0 removed, 1 changed, 0 unchanged\n');
  expect(await sgrid('release', 'remove', 'web', 'v2')).toMatchObject({ code: 0, out: 'web v2 removed\n' });
  expect(await sgrid('release', 'remove', 'web', 'v2')).toMatchObject({ code: 1 });
});

test('node: cordon, set, drain, replace, remove', async () => {
  await deploy(fleet.admin, fleet.release.releaseId, ids());
  expect((await sgrid('node', 'cordon', 'test-1')).out).toBe('node 1 (test-1) is cordoned\n');
  expect((await sgrid('get', 'nodes')).out).toMatch(/test-1 +up,cordoned/);
  expect((await sgrid('node', 'uncordon', '1')).out).toBe('node 1 (test-1) is no longer cordoned\n');
  expect((await sgrid('node', 'set', '1', '--outer-address', '203.0.113.7')).code).toBe(0);
  expect(JSON.parse((await sgrid('get', 'nodes', '-o', 'json')).out)[0]).toMatchObject({
    outerAddress: '203.0.113.7',
  });
  for (const wrong of ['a b;c', '-x', 'http://10.0.0.1'])
    expect(await sgrid('node', 'set', '1', `--outer-address=${wrong}`)).toMatchObject({
      code: 2,
      err: expect.stringContaining('must be an IP address or a host name'),
    });
  expect(await sgrid('instance', 'create', 'web', '1', '--port', '8400', '--host', 'a b')).toMatchObject({
    code: 2,
  });
  expect((await sgrid('node', 'set', '1', '--outer-address', '')).code).toBe(0);
  const dry = await sgrid('node', 'drain', '1', '--stop', '--dry-run');
  expect(dry).toMatchObject({
    code: 0,
    out: expect.stringContaining('web: 1 stopped, 1 remaining elsewhere'),
  });
  expect((await sgrid('node', 'drain', '1', '--stop')).code).toBe(0);
  expect(fleet.agents[0]?.applied.at(-1)?.desired).toBe('stopped');

  expect(await sgrid('node', 'replace', '1')).toMatchObject({ code: 1 });
  fleet.agents[0]?.close();
  await waitFor('the node to be down', async () =>
    (await fleet.admin.call('fleet.watch', { scope: { kind: 'all' } })).nodes.some(
      ({ link }) => link === 'down',
    ),
  );
  expect((await sgrid('node', 'replace', 'test-1')).code).toBe(0);
  expect(await sgrid('node', 'remove', '1')).toMatchObject({ code: 1 });
  expect((await sgrid('node', 'remove', '1', '--force', '--confirm', 'test-1')).out).toBe(
    'node 1 (test-1) removed\n',
  );
});

test('node drain moves, tells how far it is, and ends with 1 when something is left', async () => {
  await deploy(fleet.admin, fleet.release.releaseId, ids());
  const dry = await sgrid('node', 'drain', 'test-1', '--dry-run');
  expect(dry).toMatchObject({
    code: 0,
    // Both nodes have one address, where 8001 and 8002 are taken.
    out: expect.stringMatching(/^ 1 {2}web +8001 {2}move +test-2:8003 +-$/m),
  });
  expect(fleet.agents[0]?.statuses.size).toBe(1);
  const done = await sgrid('node', 'drain', 'test-1');
  expect(done).toMatchObject({ code: 0 });
  expect(done.out.split('\n').slice(0, 3)).toEqual([
    'rollout 2: drain of node test-1 of web on 1 instance',
    'rollout 2: succeeded',
    'node 1 (test-1) is cordoned: 1 instance moved or stopped, 0 left',
  ]);
  const progress = ['web@test-2:8003 up', 'web@test-1:8001 removed'];
  for (const line of progress) expect(done.err).toContain(line);

  expect((await sgrid('get', 'rollouts')).out).toMatch(/ drain test-1 +succeeded /);

  const left = await sgrid('node', 'drain', 'test-2', '--move');
  expect(left).toMatchObject({
    code: 1,
    out: expect.stringContaining('0 instances moved or stopped, 2 left'),
  });
  expect(left.err).toContain('there is no other node that is connected and not cordoned');
  expect(await sgrid('node', 'drain', 'test-2', '--abort')).toMatchObject({
    code: 0,
    out: 'no drain of node 2 (test-2) is under way\n',
  });
  expect((await sgrid('node', 'drain', 'test-1', '--dry-run')).out).toBe(
    'nothing is to run on node 1 (test-1)\n',
  );
});

test('a protected service: a change takes its name, whichever verb asks for it', async () => {
  await deploy(fleet.admin, fleet.release.releaseId, ids());
  writeFileSync(join(directory, 'protected.json'), '{"protected":true}');
  expect((await sgrid('service', 'update', 'web', '-f', 'protected.json')).code).toBe(0);
  const refused = await sgrid('stop', 'service/web');
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('--confirm web') });
  expect(await sgrid('stop', 'service/web', '--confirm', 'wed')).toMatchObject({ code: 1 });
  expect(fleet.agents[0]?.applied.at(-1)?.desired).toBe('running');
  expect(await sgrid('restart', 'service/web', '--confirm', 'web')).toMatchObject({ code: 0 });
  expect(await sgrid('--confirm', 'web', 'stop', 'service/web')).toMatchObject({ code: 0 });
  expect(await sgrid('scale', 'web=1', '--yes')).toMatchObject({ code: 1 });
  expect(await sgrid('scale', 'web=1', '--yes', '--confirm', 'web')).toMatchObject({ code: 0 });
});

test('ports: a plan gives them out, is shown, and keeps others off', async () => {
  const { admin } = fleet;
  await deploy(admin, fleet.release.releaseId, ids());
  await admin.call('service.create', { spec: { name: 'api', type: 'binary', entry: 'run.sh' } });
  expect(await sgrid('service', 'update', 'api', '--ports', '9001-9000')).toMatchObject({
    code: 2,
    err: expect.stringContaining('ports: from 9001 must not be above to 9000'),
  });
  expect(await sgrid('service', 'update', 'api', '--ports', 'all')).toMatchObject({ code: 2 });
  expect(await sgrid('instance', 'create', 'api', 'test-1')).toMatchObject({
    code: 2,
    err: expect.stringContaining('nothing says which port "api" could have'),
  });
  expect(await sgrid('service', 'update', 'api', '--ports', '9000-9001')).toMatchObject({ code: 0 });
  expect((await sgrid('describe', 'service', 'api')).out).toMatch(/Ports +9000-9001/);
  const made = await sgrid('instance', 'create', 'api', 'test-1');
  expect(made).toMatchObject({ code: 0, out: expect.stringContaining('port 9000') });
  expect(await sgrid('instance', 'create', 'api', 'test-1', '--port', '9002')).toMatchObject({
    code: 1,
    err: expect.stringContaining('whose plan is 9000-9001'),
  });
  expect(await sgrid('instance', 'create', 'web', 'test-1', '--port', '9001')).toMatchObject({
    code: 1,
    err: expect.stringContaining('port 9001 on node test-1 is kept for "api"'),
  });
  expect(await sgrid('service', 'update', 'web', '--ports', '9001-9009')).toMatchObject({
    code: 1,
    err: expect.stringContaining('overlap with 9000-9001 of "api", and both are on node test-1'),
  });
  expect(await sgrid('service', 'update', 'web', '--ports', '8900-9000')).toMatchObject({ code: 1 });
  const second = fleet.agents[1];
  if (second === undefined) throw new Error('no agent');
  second.behaviour.ports = async () => [9000];
  expect(await sgrid('instance', 'create', 'api', 'test-2', '--port', '9000')).toMatchObject({
    code: 1,
    err: expect.stringContaining('something on node test-2 listens on port 9000 already'),
  });
  expect(await sgrid('scale', 'api=2')).toMatchObject({
    code: 0,
    out: expect.stringContaining('of api created, port 9001'),
  });
  second.behaviour.ports = async () => [];
  // Both nodes have one address, on which a port is given once.
  expect(await sgrid('scale', 'api=3')).toMatchObject({
    code: 1,
    err: expect.stringContaining('none of the ports 9000-9001'),
  });
  expect(await sgrid('service', 'update', 'api', '--ports', '9000-9003')).toMatchObject({ code: 0 });
  expect(await sgrid('scale', 'api=4')).toMatchObject({ code: 0 });
  const { instances } = await admin.call('fleet.watch', { scope: { kind: 'all' } });
  const api = instances.filter(({ serviceName }) => serviceName === 'api');
  expect(api.map(({ port }) => port).sort()).toEqual([9000, 9001, 9002, 9003]);
  expect(api.map(({ nodeId }) => nodeId).sort()).toEqual([1, 1, 2, 2]);
});

test('a token is valid until it expires by the clock of the master, one for joining too', async () => {
  await sgrid('token', 'create', 'long', '--role', 'viewer', '--expires', '1h');
  await sgrid('token', 'create', 'short', '--role', 'viewer', '--expires', '1s');
  await sgrid('token', 'create', 'rack-9', '--role', 'agent', '--join', '--expires', '1s');
  const stateOf = async (name: string): Promise<string | undefined> =>
    new RegExp(`^${name} +\\w+ +- +(\\S+)`, 'm').exec((await sgrid('token', 'list')).out)?.[1];
  await waitFor('the second to pass', async () => (await stateOf('short')) === 'expired');
  await waitFor('the other', async () => (await stateOf('rack-9')) === 'expired');
  expect(await stateOf('long')).toBe('valid');
});

test('token: made into a file of its own user or onto standard output, listed, rotated, revoked', async () => {
  const made = await sgrid('token', 'create', 'ann', '--role', 'viewer', '--out', 'ann.token');
  expect(made).toMatchObject({ code: 0 });
  const file = join(directory, 'ann.token');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const secret = readFileSync(file, 'utf8').trim();
  expect(made.out).not.toContain(secret);
  const having = (text: string) => connectCockpit({ url: master.url, token: () => text });
  (await having(secret)).close();
  expect(await sgrid('token', 'rotate', 'ann', '--out', 'ann.token')).toMatchObject({
    code: 1,
    err: expect.stringContaining('is there already'),
  });
  (await having(secret)).close();
  const rotated = await sgrid('token', 'rotate', 'ann');
  (await having(rotated.out.trim())).close();
  await expect(having(secret)).rejects.toMatchObject({ code: 'unauthenticated' });

  const join1 = await sgrid('token', 'create', 'rack-7', '--role', 'agent', '--join', '--expires', '1h');
  expect((await sgrid('token', 'list')).out).toMatch(/^rack-7 +agent +- +for-joining +20\d\d-/m);
  const guest = createTestAgent({ url: master.url, token: () => join1.out.trim() }, { nodeId: 7 });
  fleet.agents.push(guest);
  await guest.connect();
  expect(JSON.parse((await sgrid('token', 'list', '-o', 'json')).out).at(-1)).toMatchObject({ nodeId: 7 });
  expect((await sgrid('token', 'revoke', 'ann')).code).toBe(0);
  await expect(having(rotated.out.trim())).rejects.toMatchObject({ code: 'unauthenticated' });

  expect(await sgrid('token', 'create', 'x', '--role', 'viewer', '--expires', 'soon')).toMatchObject({
    code: 2,
  });
  expect(await sgrid('token', 'create', 'bad name', '--role', 'viewer', '--out', 'bad.token')).toMatchObject({
    code: 2,
  });
  expect(() => statSync(join(directory, 'bad.token'))).toThrow('ENOENT');
});
