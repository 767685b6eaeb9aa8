import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ReleaseRef } from '../../common/domain/release.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { createReleaseStore, type OwnedReleaseStore } from '../../node/release/create-release-store.ts';
import type { FetchPackage } from '../../node/release/release-store.ts';
import { waitFor } from '../support/wait-for.ts';

let base: string;
let root: string;
let now = 1_000_000;
const stores: OwnedReleaseStore[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sgrid-release-'));
  root = join(base, 'releases');
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  rmSync(base, { recursive: true, force: true });
});

function pack(content: string, extraBytes = 0): { bytes: Buffer; release: ReleaseRef } {
  const tree = mkdtempSync(join(base, 'tree-'));
  writeFileSync(join(tree, 'web'), content);
  if (extraBytes > 0) writeFileSync(join(tree, 'noise'), randomBytes(extraBytes));
  return asRelease(execFileSync('tar', ['-cz', '-C', tree, '.'], { maxBuffer: 1e9 }));
}

function asRelease(bytes: Buffer) {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { bytes, release: { releaseId: 1, version: '1.0.0', sha256, sizeBytes: bytes.length } };
}

/** A source that notes the offsets asked for, and after `cuts[n]` bytes of the n-th answer breaks off. */
function source(bytes: Buffer, cuts: readonly number[] = [], chunkBytes = 1000) {
  const offsets: number[] = [];
  const fetchPackage: FetchPackage = async (_sha256, offset) => {
    const cut = cuts[offsets.length];
    offsets.push(offset);
    return (async function* () {
      const end = cut === undefined ? bytes.length : offset + cut;
      for (let at = offset; at < end; at += chunkBytes)
        yield bytes.subarray(at, Math.min(at + chunkBytes, end));
      if (cut !== undefined) throw new Error('socket hang up');
    })();
  };
  return { fetchPackage, offsets };
}

function open(
  fetchPackage: FetchPackage,
  over: { root?: string; idleTimeoutMs?: number; unpackWorkerFile?: string } = {},
) {
  const store = createReleaseStore({ root, fetchPackage, clock: () => now, ...over });
  stores.push(store);
  return store;
}

/** Everything below the store but the whole releases' contents. */
const inventory = () =>
  readdirSync(root)
    .filter((name) => name !== 'package.json')
    .flatMap((name) => readdirSync(join(root, name)).map((each) => `${name}/${each}`));

test('fetches, verifies and unpacks once, with progress, and finds it again', async () => {
  const { bytes, release } = pack('one', 5000);
  const { fetchPackage, offsets } = source(bytes);
  const store = open(fetchPackage);
  const progress: number[] = [];
  expect(await store.find('web', release)).toBeNull();
  const first = await store.prepare('web', release, (received) => progress.push(received));
  expect(first).toEqual({ directory: join(root, 'web', release.sha256), alreadyThere: false });
  expect(readFileSync(join(first.directory, 'web'), 'utf8')).toBe('one');
  expect(progress[0]).toBe(0);
  expect(progress.at(-1)).toBe(bytes.length);
  expect(progress).toEqual([...progress].sort((a, b) => a - b));
  expect(await store.prepare('web', release)).toEqual({ ...first, alreadyThere: true });
  expect(await open(fetchPackage).find('web', release)).toBe(first.directory);
  expect(offsets).toEqual([0]);
  expect(inventory()).toEqual([`web/${release.sha256}`]);
});

test('a CommonJS release runs, whatever the package.json above the store says', async () => {
  writeFileSync(join(base, 'package.json'), '{"type":"module"}');
  mkdirSync(root);
  writeFileSync(join(root, 'package.json.0123456789ab.tmp'), '{');
  const { bytes, release } = pack('process.stdout.write(typeof require("node:fs").statSync)');
  const { directory } = await open(source(bytes).fetchPackage).prepare('web', release);
  renameSync(join(directory, 'web'), join(directory, 'web.js'));
  expect(execFileSync(process.execPath, [join(directory, 'web.js')], { encoding: 'utf8' })).toBe('function');
  expect(readdirSync(root).sort()).toEqual(['.downloads', 'package.json', 'web']);
});

