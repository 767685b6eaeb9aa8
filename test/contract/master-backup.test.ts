import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create, extract, list } from 'tar';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identify } from '../../common/system/process-identity.ts';
import { createBackup } from '../../master/backup/create-backup.ts';
import { finishRestore } from '../../master/backup/finish-restore.ts';
import { restoreBackup } from '../../master/backup/restore-backup.ts';
import { connectCockpit } from '../support/cockpit-peer.ts';
import { newStateDir, startMaster, type TestMaster } from '../support/master.ts';
import { killAfterTest } from '../support/owned-process.ts';
import { tarOf, uploadPackage } from '../support/packages.ts';
import { waitFor } from '../support/wait-for.ts';

let directory: string;
let stateDir: string;
let master: TestMaster | null;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-backup-'));
  stateDir = newStateDir();
  master = await startMaster({ stateDir });
  // Made by hand: what lies there is not looked at without TLS.
  mkdirSync(join(stateDir, 'tls'));
  for (const name of ['master.key', 'master.crt']) writeFileSync(join(stateDir, 'tls', name), name);
});
afterEach(async () => {
  await master?.close();
  for (const each of [directory, stateDir]) rmSync(each, { recursive: true, force: true });
});

const MASTER = fileURLToPath(new URL('../../master/index.ts', import.meta.url));
const sgridnext = (...argv: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MASTER, ...argv], { encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
};
const database = (of: string) => join(of, 'sgridnext.db');
const file = (name = 'backup.tar.gz') => join(directory, name);
const back = (to: string, more: { withPackages?: boolean; overwrite?: boolean; now?: () => number } = {}) =>
  createBackup({
    stateDir,
    database: database(stateDir),
    file: to,
    withPackages: false,
    overwrite: false,
    now: () => 1,
    version: 'test',
    ...more,
  });
const restore = (to: string, from: string, overwrite = false) =>
  restoreBackup({ stateDir: to, database: database(to), file: from, overwrite, now: () => 2 });

async function services(of: TestMaster): Promise<string[]> {
  const peer = await connectCockpit(of);
  const { services: all } = await peer.call('service.list', {});
  peer.close();
  return all.map(({ name }) => name);
}
async function addService(of: TestMaster, name: string): Promise<void> {
  const peer = await connectCockpit(of);
  await peer.call('service.create', { spec: { name, type: 'binary', entry: 'run.sh' } });
  peer.close();
}
function running(): TestMaster {
  if (master === null) throw new Error('no master');
  return master;
}

test('a backup of a master that writes; restored elsewhere it has the same services, tokens and certificate', async () => {
  await addService(running(), 'before');
  const content = tarOf({ 'run.sh': '#!/bin/sh\n' });
  const release = await uploadPackage(running(), { serviceName: 'before', version: 'v1', content });
  let names = 0;
  let isOver = false;
  const writing = (async () => {
    const peer = await connectCockpit(running());
    while (!isOver) {
      await peer.call('service.create', { spec: { name: `more-${names}`, type: 'binary', entry: 'x' } });
      names += 1;
    }
    peer.close();
  })();
  await back(file());
  await back(file('with-packages.tar'), { withPackages: true });
  isOver = true;
  await writing;
  expect(names).toBeGreaterThan(0);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  const modes = new Map<string, number | undefined>();
  await list({ file: file(), onReadEntry: ({ path, mode }) => void modes.set(path, mode) });
  for (const secret of ['sgridnext.db', 'tokens/admin.token'])
    expect([secret, modes.get(secret)]).toEqual([secret, 0o600]);
  expect(readdirSync(directory).sort()).toEqual(['backup.tar.gz', 'with-packages.tar']);

  const other = join(directory, 'other');
  await restore(other, file('with-packages.tar'));
  for (const kept of ['tokens/admin.token', 'tls/master.key', 'tls/master.crt', `packages/${release.sha256}`])
    expect(readFileSync(join(other, kept))).toEqual(readFileSync(join(stateDir, kept)));
  expect(statSync(join(other, 'tls/master.key')).mode & 0o777).toBe(0o600);
  const restored = await startMaster({ stateDir: other });
  try {
    expect(await services(restored)).toContain('before');
  } finally {
    await restored.close();
  }
  expect(existsSync(join(other, 'restore.ready'))).toBe(false);
});

