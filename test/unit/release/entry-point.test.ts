import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EntrySpec, resolveEntry, resolveWorkingDirectory } from '../../../node/release/entry-point.ts';

let base: string;
let root: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sgrid-entry-'));
  root = join(base, 'package');
  mkdirSync(root);
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const put = (path: string, content = 'x', mode = 0o644) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
  chmodSync(join(root, path), mode);
};
const spec = (over: Partial<EntrySpec> = {}): EntrySpec => ({
  name: 'web',
  args: [],
  runtimeArgs: [],
  ...over,
});
const runtimes = { node: '/opt/node', java: 'java' };
const found = async (type: 'binary' | 'node' | 'java' | 'script', over: Partial<EntrySpec> = {}) =>
  (await resolveEntry(type, spec(over), root, runtimes)).file.slice(root.length + 1);

describe('binary', () => {
  test('runs its entry with its arguments, and makes it executable', async () => {
    put('bin/server', 'x', 0o640);
    put('web');
    const { file, argv } = await resolveEntry(
      'binary',
      spec({ entry: 'bin/server', args: ['-v', 'a b'] }),
      root,
    );
    expect(argv).toEqual([join(root, 'bin/server'), '-v', 'a b']);
    expect(statSync(file).mode & 0o777).toBe(0o751);
    expect(statSync(join(root, 'web')).mode & 0o777).toBe(0o644);
  });
  test('without an entry takes the file named like the service, else the only one', async () => {
    put('readme.txt');
    mkdirSync(join(root, 'assets'));
    expect(await found('binary')).toBe('readme.txt');
    put('web');
    expect(await found('binary')).toBe('web');
  });
  test('with several candidates names them all', async () => {
    put('a');
    put('b');
    await expect(found('binary')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('a, b'),
    });
  });
  test('a missing entry is named, with what is there instead', async () => {
    put('server');
    put('conf/x');
    await expect(found('binary', { entry: 'bin/web' })).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringMatching(/entry "bin\/web" of web .* holds conf\/, server/),
    });
    await expect(found('binary', { entry: 'conf' })).rejects.toMatchObject({ code: 'conflict' });
    await expect(found('binary', { entry: 'server/x' })).rejects.toMatchObject({ code: 'not_found' });
  });
  test('an entry that leads out of the package is neither run nor made executable', async () => {
    writeFileSync(join(base, 'outside'), 'x');
    symlinkSync(join(base, 'outside'), join(root, 'web'));
    await expect(found('binary', { entry: 'web' })).rejects.toMatchObject({ code: 'conflict' });
    expect(statSync(join(base, 'outside')).mode & 0o111).toBe(0);
  });
});

test('an archive of one directory: the root first, then inside of it', async () => {
  put('mydir/web');
  put('mydir/mydir/deep');
  expect(await found('binary')).toBe('mydir/web');
  expect(await found('binary', { entry: 'web' })).toBe('mydir/web');
  expect(await found('binary', { entry: 'mydir/web' })).toBe('mydir/web');
  expect(await found('binary', { entry: 'mydir/deep' })).toBe('mydir/mydir/deep');
  put('second');
  await expect(found('binary', { entry: 'web' })).rejects.toMatchObject({ code: 'not_found' });
});

describe('node', () => {
  test('runs the entry, else main, else index.js', async () => {
    put('index.js');
    expect(await found('node')).toBe('index.js');
    put('package.json', '{"main":"lib"}');
    put('lib/index.js');
    expect(await found('node')).toBe('lib/index.js');
    put('lib.js');
    expect(await found('node')).toBe('lib.js');
    put('app.mjs');
    const { argv } = await resolveEntry(
      'node',
      spec({ entry: 'app.mjs', args: ['x'], runtimeArgs: ['--max-old-space-size=64'] }),
      root,
      runtimes,
    );
    expect(argv).toEqual(['/opt/node', '--max-old-space-size=64', join(root, 'app.mjs'), 'x']);
  });
  test('a main that is gone falls back to index.js, as node does', async () => {
    put('package.json', '{"main":"gone.js"}');
    put('index.js');
    expect(await found('node')).toBe('index.js');
  });
  test('a main that climbs out of the package is refused', async () => {
    writeFileSync(join(base, 'evil.js'), 'x');
    put('package.json', '{"main":"../evil.js"}');
    await expect(found('node')).rejects.toMatchObject({ code: 'conflict' });
  });
  test('a broken package.json and a package without a script are told', async () => {
    put('package.json', '{');
    await expect(found('node')).rejects.toMatchObject({ code: 'package_invalid' });
    put('package.json', '{}');
    await expect(found('node')).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('index.js'),
    });
  });
});

