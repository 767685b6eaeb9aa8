import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectCockpit } from '../support/cockpit-peer.ts';
import { newStateDir, spawnMaster, startMaster } from '../support/master.ts';
import { killAfterTest } from '../support/owned-process.ts';
import { tarOf, uploadPackage } from '../support/packages.ts';
import { createTestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';

let stateDir: string;
beforeEach(() => {
  stateDir = newStateDir();
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

/** Runs `sgridnext` until it ends by itself. */
async function sgridnext(args: string[], env: Record<string, string> = {}) {
  const entry = fileURLToPath(new URL('../../master/index.ts', import.meta.url));
  const child = killAfterTest(
    spawn(process.execPath, [entry, ...args], { env: { PATH: process.env.PATH, ...env } }),
  );
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
    // One that starts against expectation must not run on.
    if (stderr.includes('is ready')) child.kill('SIGKILL');
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}
const start = (...args: string[]) => sgridnext(['--state-dir', stateDir, '--http-port', '0', ...args]);

test('usage: help, version, checked configuration out of file, environment and flags', async () => {
  const help = await sgridnext(['--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toContain('--state-dir');
  expect((await sgridnext(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+/);
  const file = join(stateDir, 'config.json');
  writeFileSync(file, JSON.stringify({ httpPort: 1, host: '127.0.0.2', logLevel: 'warn' }));
  const checked = await sgridnext(['--config', file, '--check-config', '--http-port', '3'], {
    SGRIDNEXT_HTTP_PORT: '2',
    SGRIDNEXT_HOST: '127.0.0.3',
  });
  expect(checked.code).toBe(0);
  expect(JSON.parse(checked.stdout)).toMatchObject({ httpPort: 3, host: '127.0.0.3', logLevel: 'warn' });
  expect(readdirSync(stateDir)).toEqual(['config.json']);
});

test('usage: what is wrong is named, with exit code 2', async () => {
  const file = join(stateDir, 'config.json');
  writeFileSync(file, JSON.stringify({ httpport: 1 }));
  expect(await sgridnext(['--config', file])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/unknown key "httpport"[\s\S]*"httpPort"/),
  });
  expect(await sgridnext(['--nonsense'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--nonsense'),
  });
  expect(await sgridnext(['--http-port', '99999'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--http-port'),
  });
});

test('a taken port is told with what to do, and nothing stays open', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const address = holder.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  expect(await sgridnext(['--state-dir', stateDir, '--http-port', String(port)])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(new RegExp(`port ${port} on 127.0.0.1 is taken[\\s\\S]*--http-port`)),
  });
  holder.close();
  const master = await startMaster({ stateDir });
  await master.close();
});

test('a second master on the same state refuses, naming the first, and goes when that is killed', async () => {
  const master = await spawnMaster(stateDir);
  try {
    expect(await start()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${stateDir} is in use by process ${master.pid}`),
    });
    await expect(startMaster({ stateDir })).rejects.toMatchObject({ code: 'conflict' });
  } finally {
    await master.kill();
  }
  const next = await startMaster({ stateDir });
  await next.close();
});

test('SIGTERM ends it cleanly while peers are connected', async () => {
  const master = await spawnMaster(stateDir);
  const cockpit = await connectCockpit(master);
  const gone = new Promise((resolve) => cockpit.socket.once('disconnect', resolve));
  await master.close();
  await gone;
  // The write-ahead log is checkpointed into the database and removed by the last clean close.
  expect(existsSync(join(stateDir, 'sgridnext.db-wal'))).toBe(false);
  cockpit.close();
});

test('a damaged database and one from a newer release are told apart, and left as they are', async () => {
  const file = join(stateDir, 'sgridnext.db');
  writeFileSync(file, 'this is no database, but it is somebody’s file\n'.repeat(200));
  const before = readFileSync(file);
  expect(await start()).toMatchObject({ code: 1, stderr: expect.stringContaining('is damaged') });
  expect(readFileSync(file).equals(before)).toBe(true);

  rmSync(file);
  const first = await startMaster({ stateDir });
  await first.close();
  const db = new Sqlite(file);
  db.exec('INSERT INTO schema_migrations (version, appliedAt) VALUES (99, 0)');
  db.close();
  expect(await start()).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('schema version 99'),
  });
});

test('tokens: what a crash left half done is healed, and nothing is made twice', async () => {
  const first = await startMaster({ stateDir });
  const admin = first.token('admin');
  await first.close();
  const db = new Sqlite(join(stateDir, 'sgridnext.db'));
  expect(JSON.stringify(db.prepare('SELECT * FROM tokens').all())).not.toContain(admin);
  // As if it had been killed between writing the files and storing two of the hashes.
  db.exec("DELETE FROM tokens WHERE name IN ('admin', 'viewer')");
  db.close();
  writeFileSync(first.tokenFile('viewer'), 'half a tok', { mode: 0o644 });

  const second = await startMaster({ stateDir });
  expect(second.token('admin')).toBe(admin);
  for (const role of ['admin', 'viewer'] as const) {
    const cockpit = await connectCockpit(second, role);
    expect(statSync(second.tokenFile(role)).mode & 0o777).toBe(0o600);
    cockpit.close();
  }
  await second.close();
});

test('what a crash left of uploads is gone at the next start, and what is in use stays', async () => {
  const first = await startMaster({ stateDir });
  const admin = await connectCockpit(first);
  await admin.call('service.create', { spec: { name: 'web', type: 'binary' } });
  const content = tarOf({ a: 'b' });
  const { sha256 } = await uploadPackage(first, { serviceName: 'web', version: '1', content });
  admin.close();
  await first.close();
  const packages = join(stateDir, 'packages');
  writeFileSync(join(packages, '.incoming', 'half'), 'x');
  writeFileSync(join(packages, 'a'.repeat(64)), 'renamed, but its release was never stored');
  mkdirSync(join(packages, 'not-ours'));
  const second = await startMaster({ stateDir });
  expect(readdirSync(packages).sort()).toEqual(['.incoming', sha256, 'not-ours'].sort());
  expect(readdirSync(join(packages, '.incoming'))).toEqual([]);
  await second.close();
});

test('figures that were written outlive SIGKILL, as what is wanted does', async () => {
  const first = await spawnMaster(stateDir);
  const admin = await connectCockpit(first);
  const agent = createTestAgent(first, { nodeId: 1 });
  await agent.connect();
  agent.snapshot([]);
  await agent.deliver([]);
  const database = new Sqlite(join(stateDir, 'sgridnext.db'), { readonly: true });
  const rows = database.prepare("select count(*) from figures_history where scope = 'node'").pluck();
  await waitFor('the history to be written', () => Number(rows.get()) > 0);
  database.close();
  await admin.call('service.create', { spec: { name: 'web', type: 'node' } });
  await first.kill();
  agent.close();
  admin.close();
  const second = await spawnMaster(stateDir);
  const viewer = await connectCockpit(second);
  const to = Date.now();
  const { metrics } = await viewer.call('history.read', { nodeId: 1, from: to - 600_000, to, points: 60 });
  expect(metrics.cpuMillicores?.filter((span) => span !== null)).toEqual([[100, 100, 100]]);
  const { services } = await viewer.call('service.list', {});
  expect(services.map(({ name }) => name)).toEqual(['web']);
  viewer.close();
  await second.close();
});
