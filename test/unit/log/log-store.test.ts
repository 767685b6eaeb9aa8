import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type LogReadRequest,
  type LogReadResult,
  logReadRequestSchema,
  logReadResultSchema,
} from '../../../common/domain/log.ts';
import { parseMark } from '../../../common/domain/log-mark.ts';
import { createLogStore } from '../../../node/log/create-log-store.ts';
import type { LogStore } from '../../../node/log/log-store.ts';

const WRITER = fileURLToPath(new URL('writer.mjs', import.meta.url));

let base: string;
let root: string;
let store: LogStore;
let stdout: string;
const children: ChildProcess[] = [];
const opened: LogStore[] = [];

const open = (maxOpenFiles?: number): LogStore => {
  const made = createLogStore({
    root,
    clock: () => Date.UTC(2026, 0, 1),
    ...(maxOpenFiles === undefined ? {} : { maxOpenFiles }),
  });
  opened.push(made);
  return made;
};

beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'sgrid-log-'));
  root = join(base, 'logs');
  store = open();
  stdout = (await store.prepare(1)).stdoutFile;
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(opened.splice(0).map((each) => each.close()));
  rmSync(base, { recursive: true, force: true });
});

const read = (over: Partial<LogReadRequest> = {}, signal?: AbortSignal, from = store) =>
  from.read(logReadRequestSchema.parse({ instanceId: 1, from: 'head', ...over }), signal);
const text = (result: LogReadResult) => Buffer.from(result.data).toString();

function write(bytes: number): ChildProcess {
  const child = spawn(process.execPath, [WRITER, stdout, String(bytes)], { stdio: 'inherit' });
  children.push(child);
  return child;
}

async function readOn(from: LogReadRequest['from'], until: number, maxBytes = 10_007): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let at = from;
  for (let received = 0; received < until; ) {
    const result = await read({ from: at, maxBytes, waitMs: 5000 });
    if (typeof at === 'object') expect(result.start).toEqual(at);
    expect(result.lostBytes).toBe(0);
    received += result.data.length;
    chunks.push(result.data);
    at = result.end;
  }
  return Buffer.concat(chunks);
}

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('the logs of an instance are closed to other users', () => {
  expect(statSync(join(root, '1')).mode & 0o777).toBe(0o750);
});