describe('java', () => {
  test('takes the only jar or war, wherever it lies', async () => {
    put('a/b/c/Service.WAR');
    const { argv } = await resolveEntry(
      'java',
      spec({ runtimeArgs: ['-Xmx64m'], args: ['x'] }),
      root,
      runtimes,
    );
    expect(argv).toEqual(['java', '-Xmx64m', '-jar', join(root, 'a/b/c/Service.WAR'), 'x']);
  });
  test('two are listed, and the entry decides', async () => {
    put('app.jar');
    put('lib/dep.jar');
    await expect(found('java')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('app.jar, lib/dep.jar'),
    });
    expect(await found('java', { entry: 'app.jar' })).toBe('app.jar');
  });
  test('none is told', async () => {
    put('readme');
    await expect(found('java')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('script', () => {
  const argvOf = async (over: Partial<EntrySpec> = {}) =>
    (await resolveEntry('script', spec({ args: ['a b', '$(id)'], runtimeArgs: ['-x'], ...over }), root)).argv;

  test('is update.sh by default, run by sh when it does not say by what', async () => {
    put('update.sh', 'echo hello\n');
    put('other.sh', 'x');
    expect(await argvOf()).toEqual(['/bin/sh', '-x', join(root, 'update.sh'), 'a b', '$(id)']);
    expect(await argvOf({ entry: 'other.sh' })).toContain(join(root, 'other.sh'));
    put('empty.sh', '');
    expect(await argvOf({ entry: 'empty.sh' })).toContain('/bin/sh');
  });
  test('is run by what its first line says, and made executable', async () => {
    put('update.sh', '#!/usr/bin/env python3\n');
    expect(await argvOf()).toEqual([join(root, 'update.sh'), 'a b', '$(id)']);
    expect(statSync(join(root, 'update.sh')).mode & 0o111).toBe(0o111);
    put('update.sh', '\x7fELF...');
    expect(await argvOf()).toEqual([join(root, 'update.sh'), 'a b', '$(id)']);
  });
  test('with line ends of Windows it could not be found by the kernel, so that is said', async () => {
    put('update.sh', '#!/bin/sh\r\necho x\r\n');
    await expect(argvOf()).rejects.toMatchObject({
      code: 'package_invalid',
      message: expect.stringContaining('CR LF'),
    });
  });
  test('is nothing else when it is not there', async () => {
    put('install.sh');
    await expect(found('script')).rejects.toMatchObject({
      code: 'not_found',
      message: 'update.sh to run web is not in the package, which holds install.sh',
    });
  });
});

describe('working directory', () => {
  const at = (workingDirectory?: string) => resolveWorkingDirectory({ name: 'web', workingDirectory }, root);

  test('is the root of the package, a directory in it, or an absolute one', async () => {
    put('mydir/conf/x');
    expect(await at()).toBe(root);
    expect(await at('mydir/conf')).toBe(join(root, 'mydir/conf'));
    expect(await at('conf')).toBe(join(root, 'mydir/conf'));
    expect(await at('.')).toBe(root);
    expect(await at(base)).toBe(base);
  });
  test('is refused when it is not there, no directory, or leads out of the package', async () => {
    put('file');
    symlinkSync(base, join(root, 'out'));
    await expect(at('gone')).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('"gone"'),
    });
    await expect(at('/gone')).rejects.toMatchObject({ code: 'not_found' });
    await expect(at('file')).rejects.toMatchObject({ code: 'conflict' });
    await expect(at('out')).rejects.toMatchObject({
      message: expect.stringContaining('leads out of the package'),
    });
  });
});

test('java: jar or war anywhere; several are named', async () => {
  put('lib/deep/app.war');
  expect(await found('java')).toBe('lib/deep/app.war');
  put('b.JAR');
  await expect(found('java')).rejects.toMatchObject({
    message: expect.stringContaining('b.JAR, lib/deep/app.war'),
  });
  expect(await found('java', { entry: 'b.JAR' })).toBe('b.JAR');
});
