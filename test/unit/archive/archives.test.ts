import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { extractArchive } from '../../../common/archive/extract-archive.ts';
import { inspectArchive } from '../../../common/archive/inspect-archive.ts';
import { readArchive } from '../../../common/archive/read-archive.ts';

let base: string;
let tree: string;
let archive: string;
let target: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sgrid-archive-'));
  tree = join(base, 'tree');
  archive = join(base, 'package.bin');
  target = join(base, 'out');
  mkdirSync(join(tree, 'lib/deep'), { recursive: true });
  writeFileSync(join(tree, 'main'), '#!/bin/sh\necho hello\n');
  chmodSync(join(tree, 'main'), 0o4755);
  writeFileSync(join(tree, 'lib/deep/data'), 'x'.repeat(5000));
  writeFileSync(join(tree, 'lib/empty'), '');
  symlinkSync('../main', join(tree, 'lib/link'));
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

const tar = (...args: string[]) => execFileSync('tar', args, { stdio: ['ignore', 'pipe', 'pipe'] });
const packTree = (...flags: string[]) => tar('-c', ...flags, '-f', archive, '-C', tree, '.');

/** What both readers say; an archive is refused only if both refuse it alike, and nothing is left. */
async function refusal(limits?: Parameters<typeof inspectArchive>[1]) {
  const inspected = await inspectArchive(archive, limits).then(
    () => null,
    (error: Error) => error,
  );
  const extracted = await extractArchive(archive, target, limits).then(
    () => null,
    (error: Error) => error,
  );
  expect(existsSync(target)).toBe(false);
  expect(extracted?.message).toBe(inspected?.message);
  expect(inspected).toMatchObject({ code: 'package_invalid' });
  return inspected?.message ?? '';
}

/** A raw archive: headers as they are given, also such as tar(1) would never write. */
function writeRaw(
  entries: { path: string; type?: string; linkpath?: string; body?: string; size?: number }[],
  { end = true, gzip = false } = {},
) {
  const blocks: Buffer[] = [];
  for (const { path, type = 'File', linkpath = '', body = '', size } of entries) {
    const header = new Header({
      path,
      mode: 0o644,
      size: size ?? body.length,
      type: type as 'File',
      linkpath,
      mtime: new Date(0),
    });
    header.encode();
    blocks.push(header.block as Buffer, Buffer.from(body), Buffer.alloc((512 - (body.length % 512)) % 512));
  }
  if (end) blocks.push(Buffer.alloc(1024));
  const bytes = Buffer.concat(blocks);
  writeFileSync(archive, gzip ? gzipSync(bytes) : bytes);
}

describe.each([
  { name: 'plain', flags: [] },
  { name: 'gzipped', flags: ['-z'] },
  { name: 'posix format', flags: ['--format=posix'] },
  { name: 'v7 format', flags: ['--format=v7'] },
])('a good archive, $name', ({ name, flags }) => {
  test('is counted and unpacked exactly', async () => {
    packTree(...flags);
    const summary = await inspectArchive(archive);
    expect(summary).toMatchObject({
      compression: name === 'gzipped' ? 'gzip' : 'none',
      entries: 6,
      files: 3,
      unpackedBytes: 21 + 5000,
    });
    expect([...summary.topLevel].sort()).toEqual(['lib', 'main']);
    expect(await extractArchive(archive, target)).toEqual(summary);
    expect(readFileSync(join(target, 'lib/deep/data'), 'utf8')).toBe('x'.repeat(5000));
    expect(readFileSync(join(target, 'lib/empty'), 'utf8')).toBe('');
    expect(readlinkSync(join(target, 'lib/link'))).toBe('../main');
    expect(statSync(join(target, 'main')).mode & 0o7777).toBe(0o755);
    expect(Math.trunc(statSync(join(target, 'main')).mtimeMs / 1000)).toBe(
      Math.trunc(statSync(join(tree, 'main')).mtimeMs / 1000),
    );
    expect(execFileSync(join(target, 'main')).toString()).toBe('hello\n');
  });
});

test('large incompressible files come out byte by byte, in both forms', async () => {
  const bytes = randomBytes(3_333_333);
  writeFileSync(join(tree, 'big'), bytes);
  for (const flags of [[], ['-z']]) {
    packTree(...flags);
    await extractArchive(archive, target);
    expect(readFileSync(join(target, 'big')).equals(bytes)).toBe(true);
    rmSync(target, { recursive: true });
  }
});