test('concurrent calls share one download, and each is told of the progress', async () => {
  const { bytes, release } = pack('one', 5000);
  const { fetchPackage, offsets } = source(bytes);
  const store = open(fetchPackage);
  const last = [0, 0, 0];
  const results = await Promise.all(
    last.map((_, index) =>
      store.prepare('web', release, (received) => {
        last[index] = received;
      }),
    ),
  );
  expect(new Set(results.map(({ directory }) => directory)).size).toBe(1);
  expect(last).toEqual([bytes.length, bytes.length, bytes.length]);
  expect(offsets).toEqual([0]);
});

test('one package under two services at once becomes two releases', async () => {
  const { bytes, release } = pack('one', 5000);
  const store = open(source(bytes).fetchPackage);
  const [a, b] = await Promise.all([store.prepare('a', release), store.prepare('b', release)]);
  expect(readFileSync(join(a.directory, 'web'), 'utf8')).toBe('one');
  expect(readFileSync(join(b.directory, 'web'), 'utf8')).toBe('one');
});

describe('cuts', () => {
  test('goes on from where it was, within one call', async () => {
    const { bytes, release } = pack('one', 20_000);
    const { fetchPackage, offsets } = source(bytes, [4000, 2500]);
    await open(fetchPackage).prepare('web', release);
    expect(offsets).toEqual([0, 4000, 6500]);
  });

  test('an attempt that brings nothing ends the call, and the next store resumes what is there', async () => {
    const { bytes, release } = pack('one', 20_000);
    const first = source(bytes, [4000, 0]);
    await expect(open(first.fetchPackage).prepare('web', release)).rejects.toMatchObject({
      code: 'disconnected',
      message: expect.stringContaining('socket hang up'),
    });
    expect(first.offsets).toEqual([0, 4000]);
    const second = source(bytes);
    const { directory } = await open(second.fetchPackage).prepare('web', release);
    expect(second.offsets).toEqual([4000]);
    expect(readFileSync(join(directory, 'web'), 'utf8')).toBe('one');
    expect(inventory()).toEqual([`web/${release.sha256}`]);
  });

  test('a stream that ends early without an error is a cut too', async () => {
    const { bytes, release } = pack('one', 20_000);
    const offsets: number[] = [];
    const fetchPackage: FetchPackage = async (_sha256, offset) => {
      offsets.push(offset);
      return (async function* () {
        yield bytes.subarray(offset, offset + 9000);
      })();
    };
    await open(fetchPackage).prepare('web', release);
    expect(offsets).toEqual([0, 9000, 18_000]);
  });

  test('a silent source is given up, and its request ended', async () => {
    const { release } = pack('one');
    let ended = false;
    const fetchPackage: FetchPackage = async (_sha256, _offset, signal) => {
      signal.addEventListener('abort', () => {
        ended = true;
      });
      return (async function* () {
        await new Promise(() => {});
        yield Buffer.alloc(0);
      })();
    };
    await expect(open(fetchPackage, { idleTimeoutMs: 20 }).prepare('web', release)).rejects.toMatchObject({
      code: 'disconnected',
    });
    expect(ended).toBe(true);
  });

  test('a damaged beginning is found by its hash, and the whole fetched again', async () => {
    const { bytes, release } = pack('one', 20_000);
    mkdirSync(join(root, '.downloads'), { recursive: true });
    writeFileSync(join(root, '.downloads', `${release.sha256}.part`), Buffer.alloc(5000));
    const { fetchPackage, offsets } = source(bytes);
    await open(fetchPackage).prepare('web', release);
    expect(offsets).toEqual([5000, 0]);
  });

  test('a beginning that is longer than the package is thrown away', async () => {
    const { bytes, release } = pack('one');
    mkdirSync(join(root, '.downloads'), { recursive: true });
    writeFileSync(join(root, '.downloads', `${release.sha256}.part`), Buffer.alloc(bytes.length + 1));
    const { fetchPackage, offsets } = source(bytes);
    await open(fetchPackage).prepare('web', release);
    expect(offsets).toEqual([0]);
  });

  /** A thread that does what `work` says behind having begun. */
  const workerThat = (work: string): string => {
    const file = join(base, 'worker.mjs');
    writeFileSync(
      file,
      `import { mkdirSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
mkdirSync(workerData.directory);
${work}\n`,
    );
    return file;
  };

  test('close ends unpacking with `cancelled`, keeps the package and nothing half done', async () => {
    const { bytes, release } = pack('one', 5000);
    const unpackWorkerFile = workerThat('setInterval(() => {}, 1000);');
    const store = open(source(bytes).fetchPackage, { unpackWorkerFile });
    const prepared = store.prepare('web', release);
    prepared.catch(() => {});
    await waitFor('the unpacking', () => existsSync(join(root, 'web', `.unpacking-${release.sha256}`)));
    await store.close();
    await expect(prepared).rejects.toMatchObject({ code: 'cancelled' });
    expect(inventory()).toEqual([`.downloads/${release.sha256}.part`]);
    const again = source(bytes);
    await open(again.fetchPackage).prepare('web', release);
    expect(again.offsets).toEqual([]);
  });

  test.each([
    ['ends', 'process.exit(0);', /ended early/],
    ['fails', "throw new Error('no more');", /no more/],
  ])('an unpacking that %s by itself is an error, and leaves nothing', async (_what, work, words) => {
    const { bytes, release } = pack('one');
    const store = open(source(bytes).fetchPackage, { unpackWorkerFile: workerThat(work) });
    const prepared = store.prepare('web', release);
    await expect(prepared).rejects.toMatchObject({ code: 'internal', message: expect.stringMatching(words) });
    expect(inventory()).toEqual([]);
  });

  test('close ends a download with `cancelled` and keeps what came', async () => {
    const { bytes, release } = pack('one', 20_000);
    const arrived = Promise.withResolvers<void>();
    const fetchPackage: FetchPackage = async () =>
      (async function* () {
        yield bytes.subarray(0, 3000);
        await new Promise(() => {});
      })();
    const store = open(fetchPackage);
    const prepared = store.prepare('web', release, (received) => received === 3000 && arrived.resolve());
    prepared.catch(() => {});
    await arrived.promise;
    await store.close();
    await expect(prepared).rejects.toMatchObject({ code: 'cancelled' });
    await expect(store.prepare('web', release)).rejects.toMatchObject({ code: 'cancelled' });
    expect(readFileSync(join(root, '.downloads', `${release.sha256}.part`)).length).toBe(3000);
  });
});