test('restored without packages, a release is uploaded again under its version: its package is there then', async () => {
  await addService(running(), 'web');
  const content = tarOf({ 'run.sh': '#!/bin/sh\n' });
  const release = await uploadPackage(running(), { serviceName: 'web', version: 'v1', content });
  await back(file());
  const other = join(directory, 'other');
  await restore(other, file());
  const restored = await startMaster({ stateDir: other });
  try {
    expect(existsSync(join(other, 'packages', release.sha256))).toBe(false);
    const again = await uploadPackage(restored, { serviceName: 'web', version: 'v1', content });
    expect(again).toEqual(release);
    expect(readFileSync(join(other, 'packages', release.sha256)).equals(content)).toBe(true);
  } finally {
    await restored.close();
  }
});

test('a backup into a directory that is not there, or in the place of one, is refused in a sentence', async () => {
  const nowhere = join(directory, 'nowhere', 'backup.tar.gz');
  await expect(back(nowhere)).rejects.toMatchObject({
    code: 'not_found',
    message: `there is no directory ${join(directory, 'nowhere')}`,
  });
  await expect(back(directory, { overwrite: true })).rejects.toMatchObject({ code: 'bad_request' });
});

test('the commands: a running master is not restored over, nor a database without --force', async () => {
  await addService(running(), 'kept');
  const where = ['--state-dir', stateDir];
  expect(sgridnext('backup', file(), ...where)).toMatchObject({ code: 0, out: `${file()} written\n` });
  expect(sgridnext(...where, 'backup', file())).toMatchObject({
    code: 1,
    err: expect.stringContaining('is there already'),
  });
  expect(sgridnext('restore', file(), '--force', ...where)).toMatchObject({
    code: 1,
    err: expect.stringContaining(`in use by process ${process.pid}`),
  });
  await addService(running(), 'lost');
  await running().close();
  master = null;
  expect(sgridnext('restore', file(), ...where)).toMatchObject({
    code: 1,
    err: expect.stringContaining('give --force'),
  });
  const done = sgridnext('restore', file(), '--force', ...where);
  expect(done).toMatchObject({ code: 0, err: '' });
  const [, aside = ''] = /before is in (.+)\n/.exec(done.out) ?? [];
  expect(existsSync(database(aside))).toBe(true);
  master = await startMaster({ stateDir });
  expect(await services(master)).toEqual(['kept']);
  expect(sgridnext('backup')).toMatchObject({ code: 2 });
  expect(sgridnext('backup', file('x'), '--state-dir', join(directory, 'none'))).toMatchObject({ code: 1 });
});

/** Runs a backup that takes a while, and ends it in the middle. @returns how it ended */
async function endBackup(signal: NodeJS.Signals): Promise<{ code: number | null; err: string }> {
  const content = tarOf({ 'data.bin': randomBytes(24 << 20) });
  await addService(running(), 'large');
  await uploadPackage(running(), { serviceName: 'large', version: 'v1', content });
  for (let attempt = 0; ; attempt += 1) {
    const to = file(`cut-${attempt}`);
    const child = killAfterTest(
      spawn(process.execPath, [MASTER, 'backup', '--packages', to, '--state-dir', stateDir]),
    );
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk;
    });
    const closed = once(child, 'close');
    await waitFor('it to begin, or to be over', () => child.exitCode !== null || stages().length > 0);
    child.kill(signal);
    const [code] = await closed;
    // It was quicker than the signal: once more.
    if (!existsSync(to)) return { code, err };
  }
}
const stages = () => readdirSync(directory).filter((name) => name.startsWith('.sgridnext-backup-'));

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('a backup that %s ends says so, and leaves nothing', async (signal, code) => {
  expect(await endBackup(signal)).toEqual({ code, err: expect.stringContaining('was interrupted') });
  expect(stages()).toEqual([]);
});

