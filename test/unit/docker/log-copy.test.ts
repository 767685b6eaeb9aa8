import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createContainerEngine } from '../../../node/docker/engine.ts';
import { copyLog } from '../../../node/docker/log-copy.ts';
import { createLineReader } from '../../../node/docker/log-lines.ts';
import {
  advance,
  createMatcher,
  createSkipper,
  type StreamPosition,
  sinceOf,
} from '../../../node/docker/log-position.ts';
import { createLogStore } from '../../../node/log/create-log-store.ts';
import type { LogStore } from '../../../node/log/log-store.ts';
import { fakeDocker } from '../../support/fake-docker.ts';

const at = (second: number, nano = 0): string =>
  `2026-11-22T10:41:${String(second).padStart(2, '0')}.${String(nano).padStart(9, '0')}Z`;
const text = (lines: readonly { text: Buffer }[]): string[] => lines.map((line) => line.text.toString());

describe('lines', () => {
  test('come whole, however they are cut on the way, bytes as they are', () => {
    const raw = Buffer.from(`${at(1)} one\n${at(2)} \xff\xfe\n${at(3)} last`, 'latin1');
    for (let cut = 1; cut < raw.length; cut += 1) {
      const reader = createLineReader();
      const lines = [
        ...reader.push(raw.subarray(0, cut)),
        ...reader.push(raw.subarray(cut)),
        ...reader.end(),
      ];
      expect(lines.map((line) => [line.at, line.text.toString('latin1')])).toEqual([
        [at(1), 'one\n'],
        [at(2), '\xff\xfe\n'],
        [at(3), 'last'],
      ]);
    }
  });
  test('stamps between the messages of a long line are taken out, what only looks like one stays', () => {
    const part = 'x'.repeat(16_384);
    const reader = createLineReader();
    const long = `${at(1)} ${part}${at(1)} ${part}${at(1)} end\n`;
    expect(text(reader.push(Buffer.from(long)))).toEqual([`${part}${part}end\n`]);
    const odd = `${at(1)} said ${at(1)} twice\n`;
    expect(text(reader.push(Buffer.from(odd)))).toEqual([`said ${at(1)} twice\n`]);
  });
  test('one without an end is passed on in pieces, the same ones each time', () => {
    const message = `${at(1)} ${'x'.repeat(16_384)}`;
    const reader = createLineReader();
    const pieces = reader.push(Buffer.from(message.repeat(130)));
    expect(pieces.map((piece) => [piece.at, piece.text.length])).toEqual([
      [at(1), 64 * 16_384],
      [at(1), 64 * 16_384],
    ]);
    expect(reader.end()[0]?.text.length).toBe(2 * 16_384);
  });
});

describe('position', () => {
  const line = (stamp: string, content = '') => ({ at: stamp, text: Buffer.from(content) });

  test('what was taken over is passed over once, and then nothing, whatever the clock does', () => {
    let position: StreamPosition | null = null;
    for (const stamp of [at(1), at(2), at(2)]) position = advance(position, line(stamp));
    expect(position).toEqual({ at: at(2), count: 2 });
    const skip = createSkipper(position);
    const stamps = [at(1), at(2), at(2), at(2), at(3), at(1)];
    expect(stamps.map((stamp) => skip(line(stamp)))).toEqual([true, true, true, false, false, false]);
    expect(createSkipper(null)(line(at(0)))).toBe(false);
  });
  test('reading goes on at the earlier stream, but not long before the later one', () => {
    const of = (stamp: string) => ({ at: stamp, count: 1 });
    expect(sinceOf({ stdout: null, stderr: null })).toBeNull();
    expect(sinceOf({ stdout: of(at(9, 5)), stderr: of(at(10)) })).toBe(at(9, 5));
    expect(sinceOf({ stdout: of(at(1)), stderr: of(at(30)) })).toBe(at(25));
    expect(sinceOf({ stdout: of(at(30)), stderr: null })).toBe(at(25));
  });
  test('what was written behind the position is not written again, and what was torn is finished', () => {
    const match = createMatcher(Buffer.from('--- sgrid mark\na\nb\na\ntor'));
    const of = (content: string): string | null => match(Buffer.from(content))?.toString() ?? null;
    expect(['b\n', 'a\n', 'a\n', 'torn\n', 'a\n', 'torn\n'].map(of)).toEqual([
      null,
      null,
      null,
      'n\n',
      'a\n',
      'torn\n',
    ]);
  });
});