describe('refusals leave nothing', () => {
  test('other bytes than announced', async () => {
    const { bytes, release } = pack('one');
    const other = Buffer.from(bytes);
    other.writeUInt8(other.readUInt8(20) ^ 1, 20);
    const store = open(source(other).fetchPackage);
    await expect(store.prepare('web', release)).rejects.toMatchObject({ code: 'checksum_mismatch' });
    expect(inventory()).toEqual([]);
  });
  test('more bytes than announced', async () => {
    const { bytes, release } = pack('one');
    const store = open(source(Buffer.concat([bytes, bytes]), [], 1_000_000).fetchPackage);
    await expect(store.prepare('web', release)).rejects.toMatchObject({ code: 'checksum_mismatch' });
    expect(inventory()).toEqual([]);
  });
  test('a source without end is left as soon as it is too long', async () => {
    const { release } = pack('one');
    let sentBytes = 0;
    const store = open(async () =>
      (async function* () {
        for (;;) {
          sentBytes += 1000;
          yield Buffer.alloc(1000);
          await new Promise((resolve) => setImmediate(resolve));
        }
      })(),
    );
    await expect(store.prepare('web', { ...release, sizeBytes: 1500 })).rejects.toMatchObject({
      code: 'checksum_mismatch',
      message: expect.stringContaining('longer than 1500'),
    });
    expect(sentBytes).toBe(2000);
    expect(inventory()).toEqual([]);
  });
  test('a package that leaves its tree, beside a running release that stays', async () => {
    const good = pack('one');
    await open(source(good.bytes).fetchPackage).prepare('web', good.release);
    const tree = mkdtempSync(join(base, 'tree-'));
    writeFileSync(join(tree, 'ok'), 'x');
    symlinkSync('/etc', join(tree, 'zz'));
    const bad = asRelease(execFileSync('tar', ['-cz', '-C', tree, '.']));
    await expect(open(source(bad.bytes).fetchPackage).prepare('web', bad.release)).rejects.toMatchObject({
      code: 'package_invalid',
    });
    expect(inventory()).toEqual([`web/${good.release.sha256}`]);
    expect(readFileSync(join(root, 'web', good.release.sha256, 'web'), 'utf8')).toBe('one');
  });
  test('what the master says no to is passed on as it is', async () => {
    const { release } = pack('one');
    const store = open(async () => {
      throw new SgridError('not_found', 'no such package');
    });
    await expect(store.prepare('web', release)).rejects.toMatchObject({ code: 'not_found' });
    expect(inventory()).toEqual([]);
  });
  test('more than the disk has room for, before a byte is fetched', async () => {
    const { bytes, release } = pack('one');
    const { fetchPackage, offsets } = source(bytes);
    await expect(open(fetchPackage).prepare('web', { ...release, sizeBytes: 2 ** 52 })).rejects.toMatchObject(
      { code: 'no_space' },
    );
    expect(offsets).toEqual([]);
  });
  test('a failed call does not spoil the next one', async () => {
    const { bytes, release } = pack('one');
    let broken = true;
    const good = source(bytes);
    const store = open((...args) =>
      broken ? Promise.reject(new Error('refused')) : good.fetchPackage(...args),
    );
    await expect(store.prepare('web', release)).rejects.toMatchObject({ code: 'disconnected' });
    broken = false;
    await expect(store.prepare('web', release)).resolves.toMatchObject({ alreadyThere: false });
  });
});

