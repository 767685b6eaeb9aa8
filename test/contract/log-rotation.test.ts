import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type LogPosition,
  type LogReadRequest,
  type LogReadResult,
  logReadRequestSchema,
} from '../../common/domain/log.ts';
import { parseMark } from '../../common/domain/log-mark.ts';
import { english } from '../../common/domain/said.ts';
import { archiveFile } from '../../node/log/archive-format.ts';
import { prepareCut } from '../../node/log/collapse-range.ts';
import { createLogStore, type LogStoreOptions } from '../../node/log/create-log-store.ts';
import { loadLineage, readDigest, saveLineage } from '../../node/log/lineage.ts';
import type { LogStore } from '../../node/log/log-store.ts';
import type { LogEvent } from '../../node/log/rotator.ts';
import { writeArchive } from '../../node/log/write-archive.ts';
import { waitFor } from '../support/wait-for.ts';

const FLOOD = fileURLToPath(new URL('support/flood.mjs', import.meta.url));
const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

let base: string;
let root: string;
let stdout: string;
let now: number;
let events: LogEvent[];
const children: ChildProcess[] = [];
const opened: LogStore[] = [];
const mounts: string[] = [];

const open = (rotation: Partial<LogStoreOptions['rotation'] & object> = {}): LogStore => {
  const store = createLogStore({
    root,
    clock: () => now,
    checkIntervalMs: 2,
    onEvent: (event) => events.push(event),
    rotation: { maxFileBytes: 1e12, maxAgeMs: 1e12, maxTotalBytes: 1e12, ...rotation },
  });
  opened.push(store);
  return store;
};

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sgrid-rotation-'));
  root = join(base, 'logs');
  stdout = join(root, '1', 'stdout.log');
  now = Date.UTC(2026, 0, 1);
  events = [];
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(opened.splice(0).map((each) => each.close()));
  for (const mount of mounts.splice(0)) execFileSync('umount', ['-l', mount]);
  rmSync(base, { recursive: true, force: true });
});

const mountTmpfs = (size: string): boolean => {
  mkdirSync(root, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', root], { stdio: 'ignore' });
    mounts.push(root);
    return true;
  } catch {
    return false;
  }
};

/** A file system of its own that can cut, in a file; false without the right or the tools. */
const mountExt4 = (mib: number): boolean => {
  mkdirSync(root, { recursive: true });
  const image = join(base, 'disk.ext4');
  try {
    execFileSync('truncate', ['-s', `${mib}M`, image]);
    execFileSync('mkfs.ext4', ['-q', '-F', '-O', '^has_journal', '-m', '0', image], { stdio: 'ignore' });
    execFileSync('mount', ['-o', 'loop', image, root], { stdio: 'ignore' });
    mounts.push(root);
    return true;
  } catch {
    return false;
  }
};

const EXT4 = 0xef53;
const XFS = 0x58465342;
const canCollapse = (): boolean => [EXT4, XFS].includes(statfsSync(tmpdir()).type);

