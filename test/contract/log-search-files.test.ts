import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { z } from 'zod';
import type { LogPosition } from '../../common/domain/log.ts';
import {
  type LogSearchRequest,
  type LogSearchResult,
  logSearchRequestSchema,
  logSearchResultSchema,
} from '../../common/domain/log-search.ts';
import { createLogStore } from '../../node/log/create-log-store.ts';
import type { LogStore } from '../../node/log/log-store.ts';
import { matchTexts } from '../support/match-texts.ts';
import { waitFor } from '../support/wait-for.ts';

let base: string;
let store: LogStore;
let stdout: string;
let rotations: number;

beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'sgrid-search-'));
  rotations = 0;
  store = createLogStore({
    root: join(base, 'logs'),
    clock: () => 0,
    checkIntervalMs: 2,
    rotation: { maxFileBytes: 300_000, maxAgeMs: 1e12, maxTotalBytes: 1e12 },
    onEvent: ({ kind }) => {
      if (kind !== 'failed') rotations += 1;
    },
  });
  stdout = (await store.prepare(1)).stdoutFile;
});
afterEach(async () => {
  await store.close();
  rmSync(base, { recursive: true, force: true });
});

const search = (over: Partial<z.input<typeof logSearchRequestSchema>>, signal?: AbortSignal) => {
  const request: LogSearchRequest = logSearchRequestSchema.parse({
    ...{ instanceId: 1, from: 'head', pattern: 'x', maxMs: 5000 },
    ...over,
  });
  return store.search(request, signal);
};
const texts = (result: LogSearchResult) => matchTexts(result).map((text) => Buffer.from(text).toString());

const line = (number: number): string => `${number} ${'-'.repeat(number % 50)}\n`;
const writeLines = async (from: number, to: number): Promise<void> => {
  let text = '';
  for (let number = from; number <= to; number += 1) text += line(number);
  appendFileSync(stdout, text);
};

test('over rotations, both ways, in steps: every match once, in order, where it says', async () => {
  for (let round = 0; round < 3; round += 1) {
    await writeLines(round * 20_000 + 1, (round + 1) * 20_000);
    await waitFor('rotation', () => rotations > round);
  }
  await writeLines(60_001, 60_010);
  const expected = Array.from({ length: 60_010 }, (_, index) => line(index + 1).trim()).filter((text) =>
    /^\d*77 /.test(text),
  );
  for (const direction of ['forward', 'backward'] as const) {
    const found: string[] = [];
    let from: 'head' | 'tail' | LogPosition = direction === 'forward' ? 'head' : 'tail';
    for (;;) {
      const result = await search({
        pattern: '^\\d*77 ',
        syntax: 'regex',
        direction,
        from,
        maxMatches: 250,
      });
      expect(logSearchResultSchema.safeParse(result).success).toBe(true);
      found.push(...texts(result));
      from = result.next;
      const [first] = result.matches;
      if (first !== undefined) {
        const at = { lineage: result.next.lineage, offset: first.matchStart };
        const { data } = await store.read({
          ...{ instanceId: 1, file: 'stdout', from: at, direction: 'forward', waitMs: 0 },
          maxBytes: first.matchEnd - first.matchStart,
        });
        expect(Buffer.from(data).toString()).toMatch(/^\d*77 $/);
      }
      if (result.stoppedBy === 'end') break;
      expect(result.stoppedBy).toBe('matches');
      expect(result.matches.length).toBe(250);
    }
    expect(found).toEqual(direction === 'forward' ? expected : expected.toReversed());
  }
});

test('a line that lies in two files is one line', async () => {
  await writeLines(1, 20_000);
  await waitFor('rotation', () => rotations > 0);
  const [name = ''] = readdirSync(dirname(stdout)).filter((each) => each.endsWith('.gz'));
  const offset = Number(name.match(/\d{16}/g)?.[1]);
  const whole = Array.from({ length: 20_000 }, (_, index) => line(index + 1)).join('');
  const lineStart = whole.lastIndexOf('\n', offset - 1) + 1;
  const straddling = whole.slice(lineStart, whole.indexOf('\n', offset));
  expect(lineStart).toBeLessThan(offset);
  for (const direction of ['forward', 'backward'] as const) {
    const from = direction === 'forward' ? 'head' : 'tail';
    const result = await search({ pattern: `^${straddling}$`, syntax: 'regex', direction, from });
    expect(result).toMatchObject({ matches: [{ lineStart, matchEnd: lineStart + straddling.length }] });
  }
});

