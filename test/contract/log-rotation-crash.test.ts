import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type LogReadRequest, type LogReadResult, logReadRequestSchema } from '../../common/domain/log.ts';
import { parseMark } from '../../common/domain/log-mark.ts';
import { createLogStore } from '../../node/log/create-log-store.ts';

const AGENT = fileURLToPath(new URL('support/rotating-agent.ts', import.meta.url));
const EXT4 = 0xef53;
const XFS = 0x58465342;

let base: string;
let isMounted = false;
let bundled: string;
/** In one file, since it is started a hundred times. */
let agent: string;

beforeAll(async () => {
  bundled = mkdtempSync(join(tmpdir(), 'sgrid-rotating-agent-'));
  agent = join(bundled, 'agent.mjs');
  const banner = 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);';
  await build({
    entryPoints: [AGENT],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: agent,
    banner: { js: banner },
    logLevel: 'error',
  });
});
afterAll(() => rmSync(bundled, { recursive: true, force: true }));

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sgrid-rotation-crash-'));
});
afterEach(() => {
  if (isMounted) execFileSync('umount', ['-l', base]);
  isMounted = false;
  rmSync(base, { recursive: true, force: true });
});

/** Runs an agent that is killed at its n-th step; null when it was, else the names of all that it did. */
async function rotate(
  root: string,
  killAt: number,
  when: 'before' | 'after',
  abort: AbortSignal,
): Promise<string[] | null> {
  const child = spawn(process.execPath, [agent, root, String(killAt), when], {
    stdio: ['pipe', 'pipe', 'inherit'],
    signal: abort,
    killSignal: 'SIGKILL',
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal === 'SIGKILL') return null;
  expect(code).toBe(0);
  return JSON.parse(output) as string[];
}

const keepAll = { maxAgeMs: 1e12, maxTotalBytes: 1e12 };

/** As the agent after does. */
async function rotateAgain(root: string, abort: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const store = createLogStore({
    root,
    clock: Date.now,
    checkIntervalMs: 1,
    rotation: { maxFileBytes: 100_000, ...keepAll },
    onEvent: ({ kind }) => resolve(kind),
  });
  const giveUp = (): void => reject(abort.reason);
  abort.addEventListener('abort', giveUp);
  try {
    expect(await promise).not.toBe('failed');
  } finally {
    abort.removeEventListener('abort', giveUp);
    await store.close();
  }
}

/** The program's lines as they are read from the log by an agent that comes after, without our marks. */
async function linesOf(root: string): Promise<string[]> {
  const store = createLogStore({
    root,
    clock: Date.now,
    checkIntervalMs: 1e6,
    rotation: { maxFileBytes: 1e12, ...keepAll },
  });
  try {
    const chunks: Uint8Array[] = [];
    for (let from: LogReadRequest['from'] = 'head'; ; ) {
      const result: LogReadResult = await store.read(
        logReadRequestSchema.parse({ instanceId: 1, from, maxBytes: 1024 * 1024 }),
      );
      expect(result.lostBytes).toBe(0);
      if (result.data.length === 0) break;
      chunks.push(result.data);
      from = result.end;
    }
    const lines = Buffer.concat(chunks).toString().split('\n');
    return lines.filter((line) => line !== '' && parseMark(line) === null);
  } finally {
    await store.close();
  }
}

const CONTENTS = {
  numbered: (lines: number) =>
    Array.from({ length: lines }, (_, line) => `${line} a line that is here exactly once`),
  'the same line for ever': (lines: number) => Array.from({ length: lines }, () => 'y'.repeat(63)),
};

/** One agent that is killed, and one that takes over. */
async function expectNothingLost(
  killAt: number,
  when: 'before' | 'after',
  makeLines: (lines: number) => string[],
  abort: AbortSignal,
): Promise<void> {
  const root = join(base, `${killAt}-${when}`);
  const file = join(root, '1', 'stdout.log');
  const label = `killed ${when} step ${killAt}`;
  const lines = makeLines(5000);
  const later = makeLines(10_000).slice(5000);
  mkdirSync(join(root, '1'), { recursive: true });
  appendFileSync(file, `${lines.join('\n')}\n`);
  // So that there is a lineage to lose.
  expect(await linesOf(root)).toEqual(lines);
  expect([label, await rotate(root, killAt, when, abort)]).toEqual([label, null]);
  appendFileSync(file, 'after the kill\n');
  expect([label, await linesOf(root)]).toEqual([label, [...lines, 'after the kill']]);
  // It must be able to go on from there.
  appendFileSync(file, `${later.join('\n')}\n`);
  await rotateAgain(root, abort);
  expect([label, await linesOf(root)]).toEqual([label, [...lines, 'after the kill', ...later]]);
  const strays = readdirSync(join(root, '1')).filter((name) => !OUR_FILES.test(name));
  expect([label, strays]).toEqual([label, []]);
  rmSync(root, { recursive: true });
}

const OUR_FILES = /^stdout\.log(\.lineage|\.\d{16}-\d{16}(\.gz)?)?$/;

async function expectNothingLostAtAnyStep(
  makeLines: (lines: number) => string[],
  abort: AbortSignal,
): Promise<void> {
  const root = join(base, 'undisturbed');
  mkdirSync(join(root, '1'), { recursive: true });
  appendFileSync(join(root, '1', 'stdout.log'), `${makeLines(5000).join('\n')}\n`);
  await linesOf(root);
  const steps = (await rotate(root, 0, 'before', abort)) ?? [];
  expect(steps.length).toBeGreaterThan(15);
  for (const [index, name] of steps.entries()) {
    await expectNothingLost(index + 1, 'before', makeLines, abort);
    // Then the cutter has been told to go, and goes on alone.
    if (name === 'end') await expectNothingLost(index + 1, 'after', makeLines, abort);
  }
}

describe.skipIf(![EXT4, XFS].includes(statfsSync(tmpdir()).type))('killed while cutting the head off', () => {
  test.for(Object.entries(CONTENTS))(
    'at every step, with %s',
    { timeout: 120_000 },
    async ([_name, lines], { signal }) => {
      await expectNothingLostAtAnyStep(lines, signal);
    },
  );
});

test('killed while truncating, at every step', { timeout: 120_000 }, async ({ skip, signal }) => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'none', base], { stdio: 'ignore' });
    isMounted = true;
  } catch {
    skip('no right to mount');
  }
  await expectNothingLostAtAnyStep(CONTENTS.numbered, signal);
});
