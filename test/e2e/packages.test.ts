import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awaitText, createLocalSystem, type LocalSystemUnderTest } from '../support/local-system.ts';
import { buildSample } from '../support/samples.ts';

let system: LocalSystemUnderTest;
let good: string;

beforeAll(async () => {
  system = createLocalSystem();
  await system.ok('up');
  good = (await buildSample('web', { version: '2.0.0', outDir: system.directory })) ?? '';
});

afterAll(async () => {
  await system.dispose();
});

/** A tar archive of one entry, byte by byte, as no honest tool would write it. */
function tarOf(entry: {
  path: string;
  type?: 'File' | 'SymbolicLink' | 'Link' | 'CharacterDevice';
  linkpath?: string;
}): Buffer {
  const body = entry.type === undefined || entry.type === 'File' ? Buffer.from('owned\n') : Buffer.alloc(0);
  const header = Buffer.alloc(512);
  new Header({ mode: 0o644, size: body.length, mtime: new Date(0), type: 'File', ...entry }).encode(
    header,
    0,
  );
  const padding = Buffer.alloc((512 - (body.length % 512)) % 512);
  return Buffer.concat([header, body, padding, Buffer.alloc(1024)]);
}

function linkThenWriteThroughIt(): Buffer {
  const link = tarOf({ path: 'dir', type: 'SymbolicLink', linkpath: '/tmp' }).subarray(0, 512);
  return Buffer.concat([link, tarOf({ path: 'dir/sgrid-e2e-escaped' })]);
}

/** Everything below the state directory that a package could have left, apart from what runs already. */
function packageFiles(): string[] {
  return ['master/packages', 'node/releases'].flatMap((part) =>
    readdirSync(join(system.stateDirectory, part), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(part, name),
    ),
  );
}

const cases: [what: string, content: () => Buffer, words: RegExp][] = [
  ['a path with ..', () => tarOf({ path: '../../escaped' }), /\.\./],
  ['a path with .. in the middle', () => tarOf({ path: 'a/../../escaped' }), /\.\./],
  ['an absolute path', () => tarOf({ path: '/tmp/sgrid-e2e-escaped' }), /absolute|\/tmp/],
  [
    'a symbolic link out of the tree',
    () => tarOf({ path: 'x', type: 'SymbolicLink', linkpath: '../../../etc/passwd' }),
    /link|leaves|outside/i,
  ],
  [
    'an absolute symbolic link',
    () => tarOf({ path: 'x', type: 'SymbolicLink', linkpath: '/etc/passwd' }),
    /link|leaves|outside/i,
  ],
  [
    'a hard link out of the tree',
    () => tarOf({ path: 'x', type: 'Link', linkpath: '../../../etc/passwd' }),
    /link|\.\./i,
  ],
  ['a file written through a link', linkThenWriteThroughIt, /link|leaves|outside/i],
  ['a device', () => tarOf({ path: 'null', type: 'CharacterDevice' }), /device/i],
  ['a gzip archive cut in the middle', () => readFileSync(good).subarray(0, 100_000), /truncated|cut|ends/i],
  [
    'a tar archive cut in the middle',
    () => tarOf({ path: 'server.cjs' }).subarray(0, 515),
    /truncated|cut|ends/i,
  ],
  [
    'a tar archive without its end',
    () => tarOf({ path: 'server.cjs' }).subarray(0, 1024),
    /truncated|cut|ends/i,
  ],
  [
    'something that is no archive',
    () => Buffer.from('just text\n'.repeat(1000)),
    /not a tar|no tar|archive/i,
  ],
  [
    'gzipped something that is no archive',
    () => gzipSync('just text\n'.repeat(1000)),
    /not a tar|no tar|archive/i,
  ],
  ['nothing', () => Buffer.alloc(0), /empty|truncated|archive/i],
];

test.each(cases)('%s is refused with a message, and leaves nothing behind', async (what, content, words) => {
  const file = join(system.directory, 'bad.tar');
  writeFileSync(file, content());
  const before = packageFiles();
  const [web] = (await system.instances()).filter(({ serviceName }) => serviceName === 'web');
  const { code, out, err } = await system.sgrid('deploy', 'web', file, '--version', '6.6.6', '--wait');
  expect({ what, code, out }).toEqual({ what, code: 1, out: '' });
  expect(err).toMatch(words);
  expect(packageFiles()).toEqual(before);
  expect(await system.ok('get', 'releases')).not.toContain('6.6.6');
  expect(await awaitText('127.0.0.1', web?.port ?? 0)).toBe(`web 1.0.0 pid ${web?.status?.pid}\n`);
  expect(existsSync('/tmp/sgrid-e2e-escaped')).toBe(false);
  expect(existsSync(join(system.stateDirectory, 'escaped'))).toBe(false);
});

test('a package of honest tar, with a link inside the tree, is taken and runs', async () => {
  const stage = join(system.directory, 'stage');
  mkdirSync(stage);
  execFileSync('tar', ['xzf', good, '-C', stage]);
  symlinkSync('VERSION', join(stage, 'LABEL'));
  const file = join(system.directory, 'web.tar.gz');
  // The name promises gzip and the content is not: archives in the field are like that.
  execFileSync('tar', ['cf', file, '-C', stage, '.']);
  const out = await system.ok('deploy', 'web', file, '--version', '2.0.0', '--wait');
  expect(out).toContain('succeeded');
  for (const { host, port, status } of (await system.instances()).filter(
    ({ serviceName }) => serviceName === 'web',
  )) {
    expect(await awaitText(host, port)).toBe(`web 2.0.0 pid ${status?.pid}\n`);
  }
});

test('a release that cannot run fails the deploy with the reason and the program’s words', async () => {
  const stage = join(system.directory, 'broken');
  mkdirSync(stage);
  writeFileSync(join(stage, 'server.cjs'), 'console.log("I will not start"); process.exit(7);\n');
  const file = join(system.directory, 'broken.tar');
  execFileSync('tar', ['cf', file, '-C', stage, '.']);
  const [web] = (await system.instances()).filter(({ serviceName }) => serviceName === 'web');
  const { code, err } = await system.sgrid(
    // On a busy machine Node.js is up for longer than the usual second before it comes to the first line.
    ...['deploy', 'web', file, '--version', '3.0.0', '--wait', '--min-ready', '60s'],
    ...['--instance', String(web?.instanceId)],
  );
  expect(code).toBe(1);
  expect(err).toMatch(/rollout \d+ of web failed/);
  expect(await system.ok('logs', String(web?.instanceId), '--tail', '20')).toContain('I will not start');
  await system.ok('deploy', 'web', '2.0.0', '--wait', '--instance', String(web?.instanceId));
  expect(await awaitText('127.0.0.1', web?.port ?? 0)).toContain('web 2.0.0');
});