test('counts, and goes on from where it stopped by bytes', async () => {
  appendFileSync(stdout, 'one\ntwo\nthree\n');
  const result = await search({ pattern: 't' });
  expect(texts(result)).toEqual(['two', 'three']);
  expect(result).toMatchObject({
    ...{ stoppedBy: 'end', scannedBytes: 14, scannedLines: 3, lostBytes: 0 },
    ...{ headOffset: 0, tailOffset: 14, next: { offset: 14 } },
  });
  await writeLines(1, 60_000);
  const bounded = await search({ pattern: 'nothing', maxBytes: 1 });
  expect(bounded.stoppedBy).toBe('bytes');
  expect(bounded.scannedBytes).toBeGreaterThan(500_000);
  expect((await search({ pattern: 'nothing', from: bounded.next })).stoppedBy).toBe('end');
});

test('a last line that is not finished is looked at again, unless it matched', async () => {
  appendFileSync(stdout, 'one\ntw');
  const first = await search({ pattern: 'two' });
  expect(first).toMatchObject({ matches: [], next: { offset: 4 }, stoppedBy: 'end' });
  appendFileSync(stdout, 'o');
  const second = await search({ pattern: 'two', from: first.next });
  expect(texts(second)).toEqual(['two']);
  expect(second.next.offset).toBe(7);
  expect(texts(await search({ pattern: 'two', from: second.next }))).toEqual([]);
});

test('of a long line it shows the part with the match', async () => {
  appendFileSync(stdout, `${'a'.repeat(1_500_000)}needle${'b'.repeat(1_500_000)}\nnext needle\n`);
  const result = await search({ pattern: 'needle' });
  expect(result.matches.length).toBe(2);
  const [first] = result.matches;
  if (first === undefined) throw new Error('no match');
  expect(first.matchStart).toBe(1_500_000);
  expect(first.textBytes).toBe(2048);
  const [text = '', next] = texts(result);
  expect(text).toContain('aaaneedlebbb');
  expect(first.textStart + text.indexOf('needle')).toBe(1_500_000);
  expect(next).toBe('next needle');
});

test('a pattern that takes for ever is told so, and holds up nobody', async () => {
  appendFileSync(stdout, `${'a'.repeat(200)}!\n`);
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 1);
  try {
    const searching = search({ pattern: '^(a+)+$', syntax: 'regex', maxMs: 50 });
    await expect(searching).rejects.toMatchObject({ code: 'timeout' });
    expect(turns).toBeGreaterThan(10);
  } finally {
    clearInterval(timer);
  }
  expect(texts(await search({ pattern: 'a!' }))).toHaveLength(1);
});

test('ends with `cancelled` by the signal and when the store closes, also in the middle of a line', async () => {
  appendFileSync(stdout, `${'a'.repeat(200)}!\n`);
  const forEver = { pattern: '^(a+)+$', syntax: 'regex' } as const;
  const controller = new AbortController();
  const cancelled = expect(search(forEver, controller.signal)).rejects.toMatchObject({ code: 'cancelled' });
  const queued = [search(forEver), search(forEver)].map((each) =>
    expect(each).rejects.toMatchObject({ code: 'cancelled' }),
  );
  controller.abort();
  await cancelled;
  await store.close();
  await Promise.all(queued);
});

test('what is wrong is told', async () => {
  await expect(search({ pattern: '(', syntax: 'regex' })).rejects.toMatchObject({ code: 'bad_request' });
  await expect(search({ instanceId: 9 })).rejects.toMatchObject({ code: 'not_found' });
  await expect(search({ file: 'other' })).rejects.toMatchObject({ code: 'not_found' });
});