test('long and wide names, and hundreds of entries, come out as tar(1) unpacks them', async () => {
  const long = join(tree, 'd'.repeat(200), 'e'.repeat(200));
  mkdirSync(long, { recursive: true });
  writeFileSync(join(long, '文件-ünï-🚀'.padEnd(80, 'f')), 'deep');
  for (let index = 0; index < 700; index += 1) writeFileSync(join(tree, 'lib', `f${index}`), String(index));
  packTree('-z');
  await extractArchive(archive, target);
  expect(execFileSync('diff', ['-r', '--no-dereference', tree, target]).toString()).toBe('');
});

test('hard links stay one file, and a later entry of the same path wins', async () => {
  execFileSync('ln', [join(tree, 'lib/deep/data'), join(tree, 'lib/second')]);
  packTree();
  writeFileSync(join(tree, 'main'), 'changed');
  tar('-rf', archive, '-C', tree, './main');
  await extractArchive(archive, target);
  expect(statSync(join(target, 'lib/second')).ino).toBe(statSync(join(target, 'lib/deep/data')).ino);
  expect(readFileSync(join(target, 'main'), 'utf8')).toBe('changed');
});

test('a file that replaces one name of a hard link leaves the other alone', async () => {
  writeRaw([
    { path: 'a', body: 'first' },
    { path: 'b', type: 'Link', linkpath: 'a' },
    { path: 'b', body: 'second' },
  ]);
  await extractArchive(archive, target);
  expect(readFileSync(join(target, 'a'), 'utf8')).toBe('first');
  expect(readFileSync(join(target, 'b'), 'utf8')).toBe('second');
});

test('a symbolic link that a file replaces is not written through', async () => {
  writeRaw([
    { path: 'victim', body: 'safe' },
    { path: 's', type: 'SymbolicLink', linkpath: 'victim' },
    { path: 's', body: 'mine' },
  ]);
  await extractArchive(archive, target);
  expect(readFileSync(join(target, 'victim'), 'utf8')).toBe('safe');
  expect(lstatSync(join(target, 's')).isFile()).toBe(true);
});

describe('entries that would leave the tree are refused and leave nothing', () => {
  test('".." as tar(1) packs it', async () => {
    tar('-cPf', archive, '-C', join(tree, 'lib'), '../main');
    expect(await refusal()).toContain('"../main" is named a path with ".."');
  });
  test('an absolute path, after good entries', async () => {
    packTree();
    tar('-rPf', archive, join(tree, 'main'));
    expect(await refusal()).toContain('absolute path');
  });
  test('a symbolic link out of the tree', async () => {
    symlinkSync('/etc', join(tree, 'etc'));
    packTree('-z');
    expect(await refusal()).toContain('entry "./etc" links to an absolute path');
  });
  test('an entry below a symbolic link', async () => {
    writeRaw([
      { path: 'out', type: 'SymbolicLink', linkpath: 'lib' },
      { path: 'out/x', body: 'x' },
    ]);
    expect(await refusal()).toContain('below the symbolic link "out"');
  });
  test('a hard link to what is not in the archive', async () => {
    writeRaw([
      { path: 'a', body: 'a' },
      { path: 'b', type: 'Link', linkpath: 'etc/shadow' },
    ]);
    expect(await refusal()).toContain('no earlier file');
  });
  test('a fifo', async () => {
    execFileSync('mkfifo', [join(tree, 'pipe')]);
    packTree();
    expect(await refusal()).toContain('FIFO');
  });
  test('a device', async () => {
    tar('-cf', archive, '-C', '/', 'dev/null');
    expect(await refusal()).toContain('CharacterDevice');
  });
  test('sparse files of both formats, whose content the parser would get wrong', async () => {
    execFileSync('truncate', ['-s', '10M', join(tree, 'sparse')]);
    packTree('--sparse', '--format=gnu');
    expect(await refusal()).toContain('SparseFile');
    packTree('--sparse', '--format=posix');
    expect(await refusal()).toContain('sparse');
  });
});