describe('reading', () => {
  test('from head, tail and positions, in both directions, as the schema says', async () => {
    appendFileSync(stdout, 'one\ntwo\nthree\n');
    const head = await read({ maxBytes: 4 });
    expect(logReadResultSchema.safeParse(head).success).toBe(true);
    expect(text(head)).toBe('one\n');
    expect(head).toMatchObject({ headOffset: 0, tailOffset: 14, lostBytes: 0 });
    expect(text(await read({ from: head.end }))).toBe('two\nthree\n');
    expect(text(await read({ from: 'tail' }))).toBe('');
    const back = await read({ from: 'tail', direction: 'backward', maxBytes: 6 });
    expect(text(back)).toBe('three\n');
    expect(back.end.offset).toBe(14);
    expect(text(await read({ from: back.start, direction: 'backward', maxBytes: 100 }))).toBe('one\ntwo\n');
    expect(text(await read({ from: head.start, direction: 'backward', waitMs: 30_000 }))).toBe('');
  });

  test('no byte is lost or repeated while a program appends, and backward meets forward', async () => {
    const total = 2_000_000;
    const child = write(total);
    const exited = once(child, 'exit');
    const forward = await readOn('head', total);
    expect(await exited).toEqual([0, null]);
    expect(forward.length).toBe(total);
    expect(sha(forward)).toBe(sha(readFileSync(stdout)));
    const chunks: Uint8Array[] = [];
    let at: LogReadRequest['from'] = 'tail';
    for (;;) {
      const result: LogReadResult = await read({ from: at, direction: 'backward', maxBytes: 99_991 });
      if (result.data.length === 0) break;
      chunks.unshift(result.data);
      at = result.start;
    }
    expect(sha(Buffer.concat(chunks))).toBe(sha(forward));
  });

  test('a position survives the store, with as few as one file open at a time', async () => {
    appendFileSync(stdout, `${'first line of the log, long enough for a fingerprint'.padEnd(80, '.')}\n`);
    const before = await read({ maxBytes: 10 });
    await store.close();
    store = open(1);
    const other = (await store.prepare(2)).stdoutFile;
    appendFileSync(other, 'other');
    for (let round = 0; round < 3; round += 1) {
      const after = await read({ from: before.end });
      expect(after.start).toEqual(before.end);
      expect(after).toMatchObject({ lostBytes: 0, tailOffset: 81 });
      expect(text(await read({ instanceId: 2 }))).toBe('other');
    }
  });

  test('preparing again cuts nothing off', async () => {
    appendFileSync(stdout, 'kept');
    const { lineage } = (await read()).end;
    await store.prepare(1);
    await open().prepare(1);
    expect(text(await read())).toBe('kept');
    expect((await read()).end.lineage).toBe(lineage);
  });

  test('what is not there is told', async () => {
    await expect(read({ instanceId: 9 })).rejects.toMatchObject({ code: 'not_found' });
    await expect(read({ file: '../stdout' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(store.files(9)).rejects.toMatchObject({ code: 'not_found' });
    await expect(store.mark(9, 'x')).rejects.toMatchObject({ code: 'not_found' });
    expect(existsSync(join(root, '9'))).toBe(false);
    rmSync(join(root, '1'), { recursive: true });
    await expect(read()).rejects.toMatchObject({ code: 'not_found' });
  });

  test('a link or a pipe in place of the log is neither followed nor waited for', async () => {
    writeFileSync(join(base, 'secret'), 'secret');
    rmSync(stdout);
    symlinkSync(join(base, 'secret'), stdout);
    await expect(read()).rejects.toMatchObject({ code: 'conflict' });
    await expect(store.mark(1, 'x')).rejects.toThrow();
    rmSync(stdout);
    execFileSync('mkfifo', [stdout]);
    await expect(read()).rejects.toMatchObject({ code: 'conflict' });
    expect(readFileSync(join(base, 'secret'), 'utf8')).toBe('secret');
  });

  test('files are listed with their size', async () => {
    appendFileSync(stdout, 'abc');
    expect(await store.files(1)).toEqual([{ name: 'stdout', sizeBytes: 3, modifiedAt: expect.any(Number) }]);
  });
});

describe('waiting', () => {
  test('answers when something is written, to every waiter', async () => {
    const waiting = [1, 2, 3].map(() => read({ from: 'tail', waitMs: 30_000 }));
    appendFileSync(stdout, 'news');
    expect((await Promise.all(waiting)).map(text)).toEqual(['news', 'news', 'news']);
  });

  test('"tail" is where the log ended when it was asked for', async () => {
    appendFileSync(stdout, 'before');
    const waiting = read({ from: 'tail', waitMs: 30_000 });
    appendFileSync(stdout, 'a');
    const result = await waiting;
    expect(result.start.offset).toBe(6);
    expect(text(result)).toBe('a');
  });

  test('a change that brings no bytes does not end the wait', async () => {
    const waiting = read({ from: 'tail', waitMs: 30_000 });
    const told = Promise.withResolvers<void>();
    const watcher = watch(stdout, () => told.resolve());
    chmodSync(stdout, 0o600);
    await told.promise;
    watcher.close();
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    appendFileSync(stdout, 'news');
    expect(text(await waiting)).toBe('news');
  });

  test('answers empty when the time is over, and the position stays good', async () => {
    const empty = await read({ from: 'tail', waitMs: 5 });
    expect(empty.data.length).toBe(0);
    appendFileSync(stdout, 'later');
    expect(text(await read({ from: empty.end }))).toBe('later');
  });

  test('ends with `cancelled` by the signal, also one that is aborted already', async () => {
    const controller = new AbortController();
    const waiting = read({ from: 'tail', waitMs: 30_000 }, controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    await expect(read({}, controller.signal)).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('ends with `cancelled` when the store closes', async () => {
    const waiting = read({ from: 'tail', waitMs: 30_000 });
    const settled = expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    await store.close();
    await settled;
    await expect(read()).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('a deleted log ends the wait with the new lineage', async () => {
    appendFileSync(stdout, 'x'.repeat(100));
    const { end } = await read();
    const waiting = read({ from: end, waitMs: 30_000 });
    rmSync(stdout);
    const result = await waiting;
    expect(result.start.lineage).not.toBe(end.lineage);
    expect(result.data.length).toBe(0);
    const more = read({ from: result.end, waitMs: 30_000 });
    appendFileSync(stdout, 'again');
    expect(text(await more)).toBe('again');
  });
});

describe('a log that somebody tampered with begins a new lineage', () => {
  const LINE = 'a line that is quite a bit longer than the sixty-four bytes of a fingerprint\n';

  test('emptied in place', async () => {
    appendFileSync(stdout, LINE.repeat(2));
    const { end } = await read({ maxBytes: LINE.length });
    await read({ from: 'tail' });
    truncateSync(stdout, 0);
    const after = await read({ from: end });
    expect(after.start).toEqual({ lineage: expect.any(String), offset: 0 });
    expect(after.start.lineage).not.toBe(end.lineage);
    expect(after.lostBytes).toBe(LINE.length);
    appendFileSync(stdout, 'new');
    expect(text(await read({ from: after.end }))).toBe('new');
    expect((await read({ from: after.end })).lostBytes).toBe(0);
  });

  test.each(['deleted', 'moved away'])('%s and made again by the next start', async (how) => {
    appendFileSync(stdout, LINE);
    const { end } = await read();
    if (how === 'deleted') rmSync(stdout);
    else renameSync(stdout, `${stdout}.old`);
    await store.prepare(1);
    appendFileSync(stdout, `${LINE.toUpperCase().repeat(3)}`);
    const after = await read({ from: end });
    expect(after.start.lineage).not.toBe(end.lineage);
    expect(after.start.offset).toBe(0);
    expect(after.data.length).toBe(LINE.length * 3);
  });

  test('replaced while no agent ran, by a longer one', async () => {
    appendFileSync(stdout, LINE);
    const { end } = await read();
    await store.close();
    rmSync(stdout);
    writeFileSync(stdout, LINE.toUpperCase().repeat(3));
    store = open();
    const after = await read({ from: end });
    expect(after.start.lineage).not.toBe(end.lineage);
    expect(after.start.offset).toBe(0);
  });

  test('emptied while no agent ran', async () => {
    appendFileSync(stdout, LINE);
    const { end } = await read();
    await store.close();
    truncateSync(stdout, 0);
    store = open();
    expect((await read({ from: end })).start.lineage).not.toBe(end.lineage);
  });

  test('without its sidecar, or with a broken one', async () => {
    appendFileSync(stdout, LINE);
    const { end } = await read();
    await store.close();
    writeFileSync(`${stdout}.lineage`, '{');
    store = open();
    expect((await read({ from: end })).start.lineage).not.toBe(end.lineage);
  });

  test('a position behind the end does not: it goes on at the end', async () => {
    appendFileSync(stdout, LINE);
    const { end } = await read();
    const made = await read({ from: { ...end, offset: 1_000_000 }, waitMs: 30_000 });
    expect(made.start).toEqual(end);
    expect((await read({ from: end })).start).toEqual(end);
  });
});

describe('on a full disk', () => {
  let mounted = false;
  beforeEach(async () => {
    await store.close();
    rmSync(root, { recursive: true });
    mkdirSync(root);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', root], { stdio: 'ignore' });
      mounted = true;
    } catch {
      mounted = false;
    }
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
    if (mounted) execFileSync('umount', ['-l', root]);
  });

  test('the log is still readable, and a mark says that there is no space', async ({ skip }) => {
    if (!mounted) skip('no right to mount');
    store = open();
    stdout = (await store.prepare(1)).stdoutFile;
    expect(() => {
      for (;;) appendFileSync(stdout, 'x'.repeat(1000));
    }).toThrow('ENOSPC');
    const result = await read({ maxBytes: 1_000_000 });
    expect(result.data.length).toBeGreaterThan(10_000);
    expect(text(await read({ from: result.start, maxBytes: 3 }))).toBe('xxx');
    await expect(store.mark(1, 'x')).rejects.toMatchObject({ code: 'no_space' });
  });
});

describe('marks', () => {
  test('stand on a line of their own, with the time', async () => {
    await store.mark(1, 'started run 1');
    appendFileSync(stdout, 'whole line\n');
    await store.mark(1, 'exited');
    appendFileSync(stdout, 'half a li');
    await store.mark(1, 'started run 2\nnot a second line');
    const lines = text(await read()).split('\n');
    expect(lines.length).toBe(6);
    expect(lines.at(-1)).toBe('');
    expect(lines.map((line) => parseMark(line)?.text ?? line).slice(0, 5)).toEqual([
      'started run 1',
      'whole line',
      'exited',
      'half a li',
      'started run 2 not a second line',
    ]);
    expect(parseMark(lines[0] ?? '')?.at).toBe(Date.UTC(2026, 0, 1));
  });
});