describe('a disk that really is full', () => {
  let mounted = false;
  beforeEach(() => {
    mkdirSync(root);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', root], { stdio: 'ignore' });
      mounted = true;
    } catch {
      mounted = false;
    }
  });
  afterEach(() => {
    if (mounted) execFileSync('umount', ['-l', root]);
  });

  test('while unpacking: `no_space`, and the space is given back', async ({ skip }) => {
    if (!mounted) skip('no right to mount');
    const tree = mkdtempSync(join(base, 'tree-'));
    writeFileSync(join(tree, 'zeros'), Buffer.alloc(1_000_000));
    const { bytes, release } = asRelease(execFileSync('tar', ['-cz', '-C', tree, '.']));
    await expect(open(source(bytes).fetchPackage).prepare('web', release)).rejects.toMatchObject({
      code: 'no_space',
    });
    expect(inventory()).toEqual([]);
  });
});

test('what a crash left half unpacked or half removed is gone before the next release', async () => {
  const { bytes, release } = pack('one');
  for (const name of [
    `.unpacking-${release.sha256}`,
    `.unpacking-${'a'.repeat(64)}`,
    `.removing-${'b'.repeat(64)}`,
  ]) {
    mkdirSync(join(root, 'web', name), { recursive: true });
    writeFileSync(join(root, 'web', name, 'half'), 'x');
  }
  const store = open(source(bytes).fetchPackage);
  expect(await store.find('web', release)).toBeNull();
  const { directory } = await store.prepare('web', release);
  expect(readdirSync(directory)).toEqual(['web']);
  expect(inventory()).toEqual([`web/${release.sha256}`]);
});