describe('bombs', () => {
  test('bytes', async () => {
    execFileSync('truncate', ['-s', '20M', join(tree, 'zeros')]);
    packTree('-z');
    expect(statSync(archive).size).toBeLessThan(100_000);
    expect(await refusal({ maxEntries: 100, maxUnpackedBytes: 1_000_000 })).toContain('unpacked bytes');
  });
  test('entries', async () => {
    packTree();
    expect(await refusal({ maxEntries: 5, maxUnpackedBytes: 1_000_000 })).toContain('limit of 5 entries');
  });
  test('headers without entries', async () => {
    const comment = `${'c'.repeat(900_000)}`;
    writeRaw(
      [
        ...Array.from({ length: 4 }, () => ({ path: 'h', type: 'GlobalExtendedHeader', body: comment })),
        { path: 'a', body: 'a' },
      ],
      { gzip: true },
    );
    expect(await refusal({ maxEntries: 10, maxUnpackedBytes: 1_000_000 })).toContain('holds more than');
  });
  test('a gzip in a gzip', async () => {
    packTree('-z');
    writeFileSync(archive, gzipSync(readFileSync(archive)));
    expect(await refusal()).toContain('gzipped twice');
  });
});

describe('truncated archives', () => {
  const cutTo = (bytes: number) => truncateSync(archive, bytes);
  test('plain, cut in a body', async () => {
    tar('-cf', archive, '-C', tree, 'main', 'lib/deep/data');
    cutTo(512 + 512 + 512 + 2000);
    expect(await refusal()).toContain('truncated: it ends in or behind "lib/deep/data"');
  });
  test('plain, cut in a header', async () => {
    tar('-cf', archive, '-C', tree, 'main', 'lib/deep/data');
    cutTo(512 + 512 + 100);
    expect(await refusal()).toContain('truncated');
  });
  test('plain, cut exactly behind an entry', async () => {
    tar('-cf', archive, '-C', tree, 'main', 'lib/deep/data');
    cutTo(512 + 512);
    expect(await refusal()).toContain('truncated');
  });
  test('plain, with one of the two zero blocks', async () => {
    tar('-cf', archive, '-C', tree, 'main');
    cutTo(512 + 512 + 512);
    expect(await refusal()).toContain('truncated');
  });
  test('plain, with both zero blocks but without the padding to 10 KiB, is whole', async () => {
    tar('-cf', archive, '-C', tree, 'main');
    cutTo(512 + 512 + 1024);
    expect((await inspectArchive(archive)).files).toBe(1);
  });
  test('gzip, cut anywhere', async () => {
    writeFileSync(join(tree, 'noise'), randomBytes(50_000));
    packTree('-z');
    const whole = readFileSync(archive);
    for (const bytes of [2, 12, 300, 20_000, whole.length - 9, whole.length - 8, whole.length - 1]) {
      writeFileSync(archive, whole.subarray(0, bytes));
      expect(await refusal(), `${bytes} bytes`).toContain('truncated');
    }
  });
  test('gzip, whole as gzip, around a truncated tar', async () => {
    writeRaw([{ path: 'a', body: 'a' }], { end: false, gzip: true });
    expect(await refusal()).toContain('truncated');
  });
});

describe('what is no archive', () => {
  test('a flipped bit in gzip', async () => {
    writeFileSync(join(tree, 'noise'), randomBytes(50_000));
    packTree('-z');
    const bytes = readFileSync(archive);
    bytes.writeUInt8(bytes.readUInt8(30_000) ^ 0x40, 30_000);
    writeFileSync(archive, bytes);
    expect(await refusal()).toMatch(/corrupt|truncated/);
  });
  test('a flipped bit in a later header', async () => {
    tar('-cf', archive, '-C', tree, 'main', 'lib/empty');
    const bytes = readFileSync(archive);
    bytes.writeUInt8(bytes.readUInt8(1024 + 3) ^ 1, 1024 + 3);
    writeFileSync(archive, bytes);
    expect(await refusal()).toContain('corrupt behind "main"');
  });
  test.each([
    ['zstd', ['zstd', '-q', '-o']],
    ['xz', ['xz', '-zc']],
    ['bzip2', ['bzip2', '-zc']],
  ])('%s', async (name, [command = '', ...flags]) => {
    const plain = join(base, 'plain.tar');
    tar('-cf', plain, '-C', tree, '.');
    if (name === 'zstd') execFileSync(command, [...flags, archive, plain]);
    else writeFileSync(archive, execFileSync(command, [...flags, plain]));
    expect(await refusal()).toContain(name);
  });
  test('zip and jar', async () => {
    writeFileSync(archive, Buffer.from('504b0304140000000800', 'hex'));
    expect(await refusal()).toContain('zip or jar');
  });
  test('a program', async () => {
    writeFileSync(archive, readFileSync('/bin/sh'));
    expect(await refusal()).toContain('ELF');
  });
  test('text, short and long, and nothing at all', async () => {
    writeFileSync(archive, 'hello');
    expect(await refusal()).toContain('no tar archive');
    writeFileSync(archive, 'hello\n'.repeat(1000));
    expect(await refusal()).toContain('no tar archive');
    writeFileSync(archive, '');
    expect(await refusal()).toContain('empty');
  });
  test('an archive without a file', async () => {
    tar('-cf', archive, '-T', '/dev/null');
    expect(await refusal()).toContain('holds no file');
    tar('-cf', archive, '--no-recursion', '-C', tree, 'lib');
    expect(await refusal()).toContain('holds no file');
  });
});