/** Numbered lines from a process of its own, until it is told to stop. */
function flood(): { stop(): Promise<number> } {
  const child = spawn(process.execPath, [FLOOD, stdout], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return {
    async stop() {
      child.stdin?.end();
      const [output] = (await once(child.stdout ?? child, 'data')) as [Buffer];
      return (JSON.parse(output.toString()) as { lines: number }).lines;
    },
  };
}

const request = (over: Partial<LogReadRequest>): LogReadRequest =>
  logReadRequestSchema.parse({ instanceId: 1, from: 'head', maxBytes: MIB, ...over });

/** All that is to be had from a position on, in order, and that nothing was said to be lost. */
async function readAll(
  store: LogStore,
  from: LogReadRequest['from'] = 'head',
  maxBytes = MIB,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (let at = from; ; ) {
    const result: LogReadResult = await store.read(request({ from: at, maxBytes }));
    expect(result.lostBytes).toBe(0);
    if (typeof at === 'object') expect(result.start).toEqual(at);
    if (result.data.length === 0) return Buffer.concat(chunks);
    chunks.push(result.data);
    at = result.end;
  }
}

async function readBackward(store: LogStore, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (let at: LogReadRequest['from'] = 'tail'; ; ) {
    const result: LogReadResult = await store.read(request({ from: at, maxBytes, direction: 'backward' }));
    if (result.data.length === 0) return Buffer.concat(chunks.reverse());
    chunks.push(result.data);
    at = result.start;
  }
}

/** Fails at the first number that is missing, repeated or out of order. */
function expectNumbered(content: Buffer, lines: number): void {
  let expected = 1;
  for (const line of content.toString().split('\n')) {
    if (line === '' || parseMark(line) !== null) continue;
    if (!line.startsWith(`${expected} `)) expect(line.slice(0, 100)).toBe(`${expected} …`);
    expected += 1;
  }
  expect(expected - 1).toBe(lines);
}

const numbered = (from: number, to: number): string => {
  let text = '';
  for (let line = from; line <= to; line += 1) text += `${line} a line that is here exactly once\n`;
  return text;
};
const archives = (): string[] =>
  readdirSync(join(root, '1'))
    .filter((name) => /\d{16}-\d{16}/.test(name))
    .sort();
const rotations = (): number => events.filter(({ kind }) => kind === 'rotated').length;
const rotated = (count: number) => waitFor(`${count} rotations`, () => rotations() >= count);

describe.skipIf(!canCollapse())('where heads can be cut off (ext4, XFS)', () => {
  test('a flood of numbered lines through 20 rotations and more: none is lost, none comes twice', async () => {
    const store = open({ maxFileBytes: 256 * 1024 });
    await store.prepare(1);
    const { stop } = flood();
    const ending = rotated(22).then(stop);
    let lines: number | null = null;
    void ending.then((count) => {
      lines = count;
    });
    const chunks: Uint8Array[] = [];
    for (let at: LogReadRequest['from'] = 'head'; ; ) {
      const isOver = lines !== null;
      const result: LogReadResult = await store.read(request({ from: at, waitMs: 100 }));
      expect(result.lostBytes).toBe(0);
      if (typeof at === 'object') expect(result.start).toEqual(at);
      if (result.data.length === 0 && isOver) break;
      chunks.push(result.data);
      at = result.end;
    }
    expect(events.every(({ kind }) => kind === 'rotated')).toBe(true);
    const followed = Buffer.concat(chunks);
    expectNumbered(followed, await ending);
    expect((await readAll(store, 'head', 77_777)).equals(followed)).toBe(true);
    expect((await readBackward(store, 99_991)).equals(followed)).toBe(true);
    await store.close();
    expect((await readAll(open())).equals(followed)).toBe(true);
    const zcat = execFileSync('sh', ['-c', 'zcat *.gz; cat stdout.log'], {
      cwd: join(root, '1'),
      maxBuffer: 1e9,
    });
    expect(zcat.equals(followed)).toBe(true);
  });

  test('positions of before a rotation stay good, in either direction', async () => {
    const store = open({ maxFileBytes: 64 * 1024 });
    await store.prepare(1);
    const text = numbered(1, 1000);
    appendFileSync(stdout, text);
    const { end } = await store.read(request({ maxBytes: 5000 }));
    appendFileSync(stdout, numbered(1001, 3000));
    await rotated(1);
    expect(archives().length).toBe(1);
    const before = await store.read(request({ from: end, direction: 'backward', maxBytes: 5000 }));
    expect(Buffer.from(before.data).toString()).toBe(text.slice(0, 5000));
    expect((await readAll(store, end)).toString().startsWith(text.slice(5000))).toBe(true);
    expectNumbered(await readAll(store), 3000);
  });

  test('whoever waits at the end is not woken by a rotation, and gets what comes next', async () => {
    const store = open({ maxFileBytes: 64 * 1024 });
    await store.prepare(1);
    appendFileSync(stdout, numbered(1, 1500));
    const { end } = await store.read(request({ from: 'tail', direction: 'backward', maxBytes: 1 }));
    const waiting = store.read(request({ from: end, waitMs: 30_000 }));
    appendFileSync(stdout, numbered(1501, 3000));
    await rotated(1);
    const result = await waiting;
    expect(result.start).toEqual(end);
    expect(Buffer.from(result.data).toString().startsWith('1501 ')).toBe(true);
    const tail = await store.read(request({ from: 'tail', direction: 'backward', maxBytes: 1 }));
    const later = store.read(request({ from: tail.end, waitMs: 30_000 }));
    appendFileSync(stdout, 'news');
    expect(Buffer.from((await later).data).toString()).toBe('news');
  });

  test('a log that repeats itself is rotated too, with a mark as the witness', async () => {
    const store = open({ maxFileBytes: 64 * 1024 });
    await store.prepare(1);
    appendFileSync(stdout, 'yes\n'.repeat(50_000));
    await rotated(1);
    const lines = (await readAll(store)).toString().split('\n');
    expect(lines.filter((line) => line === 'yes').length).toBe(50_000);
    expect(lines.filter((line) => parseMark(line)?.text === 'rotated').length).toBe(1);
  });

  test('an old file is rotated, however small the rest; a quiet one stays', async () => {
    const store = open({ maxAgeMs: 24 * HOUR_MS });
    await store.prepare(1);
    appendFileSync(stdout, numbered(1, 1000));
    const quiet = (await store.prepare(2)).stdoutFile;
    appendFileSync(quiet, 'all that it said\n');
    await readAll(store);
    now += 24 * HOUR_MS - 1;
    for (let round = 0; round < 3; round += 1) await store.read(request({ from: 'tail', waitMs: 5 }));
    expect(archives()).toEqual([]);
    now += 1;
    await rotated(1);
    expect(rotations()).toBe(1);
    expectNumbered(await readAll(store), 1000);
    expect(readFileSync(quiet, 'utf8')).toBe('all that it said\n');
    // Counted anew from then.
    appendFileSync(stdout, numbered(1001, 2000));
    now += 24 * HOUR_MS;
    await rotated(2);
    expectNumbered(await readAll(store), 2000);
  });

  test('beyond the cap the oldest archives go, and positions in them say how much is lost', async () => {
    const store = open({ maxFileBytes: 256 * 1024, maxTotalBytes: 500_000 });
    await store.prepare(1);
    appendFileSync(stdout, numbered(1, 100));
    const first = await store.read(request({ maxBytes: 1000 }));
    const { stop } = flood();
    await waitFor('removals', () => events.some(({ message }) => english(message).includes('removed')));
    await stop();
    await waitFor('a small file', () => statSync(stdout).size < 256 * 1024);
    const result = await store.read(request({ from: first.end }));
    expect(result.lostBytes).toBeGreaterThan(0);
    expect(result.start.offset).toBe(first.end.offset + result.lostBytes);
    expect(result.headOffset).toBe(result.start.offset);
    const kept = archives().map((name) => statSync(join(root, '1', name)).size);
    expect(kept.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(500_000);
    expect(kept.length).toBeGreaterThan(0);
  });

  test('an archive that is gone or damaged is a gap: told, and stepped over', async () => {
    const store = open({ maxFileBytes: 64 * 1024 });
    await store.prepare(1);
    for (let round = 0; round < 4; round += 1) {
      appendFileSync(stdout, numbered(round * 3000 + 1, (round + 1) * 3000));
      await rotated(round + 1);
    }
    const whole = await readAll(store);
    const [, second = '', third = ''] = archives();
    const [start = 0, end = 0] = second.match(/\d{16}/g)?.map(Number) ?? [];
    const thirdEnd = Number(third.match(/\d{16}/g)?.[1]);
    await store.close();
    rmSync(join(root, '1', second));
    truncateSync(join(root, '1', third), 1000);
    const again = open();
    const lineage = (await again.read(request({}))).start.lineage;
    const at = (offset: number): LogPosition => ({ lineage, offset });
    const skipped = await again.read(request({ from: at(start) }));
    expect(skipped.lostBytes + skipped.start.offset - skipped.lostBytes).toBe(thirdEnd);
    expect(skipped.lostBytes).toBe(thirdEnd - start);
    expect(whole.subarray(thirdEnd, thirdEnd + 50).equals(Buffer.from(skipped.data).subarray(0, 50))).toBe(
      true,
    );
    const back = await again.read(request({ from: at(end), direction: 'backward', maxBytes: 50 }));
    expect(back.end.offset).toBe(start);
    expect(back.lostBytes).toBe(end - start);
    expect(whole.subarray(start - 50, start).equals(Buffer.from(back.data))).toBe(true);
  });

  test('a log that somebody emptied keeps its archives, and its readers go on behind them', async () => {
    const store = open({ maxFileBytes: 64 * 1024 });
    await store.prepare(1);
    appendFileSync(stdout, numbered(1, 3000));
    await rotated(1);
    const { end } = await store.read(request({ from: 'tail', direction: 'backward', maxBytes: 1 }));
    truncateSync(stdout, 0);
    const after = await store.read(request({ from: end }));
    expect(after.start.lineage).not.toBe(end.lineage);
    appendFileSync(stdout, 'new');
    expect(Buffer.from((await store.read(request({ from: after.end }))).data).toString()).toBe('new');
    const all = (await readAll(store)).toString();
    expect(all.startsWith('1 a line')).toBe(true);
    expect(all.endsWith('new')).toBe(true);
  });

  test('without a sidecar the archives are still there', async () => {
    let store = open({ maxFileBytes: 64 * 1024 });
    await store.prepare(1);
    appendFileSync(stdout, numbered(1, 3000));
    await rotated(1);
    await store.close();
    rmSync(`${stdout}.lineage`);
    store = open();
    expectNumbered(await readAll(store), 3000);
  });

  test('what an agent that was killed had begun is removed', async () => {
    const store = open({ maxFileBytes: 64 * 1024 });
    await store.prepare(1);
    appendFileSync(stdout, numbered(1, 3000));
    await rotated(1);
    await store.close();
    const [name = ''] = archives();
    const end = name.match(/\d{16}/g)?.[1] ?? '';
    const begun = join(root, '1', `stdout.log.${end}-${String(Number(end) + 4096).padStart(16, '0')}.gz`);
    writeFileSync(begun, 'half');
    expectNumbered(await readAll(open()), 3000);
    expect(existsSync(begun)).toBe(false);
  });

  test('whoever takes over waits for the one who still cuts', async () => {
    const first = open();
    await first.prepare(1);
    appendFileSync(stdout, numbered(1, 3000));
    await readAll(first);
    await first.close();
    const lineage = loadLineage(`${stdout}.lineage`);
    const handle = await openFile(stdout, 'r+');
    try {
      const cutBytes = 64 * 1024;
      const archive = { startOffset: 0, endOffset: cutBytes };
      const source = {
        read: async (buffer: Uint8Array, position: number) =>
          (await handle.read(buffer, 0, buffer.length, position)).bytesRead,
      };
      const path = archiveFile(stdout, { ...archive, isCompressed: true });
      await writeArchive(path, source, cutBytes, new AbortController().signal);
      const cutter = prepareCut(handle.fd, cutBytes);
      const witness = {
        position: 0,
        before: readDigest(handle.fd, 0, 4096),
        after: readDigest(handle.fd, cutBytes, 4096),
      };
      if (lineage === null) throw new Error('no lineage');
      const pending = { method: 'collapse' as const, archive, witness, cutter: cutter.identity, at: now };
      saveLineage(`${stdout}.lineage`, { ...lineage, pending });
      const store = open();
      const reading = readAll(store);
      await store.prepare(2);
      await store.read(request({ instanceId: 2 }));
      await cutter.go();
      expectNumbered(await reading, 3000);
      expectNumbered(await readAll(store), 3000);
    } finally {
      await handle.close();
    }
  });

  test('a service has limits of its own', async () => {
    const store = open();
    await store.prepare(1);
    store.configure(1, { rotation: { maxFileMiB: 1, maxAgeHours: 1, maxTotalMiB: 10 }, logPaths: [] });
    appendFileSync(stdout, numbered(1, 40_000));
    await rotated(1);
    expectNumbered(await readAll(store), 40_000);
  });
});

test('a log that grew far over its size, on a disk with too little room for all of it at once, goes in pieces', async ({
  skip,
}) => {
  if (!mountExt4(24)) skip('no right to mount, or no mkfs.ext4');
  const store = open({ maxFileBytes: 256 * 1024 });
  await store.prepare(1);
  // Random, so that an archive is not much smaller than what it holds.
  const lines = Array.from({ length: 9000 }, (_, at) => `${at + 1} ${randomBytes(750).toString('base64')}\n`);
  const content = lines.join('');
  const { bavail, bsize } = statfsSync(root);
  writeFileSync(join(root, 'ballast'), Buffer.alloc(bavail * bsize - content.length - 1_500_000));
  writeFileSync(stdout, content);
  await waitFor('a live file within its size', () => statSync(stdout).size < 256 * 1024);
  expect(events.filter(({ kind }) => kind === 'failed')).toEqual([]);
  expect(events.length).toBeGreaterThan(5);
  expectNumbered(await readAll(store), 9000);
});

describe('where they cannot (tmpfs)', () => {
  test('the file is emptied, the log says so, and nothing written before is lost', async ({ skip }) => {
    if (!mountTmpfs('64m')) skip('no right to mount');
    const store = open({ maxFileBytes: 64 * 1024 });
    await store.prepare(1);
    for (let round = 0; round < 5; round += 1) {
      appendFileSync(stdout, numbered(round * 3000 + 1, (round + 1) * 3000));
      await waitFor('rotation', () => events.length > round);
    }
    expect(events.every(({ kind }) => kind === 'truncated')).toBe(true);
    const content = await readAll(store);
    expectNumbered(content, 15_000);
    const marks = content
      .toString()
      .split('\n')
      .filter((line) => parseMark(line)?.text.includes('may be lost'));
    expect(marks.length).toBe(5);
    expect((await readBackward(store, 9999)).equals(content)).toBe(true);
    await store.close();
    expect((await readAll(open())).equals(content)).toBe(true);
  });

  test('what comes while it is being archived is kept; at most the moment of the cut is missing', async ({
    skip,
  }) => {
    if (!mountTmpfs('400m')) skip('no right to mount');
    const store = open({ maxFileBytes: 256 * 1024 });
    await store.prepare(1);
    const { stop } = flood();
    await waitFor('rotations', () => events.length >= 5 && archives().some((name) => !name.endsWith('.gz')));
    const lines = await stop();
    const numbers = (await readAll(store))
      .toString()
      .split('\n')
      .filter((line) => line !== '' && parseMark(line) === null)
      .map((line) => Number.parseInt(line, 10));
    const missing = lines - new Set(numbers).size;
    // One write at a rotation is what a cut can hit.
    expect(missing).toBeLessThanOrEqual(events.length * 98);
  });

  test('a full disk: nothing is lost, it is told once, and goes on when there is space', async ({ skip }) => {
    if (!mountTmpfs('2m')) skip('no right to mount');
    const store = open({ maxFileBytes: 64 * 1024 });
    await store.prepare(1);
    const ballast = join(root, 'ballast');
    let size = 1024 * 1024;
    writeFileSync(ballast, '');
    appendFileSync(stdout, 'x'.repeat(60_000));
    for (; size >= 512; size /= 2) {
      try {
        for (;;) appendFileSync(ballast, Buffer.alloc(size));
      } catch {}
    }
    // What the program writes is a matter between it and the disk.
    try {
      for (;;) appendFileSync(stdout, Buffer.alloc(100, 'y'));
    } catch {}
    now += 1e13;
    await waitFor('trouble', () => events.length > 0);
    expect(events.map((event) => ({ ...event, message: english(event.message) }))).toEqual([
      { instanceId: 1, kind: 'failed', message: expect.stringContaining('no space') },
    ]);
    const before = await readAll(store);
    expect(before.length).toBeGreaterThanOrEqual(60_000);
    now += 100_000;
    for (let round = 0; round < 5; round += 1) await store.read(request({ from: 'tail', waitMs: 5 }));
    expect(events.length).toBe(1);
    rmSync(ballast);
    now += 100_000;
    await waitFor('rotation', () => events.length > 1);
    expect(events[1]?.kind).toBe('truncated');
    const after = await readAll(store);
    expect(after.subarray(0, before.length).equals(before)).toBe(true);
  });
});
