import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** The real script on a root directory of its own; systemd, ssh and the real products are the virtual machine's part. */
const SCRIPT = fileURLToPath(new URL('../../deploy.sh', import.meta.url));

let directory: string;
let destdir: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'deploy-test-'));
  destdir = join(directory, 'root');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** An archive of `sgridnode` that runs on every machine, or on none. */
async function archiveOf(version: string, start = 'echo "$0" "$@"', arch = 'x64'): Promise<string> {
  const name = `sgridnode-${version}-linux-${arch}`;
  const tree = join(directory, name);
  mkdirSync(tree);
  writeFileSync(join(tree, 'sgridnode'), `#!/bin/sh\n${start}\n`, { mode: 0o755 });
  writeFileSync(join(tree, 'VERSION'), `${version}\n`);
  writeFileSync(join(tree, 'sgridnode.service'), `[Unit]\nDescription=${version}\n`);
  const file = join(directory, `${name}.tar.gz`);
  await execa('tar', ['-C', directory, '-czf', file, name]);
  return file;
}

async function deploy(...args: string[]) {
  return await execa('sh', [SCRIPT, ...args], { env: { DESTDIR: destdir }, reject: false, all: true });
}

const install = (archive: string, ...more: string[]) =>
  deploy('install', 'node', '--main-node', 'http://m', '--node-index', '7', '--archive', archive, ...more);
const upgrade = (archive: string, ...more: string[]) =>
  deploy('upgrade', 'node', '--archive', archive, ...more);
const current = (): string => readlinkSync(join(destdir, 'usr/sgridnode/current'));
const versions = (): string[] => readdirSync(join(destdir, 'usr/sgridnode/versions'));

test('an upgrade switches one link; an older version is refused, and leaves nothing', async () => {
  const [old, next] = [await archiveOf('0.9.0'), await archiveOf('0.10.0')];
  expect(await install(old)).toMatchObject({ exitCode: 0 });
  expect(current()).toMatch(/^versions\/0\.9\.0-[0-9a-f]{8}$/);
  expect(await upgrade(next)).toMatchObject({ exitCode: 0 });
  expect(current()).toMatch(/^versions\/0\.10\.0-/);
  const [after, there] = [current(), versions()];
  for (const refused of [await upgrade(old), await install(old)]) {
    expect(refused.exitCode).toBe(1);
    expect(refused.all).toContain(
      'sgridnode 0.10.0 is installed, and 0.9.0 is older: a downgrade is refused',
    );
    expect([current(), versions()]).toEqual([after, there]);
  }
  expect(await upgrade(old, '--allow-downgrade')).toMatchObject({ exitCode: 0 });
  expect(current()).toMatch(/^versions\/0\.9\.0-/);
});

test.each([
  ['1.0.0-rc1', '1.0.0', true],
  ['1.0.0', '1.0.0-rc1', false],
  ['1.0.0-rc1', '1.0.0-rc2', true],
  ['1.9.9', '1.10.0', true],
  ['1.0.0', '1.0.0', true],
])('from %s to %s: %s', async (from, to, isTaken) => {
  await install(await archiveOf(from));
  const again = from === to ? join(directory, `sgridnode-${from}-linux-x64.tar.gz`) : await archiveOf(to);
  expect((await upgrade(again)).exitCode).toBe(isTaken ? 0 : 1);
});

test('one that does not run here, or is not what its sum says, changes nothing', async () => {
  await install(await archiveOf('1.0.0'));
  const [before, there] = [current(), versions()];
  const broken = await archiveOf('1.1.0', 'echo no such library >&2; exit 127');
  expect((await upgrade(broken)).all).toContain('does not run on this machine: no such library');
  const cut = await archiveOf('1.2.0');
  const sum = createHash('sha256').update('something else').digest('hex');
  writeFileSync(`${cut}.sha256`, `${sum}  sgridnode-1.2.0-linux-x64.tar.gz\n`);
  expect((await upgrade(cut)).all).toContain('copy it again');
  writeFileSync(join(directory, 'short.tar.gz'), readFileSync(cut).subarray(0, 100));
  expect((await upgrade(join(directory, 'short.tar.gz'))).all).toContain('cannot be unpacked');
  const unwilling = await archiveOf(
    '1.3.0',
    'case "$*" in *--check-config*) echo bad key >&2; exit 1;; esac',
  );
  expect((await upgrade(unwilling)).all).toContain('does not fit 1.3.0');
  expect(current()).toBe(before);
  expect(versions()).toEqual(there);
});