test('what a backup that was killed left beside it goes with the next one; that of others stays', async () => {
  expect(await endBackup('SIGKILL')).toMatchObject({ code: null });
  expect(stages()).toHaveLength(1);
  const own = identify(process.pid);
  if (own === null) throw new Error('no identity');
  const nameOf = (bootId: string) => `.sgridnext-backup-${own.pid}-${own.startTicks}-${bootId}-abcdef`;
  const alive = nameOf(own.bootId);
  const elsewhere = nameOf('00000000-0000-4000-8000-000000000001');
  const old = nameOf('00000000-0000-4000-8000-000000000002');
  for (const name of [alive, elsewhere, old]) mkdirSync(join(directory, name));
  const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
  utimesSync(join(directory, old), twoDaysAgo, twoDaysAgo);
  const stranger = '.sgridnext-backup-of-mine';
  writeFileSync(join(directory, stranger), '');
  await back(file(), { now: Date.now });
  expect(stages().sort()).toEqual([alive, elsewhere, stranger].sort());
});

test('what is no whole backup changes nothing', async () => {
  await addService(running(), 'kept');
  await back(file());
  await running().close();
  master = null;
  const before = readFileSync(database(stateDir));
  const unpacked = join(directory, 'unpacked');
  const spoil = async (name: string, how: (root: string) => void): Promise<string> => {
    rmSync(unpacked, { recursive: true, force: true });
    mkdirSync(unpacked);
    await extract({ file: file(), cwd: unpacked });
    how(unpacked);
    await create({ file: file(name), cwd: unpacked }, readdirSync(unpacked));
    return file(name);
  };
  const whole = readFileSync(file());
  writeFileSync(file('cut'), whole.subarray(0, whole.length / 2));
  const spoiled = [
    file('cut'),
    await spoil('damaged', (root) => writeFileSync(join(root, 'tls/master.key'), 'x')),
    await spoil('missing', (root) => rmSync(join(root, 'sgridnext.db'))),
    await spoil('foreign', (root) => rmSync(join(root, 'manifest.json'))),
  ];
  for (const each of spoiled)
    await expect(restore(stateDir, each, true), each).rejects.toMatchObject({
      code: 'package_invalid',
      message: expect.stringMatching(`^${each} is no whole backup: `),
      hint: expect.stringContaining('sgridnext backup'),
    });
  expect(readFileSync(database(stateDir))).toEqual(before);
  expect(readdirSync(stateDir).filter((name) => name.startsWith('restore'))).toEqual([]);
});

test('a restore that is killed after any step is finished by the next start, with the same end', async () => {
  await addService(running(), 'wanted');
  writeFileSync(`${database(stateDir)}.keys`, 'keys of the backup');
  await back(file());
  await addService(running(), 'unwanted');
  await running().close();
  master = null;
  writeFileSync(`${database(stateDir)}.keys`, 'keys of later');
  const whole = join(directory, 'whole');
  cpSync(stateDir, whole, { recursive: true });
  await restore(whole, file(), true);
  const treeOf = (root: string) =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
      .sort();
  const contents = (root: string) =>
    treeOf(root).map((path) => [path, readFileSync(join(root, path), 'latin1')]);
  const wanted = contents(whole);
  expect(wanted.find(([path]) => path === '/sgridnext.db.keys')?.[1]).toBe('keys of the backup');

  // Unpacked and committed, nothing moved yet.
  const begun = join(directory, 'begun');
  cpSync(stateDir, begun, { recursive: true });
  const ready = join(begun, 'restore.ready');
  mkdirSync(ready);
  await extract({ file: file(), cwd: ready });
  const [aside = ''] = readdirSync(whole).filter((name) => name.startsWith('before-restore'));
  writeFileSync(join(ready, 'aside'), `${aside}\n`);
  const moves: [string, string][] = [
    ['sgridnext.db.keys', `${aside}/sgridnext.db.keys`],
    ['restore.ready/sgridnext.db.keys', 'sgridnext.db.keys'],
    ['sgridnext.db', `${aside}/sgridnext.db`],
    ['restore.ready/sgridnext.db', 'sgridnext.db'],
    ['tls/master.key', `${aside}/tls/master.key`],
    ['restore.ready/tls/master.key', 'tls/master.key'],
  ];
  for (let done = 0; done <= moves.length; done += 1) {
    const killed = join(directory, `killed-${done}`);
    cpSync(begun, killed, { recursive: true });
    for (const [from, to] of moves.slice(0, done)) {
      mkdirSync(join(killed, to, '..'), { recursive: true });
      cpSync(join(killed, from), join(killed, to));
      rmSync(join(killed, from));
    }
    await finishRestore(killed, database(killed));
    expect(contents(killed), `after ${done} moves`).toEqual(wanted);
  }
});