test('bytes behind the end are ignored, as tar(1) does', async () => {
  packTree();
  appendFileSync(archive, randomBytes(300_000));
  expect((await inspectArchive(archive)).files).toBe(3);
});

test('a hundred megabytes of padding behind the end are read past, not gathered', async () => {
  packTree();
  writeFileSync(
    archive,
    gzipSync(Buffer.concat([readFileSync(archive), Buffer.alloc(100_000_000)]), { level: 1 }),
  );
  expect((await inspectArchive(archive)).files).toBe(3);
});

test('a reader gets the content of each file in order, then its end', async () => {
  const bytes = randomBytes(2_000_000);
  writeFileSync(join(tree, 'big'), bytes);
  packTree('-z');
  const chunks = new Map<string, Buffer[]>();
  const ended: string[] = [];
  await readArchive(archive, ({ kind, path }) => {
    if (kind !== 'file') return null;
    expect([...chunks.keys()].sort()).toEqual([...ended].sort());
    chunks.set(path, []);
    return {
      write: (chunk) => void chunks.get(path)?.push(chunk),
      end: () => void ended.push(path),
      abandon: () => expect.unreachable(),
    };
  });
  expect(ended.sort()).toEqual(['big', 'lib/deep/data', 'lib/empty', 'main']);
  expect(Buffer.concat(chunks.get('big') ?? []).equals(bytes)).toBe(true);
});

test.each(['write', 'end'])('an error of whoever unpacks, in %s, ends the reading', async (failing) => {
  packTree();
  const calls: string[] = [];
  const refused = readArchive(archive, ({ kind }) => {
    if (kind !== 'file') return null;
    const call = (name: string): void => {
      calls.push(name);
      if (name === failing) throw new Error('no more');
    };
    return { write: () => call('write'), end: () => call('end'), abandon: () => call('abandon') };
  });
  await expect(refused).rejects.toThrow('no more');
  expect(calls.at(-1)).toBe(failing === 'write' ? 'abandon' : 'end');
  expect(calls.filter((name) => name === failing)).toHaveLength(1);
});

test('an archive that is cut off in a file lets go of that file', async () => {
  writeFileSync(join(tree, 'big'), randomBytes(2_000_000));
  packTree();
  truncateSync(archive, 1_000_000);
  const open = new Set<string>();
  const refused = readArchive(archive, ({ path }) => {
    open.add(path);
    const close = (): void => void open.delete(path);
    return { write: () => {}, end: close, abandon: close };
  });
  await expect(refused).rejects.toMatchObject({ code: 'package_invalid' });
  expect(open.has('big')).toBe(false);
});

test('an existing directory is refused and left as it was', async () => {
  packTree();
  mkdirSync(target);
  writeFileSync(join(target, 'mine'), 'x');
  await expect(extractArchive(archive, target)).rejects.toMatchObject({ code: 'already_exists' });
  expect(readdirSync(target)).toEqual(['mine']);
});

test('a file that is not there is an error of its own', async () => {
  await expect(inspectArchive(join(base, 'nothing'))).rejects.toMatchObject({ code: 'ENOENT' });
});