test('config.json is written once, and only with what was given', async () => {
  const archive = await archiveOf('1.0.0');
  await install(archive, '--alias', 'a "quoted" name');
  const file = join(destdir, 'usr/sgridnode/config.json');
  const config = { mainNode: 'http://m', nodeIndex: 7, alias: 'a "quoted" name' };
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(config);
  await deploy('install', 'node', '--main-node', 'http://other', '--node-index', '8', '--archive', archive);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(config);
});

test('a token that cannot be read is said before anything is installed', async () => {
  const result = await install(await archiveOf('1.0.0'), '--token-file', join(directory, 'nowhere'));
  expect([result.exitCode, result.all]).toEqual([1, expect.stringContaining('cannot read the token file')]);
  expect(existsSync(destdir)).toBe(false);
});

test('a configuration that the product does not take is not kept for the next attempt', async () => {
  const picky = await archiveOf(
    '1.0.0',
    'if grep -q http://m "$2"; then echo "mainNode: no" >&2; exit 1; fi',
  );
  expect((await install(picky)).all).toContain('does not fit 1.0.0');
  const right = await deploy(
    'install',
    'node',
    '--main-node',
    'http://n',
    '--node-index',
    '7',
    '--archive',
    picky,
  );
  expect(right).toMatchObject({ exitCode: 0 });
  const file = join(destdir, 'usr/sgridnode/config.json');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ mainNode: 'http://n' });
});

test.each([
  [['install', 'node'], 'needs --main-node URL and --node-index ID'],
  [['install', 'other'], 'there is master, node and cockpit, but no "other"'],
  [['upgrade', 'node', '--sideways'], 'unknown option --sideways'],
  [['upgrade'], 'which one: master, node or cockpit?'],
  [['install', 'master', '--host'], 'a value is missing behind --host'],
  [['install', 'cockpit', '--host', '10.0.0.1'], 'unknown option --host'],
  [['install', 'node', '--node-index', 'one'], '--node-index wants a number, not "one"'],
  [['build', '--arch', 'mips'], 'not for "mips"'],
  [['push', 'node', '--token-file', 'x', 'a@b'], 'options of install stand behind --'],
  [['status', 'node'], 'unknown option node'],
  [['dance'], 'unknown command dance'],
])('%j is wrong usage, and says so', async (args, words) => {
  const archive = await archiveOf('1.0.0');
  const needsArchive = args[0] === 'install' && args.length === 2;
  const result = await deploy(...args, ...(needsArchive ? ['--archive', archive] : []));
  expect([result.exitCode, result.all]).toEqual([2, expect.stringContaining(words)]);
});

test('a package of the node, which brings no configuration, says what the node needs next', async () => {
  const result = await deploy('install', 'node', '--if-configured', '--archive', await archiveOf('1.0.0'));
  expect([result.exitCode, result.all]).toEqual([
    0,
    expect.stringMatching(/does not know its master yet: deploy.sh install node --main-node URL/),
  ]);
});

test('uninstall keeps what --purge takes, and both may be repeated', async () => {
  await install(await archiveOf('1.0.0'));
  const config = join(destdir, 'usr/sgridnode/config.json');
  for (const _again of [1, 2]) expect(await deploy('uninstall', 'node')).toMatchObject({ exitCode: 0 });
  expect(readdirSync(join(destdir, 'usr/sgridnode'))).toEqual(['config.json']);
  expect(existsSync(join(destdir, 'etc/systemd/system/sgridnode.service'))).toBe(false);
  expect(await deploy('uninstall', 'node', '--purge')).toMatchObject({ exitCode: 0 });
  expect(existsSync(config)).toBe(false);
  const again = await deploy('uninstall', 'node', '--purge');
  expect([again.exitCode, again.all]).toEqual([0, 'deploy.sh: sgridnode is not installed here']);
});

