import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLocalSystem, fetchText, type LocalSystemUnderTest, SGRID } from '../support/local-system.ts';
import { packDirectory } from '../support/samples.ts';
import { waitFor } from '../support/wait-for.ts';

let system: LocalSystemUnderTest;

beforeAll(async () => {
  system = createLocalSystem();
  await system.ok('up');
});

afterAll(async () => {
  await system.dispose();
});

test('logs -f through the death of the master: not a byte lost, not one twice', async () => {
  const { instanceId } = await system.instance('native');
  const follow = execa(SGRID, ['logs', String(instanceId), '-f'], {
    cwd: system.directory,
    env: system.env,
    reject: false,
    encoding: 'buffer',
    stdin: 'ignore',
  });
  const chunks: Buffer[] = [];
  follow.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const received = (): number => chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  try {
    await waitFor('the first bytes', () => received() > 0);
    process.kill(system.state().master?.pid ?? 0, 'SIGKILL');
    await system.ok('up');
    const atReturn = received();
    await waitFor('bytes after it', () => received() > atReturn + 200, 60_000);
  } finally {
    follow.kill('SIGINT');
  }
  expect((await follow).exitCode).toBe(130);
  const file = readFileSync(join(system.nodeDirectory, 'logs', String(instanceId), 'stdout.log'));
  const got = Buffer.concat(chunks);
  expect(got.byteLength).toBeGreaterThan(400);
  expect(file.subarray(0, got.byteLength).equals(got)).toBe(true);
});

test('in a directory that was removed it says so, in words', async () => {
  const gone = join(system.directory, 'gone');
  mkdirSync(gone);
  const script = 'cd "$0" && rmdir "$0" && exec "$1" get nodes';
  const done = await execa('sh', ['-c', script, gone, SGRID], {
    env: system.env,
    reject: false,
    stdin: 'ignore',
  });
  expect(done.stderr).toContain('sgrid: the current directory was removed\n       go to one that exists: cd');
  expect(done.stderr).not.toMatch(/^ +at /m);
  expect(done.exitCode).toBe(1);
});

test('a service of one’s own, from nothing to an answer', async () => {
  const stage = join(system.directory, 'own');
  mkdirSync(stage);
  writeFileSync(
    join(stage, 'main.js'),
    `const { createServer } = require('node:http');
createServer((_, response) => response.end('own ' + process.argv[2] + ' ' + process.env.GREETING))
  .listen(process.env.SGRID_TARGET_PORT, process.env.SGRID_TARGET_HOST);\n`,
  );
  await packDirectory(stage, join(system.directory, 'own.tar'));
  const spec = ['--type', 'node', '--entry', 'main.js', '--arg', 'seven', '--env', 'GREETING=hello there'];
  expect(await system.ok('service', 'create', 'own', ...spec)).toMatch(/^service own created, id \d+$/);
  expect(await system.sgrid('deploy', 'own', 'own.tar', '--version', 'v1')).toMatchObject({
    code: 1,
    err: expect.stringContaining('has no instances'),
  });
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  await system.ok('instance', 'create', 'own', 'local', '--port', String(port), '--memory', '128');
  expect(
    await system.ok('deploy', 'own', 'own.tar', '--version', 'v1', '--wait', '--message', 'first'),
  ).toContain('succeeded');
  await waitFor(
    'its answer',
    async () => (await fetchText('127.0.0.1', port).catch(() => '')) === 'own seven hello there',
  );
  const { limits, status } = await system.instance('own');
  expect(limits).toEqual({ memoryMiB: 128 });

  expect(await system.ok('restart', `own@local:${port}`)).toMatch(/restarted\nown@local:\d+ ready$/);
  expect((await system.instance('own')).status?.pid).not.toBe(status?.pid);
  await system.ok('stop', 'own');
  expect((await system.instance('own')).status).toMatchObject({ state: 'stopped', pid: null });
  await system.ok('start', 'own@1');
  expect((await system.instance('own')).status?.state).toBe('running');
  const log = await system.ok('logs', 'own', '--tail', '1');
  expect(log.split('\n')).toHaveLength(1);
  expect(await system.ok('get', 'events')).toMatch(/command +operator +ok/);
});

test('some of many: the outcome of each, and a status that says so', async () => {
  await system.ok('stop', 'native');
  const { code, out, err } = await system.sgrid('restart', 'web');
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(/"web" means 2 instances: \d+ \(web@local:\d+\), \d+ \(web@local:\d+\)/);
  expect(await system.sgrid('restart', '4711')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no instance "4711"'),
  });
  await system.ok('start', 'native');
});