describe('current', () => {
  test('is switched over and over, and relative directories are made absolute', async () => {
    const store = open(source(Buffer.alloc(0)).fetchPackage);
    const link = join(base, 'instances/1/current');
    mkdirSync(join(base, 'a'));
    mkdirSync(join(base, 'b'));
    await store.switchCurrent(link, join(base, 'a'));
    expect(readlinkSync(link)).toBe(join(base, 'a'));
    await Promise.all([
      store.switchCurrent(link, join(base, 'b')),
      store.switchCurrent(link, join(base, 'a')),
    ]);
    await store.switchCurrent(link, join(base, 'b'));
    expect(readlinkSync(link)).toBe(join(base, 'b'));
    expect(readdirSync(join(base, 'instances/1'))).toEqual(['current']);
  });
  test('survives a switch that was cut off, and refuses what would break', async () => {
    const store = open(source(Buffer.alloc(0)).fetchPackage);
    const link = join(base, 'current');
    mkdirSync(join(base, 'a'));
    symlinkSync('/nowhere', join(base, '.current.switching'));
    await store.switchCurrent(link, join(base, 'a'));
    await expect(store.switchCurrent(link, join(base, 'gone'))).rejects.toMatchObject({ code: 'not_found' });
    expect(readlinkSync(link)).toBe(join(base, 'a'));
    mkdirSync(join(base, 'real'));
    await expect(store.switchCurrent(join(base, 'real'), join(base, 'a'))).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(existsSync(join(base, '.real.switching'))).toBe(false);
  });
});

test('prune keeps the lately wanted and the used', async () => {
  const packages = ['one', 'two', 'three', 'four', 'five'].map((content) => pack(content));
  const bySha = new Map(packages.map(({ bytes, release }) => [release.sha256, bytes]));
  const store = open((sha256, offset, signal) =>
    source(bySha.get(sha256) ?? Buffer.alloc(0)).fetchPackage(sha256, offset, signal),
  );
  const directories: string[] = [];
  for (const { release } of packages) {
    now += 60_000;
    directories.push((await store.prepare('web', release)).directory);
  }
  now += 60_000;
  await store.prepare('web', packages[1]?.release as ReleaseRef);
  await store.prune('web', new Set([directories[0] ?? '']), 2);
  expect(directories.map((directory) => existsSync(directory))).toEqual([true, true, false, false, true]);
  expect(readdirSync(join(root, 'web')).length).toBe(3);
  await store.prune('unknown', new Set(), 2);
});

test('downloads that nobody went on with for a week are removed, others are kept to be resumed', async () => {
  const downloads = join(root, '.downloads');
  mkdirSync(downloads, { recursive: true });
  now = Date.now();
  const day = 24 * 3_600_000;
  for (const [name, ageMs] of [
    ['a', 8 * day],
    ['b', 6 * day],
  ] as const) {
    writeFileSync(join(downloads, `${name.repeat(64)}.part`), 'x');
    utimesSync(join(downloads, `${name.repeat(64)}.part`), (now - ageMs) / 1000, (now - ageMs) / 1000);
  }
  const { bytes } = pack('x');
  expect(await open(source(bytes).fetchPackage).services()).toEqual([]);
  expect(readdirSync(downloads)).toEqual([`${'b'.repeat(64)}.part`]);
});

test('of a service without any release nothing is left', async () => {
  const { bytes, release } = pack('x');
  const store = open(source(bytes).fetchPackage);
  const { directory } = await store.prepare('web', release);
  expect(await store.services()).toEqual(['web']);
  await store.prune('web', new Set([directory]), 0);
  expect(await store.services()).toEqual(['web']);
  await store.prune('web', new Set(), 0);
  expect(await store.services()).toEqual([]);
  expect(await store.prepare('web', release)).toMatchObject({ alreadyThere: false });
});