describe('taking over', () => {
  let directory: string;
  let logStore: LogStore;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sgrid-copy-'));
    logStore = createLogStore({ root: join(directory, 'logs'), clock: Date.now });
  });
  afterEach(async () => {
    await logStore.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const positionFile = () => join(directory, 'position.json');
  const log = () => readFileSync(join(directory, 'logs/1/stdout.log'), 'utf8');
  /** Plays an engine that has these lines, and gives those from `--since` on, of both streams at one time. */
  function engineWith(out: readonly [string, string][], err: readonly [string, string][] = []) {
    const put = (name: string, lines: readonly [string, string][]): void =>
      writeFileSync(join(directory, name), lines.map(([stamp, words]) => `${stamp} ${words}\n`).join(''));
    put('out', out);
    put('err', err);
    const { command } = fakeDocker(
      directory,
      `since=; while [ $# -gt 1 ]; do [ "$1" = --since ] && since=$2; shift; done
cd '${directory}'; out=$(awk -v s="$since" '$1 >= s' out); err=$(awk -v s="$since" '$1 >= s' err)
[ -z "$err" ] || printf '%s\\n' "$err" >&2
[ -z "$out" ] || printf '%s\\n' "$out"`,
    );
    return createContainerEngine(command, { warn: () => {} });
  }
  const copy = (engine: ReturnType<typeof engineWith>, id = 'c1', signal = new AbortController().signal) =>
    copyLog(
      { engine, logStore, instanceId: 1, positionFile: positionFile(), logger: { warn: () => {} } },
      id,
      signal,
    );

  test('both streams in the order of their stamps, each line once, however often it is asked', async () => {
    const out: [string, string][] = [
      [at(1), 'a'],
      [at(3), 'c'],
    ];
    const err: [string, string][] = [[at(2), 'b']];
    expect(await copy(engineWith(out, err))).toBe(true);
    expect(await copy(engineWith(out, err))).toBe(true);
    expect(log()).toBe('a\nb\nc\n');
    // The same text with the same stamp is another line.
    await copy(engineWith([...out, [at(3), 'c'], [at(4), 'd']], [...err, [at(3), 'e']]));
    expect(log().slice(6).split('\n').sort()).toEqual(['', 'c', 'd', 'e']);
    await copy(engineWith([[at(1), 'new']]), 'c2');
    expect(log()).toMatch(/\nnew\n$/);
  });

  test('an agent that was killed before it had saved how far it was repeats nothing', async () => {
    const lines = Array.from({ length: 200 }, (_, index): [string, string] => [
      at(index % 60),
      `same ${index % 7}`,
    ]);
    lines.sort((a, b) => (a[0] < b[0] ? -1 : 1));
    await copy(engineWith(lines.slice(0, 50)));
    const saved = readFileSync(positionFile());
    await copy(engineWith(lines.slice(0, 150)));
    await logStore.mark(1, 'something of ours');
    const whole = log();
    for (const left of [saved, readFileSync(positionFile())]) {
      writeFileSync(positionFile(), left);
      await copy(engineWith(lines.slice(0, 150)));
      expect(log()).toBe(whole);
    }
    writeFileSync(positionFile(), saved);
    await copy(engineWith(lines));
    expect(
      log()
        .split('\n')
        .filter((each) => each.startsWith('same')),
    ).toEqual(lines.map(([, words]) => words));
  });

  test('a client that fails says so, and nothing is lost for the next time', async () => {
    const { command } = fakeDocker(directory, `echo '${at(1)} a'; exit 1`);
    const failing = createContainerEngine(command, { warn: () => {} });
    expect(await copy(failing as ReturnType<typeof engineWith>)).toBe(false);
    await copy(
      engineWith([
        [at(1), 'a'],
        [at(2), 'b'],
      ]),
    );
    expect(log()).toBe('a\nb\n');
  });

  test('a position that cannot be read begins anew', async () => {
    writeFileSync(positionFile(), 'broken');
    await copy(engineWith([[at(1), 'a']]));
    expect(log()).toBe('a\n');
  });
});
