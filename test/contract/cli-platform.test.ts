import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCli } from '../../cockpit/cli/program.ts';
import { connectCockpit } from '../support/cockpit-peer.ts';
import { startMaster, type TestMaster } from '../support/master.ts';
import { createTestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeAll, createWebFleet, deploy, uploadVersion, type WebFleet } from './support/fleet.ts';

let directory: string;
let master: TestMaster;
let fleet: WebFleet;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-cli-'));
  master = await startMaster({ limits: { minReadyMs: 1 } });
  fleet = await createWebFleet(master, 2);
});
afterEach(async () => {
  closeAll(fleet);
  await master.close();
  rmSync(directory, { recursive: true, force: true });
});

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
  expect(await sgrid('service', 'update', 'web')).toMatchObject({ code: 2 });
  expect(await sgrid('service', 'update', 'nobody', '--grace', '1')).toMatchObject({ code: 1 });
  expect(await sgrid('service', 'update', 'web', '--grace', 'long')).toMatchObject({
    code: 2,
    err: expect.stringContaining('graceMs'),
  });
});

test('service remove wants force and the name', async () => {
  expect(await sgrid('service', 'remove', 'web')).toMatchObject({ code: 1 });
  expect(await sgrid('service', 'remove', 'web', '--force')).toMatchObject({
    code: 1,
    err: expect.stringContaining('type web'),
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
  const dry = await sgrid('node', 'drain', '1', '--dry-run');
  expect(dry).toMatchObject({ code: 0, out: expect.stringMatching(/^web +1 +1$/m) });
  expect(dry.err).toContain('would be stopped');
  expect((await sgrid('node', 'drain', '1')).code).toBe(0);
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
    code: 1,
  });
  expect(() => statSync(join(directory, 'bad.token'))).toThrow('ENOENT');
});