test('a version of which a program runs stays, as a service may begin workers of its runtime; others go', async () => {
  await install(await archiveOf('1.0.0'));
  const [label = ''] = versions();
  const runtime = join(destdir, 'usr/sgridnode', current(), 'sleep');
  copyFileSync('/bin/sleep', runtime);
  const program = execa(runtime, ['1000'], { reject: false });
  try {
    for (const version of ['1.1.0', '1.2.0', '1.3.0']) await upgrade(await archiveOf(version));
    expect(versions().map((name) => name.replace(/-.*/, ''))).toEqual(['1.0.0', '1.2.0', '1.3.0']);
    await deploy('uninstall', 'node');
    expect(versions()).toEqual([label]);
    await install(await archiveOf('1.4.0'));
    expect(versions()).toHaveLength(2);
  } finally {
    program.kill('SIGKILL');
    await program;
  }
  await upgrade(await archiveOf('1.5.0'));
  expect(versions()).not.toContain(label);
});

/** Writes a command for the script to find before the real one. */
function standIn(name: string, lines: string): void {
  mkdirSync(join(directory, 'bin'), { recursive: true });
  writeFileSync(join(directory, 'bin', name), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
}
const pathWithStandIns = (): string => `${join(directory, 'bin')}:${process.env.PATH}`;

test('push: each machine gets the archive of its kind, and one that fails does not keep the others from it', async () => {
  // The other machines are directories here; "arm" says that it is one of another kind, and "away" does not answer.
  standIn('uname', 'case $DESTDIR in *arm) echo aarch64 ;; *) echo x86_64 ;; esac');
  standIn('scp', `for last; do :; done; exec cp "$4" "$5" "\${last#*:}"`);
  standIn(
    'ssh',
    `while [ "$1" = -o ]; do shift 2; done
[ "$1" != away ] || { echo 'no route' >&2; exit 255; }
DESTDIR=${directory}/of-$1 exec sh -c "$2"`,
  );
  await archiveOf('1.0.0');
  await archiveOf('1.0.0', 'echo "$0" "$@" # arm', 'arm64');
  copyFileSync(SCRIPT, join(directory, 'deploy.sh'));
  const options = ['--', '--main-node', 'http://m'];
  const result = await execa(
    'sh',
    [join(directory, 'deploy.sh'), 'push', 'node', 'a=1', 'arm=2', 'away=3', ...options],
    {
      env: { PATH: pathWithStandIns() },
      reject: false,
      all: true,
    },
  );
  expect(result.exitCode).toBe(1);
  expect(result.all).toMatch(/^ok +a .*\nok +arm .*\nfailed +away +no route\n/m);
  expect(result.all).toContain('2 of 3 machines have sgridnode');
  const startOf = (name: string): string =>
    readFileSync(join(directory, `of-${name}/usr/sgridnode/current/sgridnode`), 'utf8');
  expect([startOf('a').includes('arm'), startOf('arm').includes('arm')]).toEqual([false, true]);
});

test('build for another kind of machine takes no runtime but the one of package-lock.json', async () => {
  const checkout = fileURLToPath(new URL('../../', import.meta.url));
  for (const name of ['deploy.sh', 'package.json', 'package-lock.json'])
    copyFileSync(join(checkout, name), join(directory, name));
  mkdirSync(join(directory, 'node_modules'));
  symlinkSync(join(checkout, 'node_modules/.bin'), join(directory, 'node_modules/.bin'));
  const build = () =>
    execa('sh', [join(directory, 'deploy.sh'), 'build', '--arch', 'arm64', 'node'], {
      env: { PATH: pathWithStandIns() },
      reject: false,
      all: true,
    });
  standIn('npm', 'echo "npm error code ENOTFOUND" >&2; exit 1');
  const unreachable = await build();
  expect([unreachable.exitCode, unreachable.all]).toEqual([1, expect.stringContaining('ENOTFOUND')]);
  standIn('npm', 'for last; do :; done; echo something else >"$(echo "$last" | tr @ -).tgz"');
  const other = await build();
  expect([other.exitCode, other.all]).toEqual([
    1,
    expect.stringContaining('is not what package-lock.json says'),
  ]);
  expect(readdirSync(join(directory, 'dist/runtimes'))).toEqual([]);
});
