import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ReadLog } from '../../../cockpit/client/log-source.ts';
import { createMergedLog, type MergedLog, type MergedResult } from '../../../cockpit/client/merged-log.ts';
import { parseFilter } from '../../../cockpit/store/log-filter.ts';
import type { LogFilter } from '../../../cockpit/store/log-view-spec.ts';
import { english } from '../../../common/domain/said.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { createLogStore } from '../../../node/log/create-log-store.ts';
import type { LogStore } from '../../../node/log/log-store.ts';

let root: string;
let store: LogStore;
const files: string[] = [];
const logs: MergedLog[] = [];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'sgrid-merged-log-'));
  store = createLogStore({ root, clock: Date.now });
  for (const id of [1, 2, 3]) files[id] = (await store.prepare(id)).stdoutFile;
});

afterEach(async () => {
  for (const log of logs.splice(0)) log.close();
  await store.close();
  rmSync(root, { recursive: true });
});

const file = (id: number): string => files[id] ?? '';
const at = (ms: number): string => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();
const plain = (data: Uint8Array): string =>
  Buffer.from(data)
    .toString()
    .replaceAll(/\p{Cc}\[\d*m/gu, '');

function merge(
  ids: number[],
  typed: string[] = [],
  read: ReadLog = (request) => store.read(request),
  { labelOf = (id: number) => `s${id}`, hasColours = true } = {},
): MergedLog {
  const filters = typed.flatMap((text): LogFilter[] => {
    const filter = parseFilter(text);
    return filter === null ? [] : [filter];
  });
  const sources = ids.map((instanceId) => ({ instanceId, file: 'stdout', label: labelOf(instanceId) }));
  const log = createMergedLog({ spec: { sources, filters }, origin: [], read, clock: Date.now, hasColours });
  logs.push(log);
  return log;
}
const ask = { maxBytes: 65_536, waitMs: 0, isPeek: false } as const;
const fromTail = (log: MergedLog) => log.read({ ...ask, from: 'tail', direction: 'backward' });
const fromHead = (log: MergedLog) => log.read({ ...ask, from: 'head', direction: 'forward' });
const next = (log: MergedLog, { end }: MergedResult, waitMs = 0) =>
  log.read({ ...ask, from: end, direction: 'forward', waitMs });
const previous = (log: MergedLog, { start }: MergedResult) =>
  log.read({ ...ask, from: start, direction: 'backward' });

/** Everything from the beginning on, and everything from the end up. */
async function down(log: MergedLog): Promise<string> {
  let result = await fromHead(log);
  let text = plain(result.data);
  while (result.end.offset < result.tailOffset) {
    result = await next(log, result);
    text += plain(result.data);
  }
  return text;
}
async function up(log: MergedLog): Promise<string> {
  let result = await fromTail(log);
  let text = plain(result.data);
  while (result.start.offset > result.headOffset) {
    result = await previous(log, result);
    text = plain(result.data) + text;
  }
  return text;
}

describe('merged logs', () => {
  test('are in the order of time, each line once, downwards and upwards alike', async () => {
    const expected: string[] = [];
    const texts = ['', '', '', ''];
    for (let n = 0; n < 9_000; n++) {
      // Runs of one log, and logs that take turns.
      const id = 1 + (n % 7 < 3 ? Math.floor(n / 1000) % 3 : n % 3);
      const line = `${at(n)} line ${n}\n`;
      texts[id] += line;
      expected.push(`s${id} ${line}`);
    }
    for (const id of [1, 2, 3]) writeFileSync(file(id), texts[id] ?? '');
    expect((await down(merge([1, 2, 3]))) === expected.join('')).toBe(true);
    expect((await up(merge([1, 2, 3]))) === expected.join('')).toBe(true);
  });

  test('a label is cut where it would leave no room on a screen, and not in a file', async () => {
    writeFileSync(file(1), `${at(0)} one\n`);
    writeFileSync(file(2), `${at(10)} two\n`);
    const labelOf = (id: number): string => `${'long-'.repeat(12)}@local:${id}`;
    const linesOf = async (hasColours: boolean) =>
      (await down(merge([1, 2], [], undefined, { labelOf, hasColours }))).split('\n');
    expect((await linesOf(true))[0]).toBe(`long-long-long-l~g-long-@local:1 ${at(0)} one`);
    expect((await linesOf(false))[0]).toBe(`${labelOf(1)} ${at(0)} one`);
  });

  test('a line without a time stays with the one before it', async () => {
    writeFileSync(file(1), `${at(0)} Error: boom\n    at f (a.js:1)\n    at g (b.js:2)\n${at(20)} on\n`);
    writeFileSync(file(2), `${at(10)} other\n`);
    const expected = [
      `s1 ${at(0)} Error: boom`,
      's1     at f (a.js:1)',
      's1     at g (b.js:2)',
      `s2 ${at(10)} other`,
      `s1 ${at(20)} on`,
      '',
    ].join('\n');
    expect(await down(merge([1, 2]))).toBe(expected);
    expect(await up(merge([1, 2]))).toBe(expected);
  });

  test('a line that has come waits a little for an earlier one of another log, and no longer', async () => {
    writeFileSync(file(1), `${at(0)} a\n`);
    writeFileSync(file(2), `${at(1)} b\n`);
    const log = merge([1, 2]);
    const first = await fromTail(log);
    const waiting = next(log, first, 5_000);
    const now = Date.now();
    appendFileSync(file(1), `${new Date(now).toISOString()} later\n`);
    appendFileSync(file(2), `${new Date(now - 50).toISOString()} earlier\n`);
    let result = await waiting;
    let text = plain(result.data);
    while (!text.includes('later')) {
      result = await next(log, result, 5_000);
      text += plain(result.data);
    }
    expect(text.split('\n').map((line) => line.split(' ').at(-1))).toEqual(['earlier', 'later', '']);
    // Nothing more comes of the second log: the first one does not wait for it for ever.
    appendFileSync(file(1), `${new Date(now + 1).toISOString()} alone\n`);
    result = await next(log, result, 5_000);
    expect(plain(result.data)).toContain('alone');
  });

  test('one that cannot be read leaves the others, is named, and joins in once it can', async () => {
    writeFileSync(file(1), `${at(0)} a\n`);
    writeFileSync(file(2), `${at(1)} b\n`);
    let isDown = true;
    const log = merge([1, 2], [], (request) => {
      if (request.instanceId === 2 && isDown)
        return Promise.reject(new SgridError('node_unreachable', 'node 2 has no link'));
      return store.read(request);
    });
    const first = await fromHead(log);
    expect(plain(first.data)).toBe(`s1 ${at(0)} a\n`);
    expect(first.troubles.map(english)).toEqual(['s2: node 2 has no link']);
    isDown = false;
    let result = await next(log, first, 5_000);
    while (result.data.length === 0) result = await next(log, result, 5_000);
    expect(plain(result.data)).toBe(`s2 ${at(1)} b\n`);
    expect(result.troubles).toEqual([]);
    isDown = true;
    await expect(
      fromTail(merge([2], ['x'], () => Promise.reject(new SgridError('timeout', 'slow')))),
    ).rejects.toThrow('slow');
  });

  test('goes on when one of the logs is begun anew', async () => {
    writeFileSync(file(1), `${at(0)} a\n`);
    writeFileSync(file(2), `${at(1)} b\n`);
    const log = merge([1, 2]);
    const first = await fromTail(log);
    rmSync(file(1));
    await store.prepare(1);
    appendFileSync(file(1), `${at(2)} anew\n`);
    let result = await next(log, first, 5_000);
    while (result.data.length === 0) result = await next(log, { ...result }, 5_000);
    expect(plain(result.data)).toBe(`s1 ${at(2)} anew\n`);
    expect(result.start.lineage).not.toBe(first.start.lineage);
  });
});

describe('filters', () => {
  test('show and hide lines, count what is hidden, and look through all of the log', async () => {
    let text = '';
    for (let n = 0; n < 20_000; n++)
      text += `line ${n} ${n % 4_000 === 7 ? 'NEEDLE' : 'hay'} ${'.'.repeat(60)}\n`;
    writeFileSync(file(1), text);
    const found = await up(merge([1], ['needle', '!line 8007']));
    expect(found.match(/^line \d+/gm)).toEqual(['line 7', 'line 4007', 'line 12007', 'line 16007']);
    const log = merge([1], ['needle']);
    expect((await down(log)).match(/^line \d+/gm)).toHaveLength(5);
    const { hiddenLines } = await fromTail(log);
    expect(hiddenLines).toBe(20_000 - 5);
  });

  test('a position of the view leads to the places in the logs', async () => {
    let text = '';
    for (let n = 0; n < 1000; n++) text += `${n % 2 === 0 ? 'even' : 'odd'} ${n}\n`;
    writeFileSync(file(1), text);
    const log = merge([1], ['even']);
    const { data, start } = await fromHead(log);
    const offset = start.offset + plain(data).indexOf('even 500\n');
    const [place] = log.placesAt(offset) ?? [];
    if (place === undefined || typeof place === 'string') throw new Error(`no place: ${place}`);
    expect(text.slice(place.cut.offset)).toMatch(/^odd 499\n|^even 500\n/);
  });
});

test('logs that grow as fast as they are read are answered all the same, and not held for ever', async () => {
  const LINE = Buffer.from('2026-01-01T00:00:00.000Z a line of a flood that never ends, one like another\n');
  let grown = 0;
  let reads = 0;
  const endless: ReadLog = async ({ from, direction, maxBytes }) => {
    reads += 1;
    if (reads > 500) throw new SgridError('internal', 'it reads for ever');
    const lines = Math.floor(maxBytes / LINE.length);
    const length = lines * LINE.length;
    const end =
      typeof from === 'object' && direction === 'forward' ? from.offset + length : Math.max(grown, length);
    grown = end;
    const data = Buffer.concat(Array.from({ length: lines }, () => LINE));
    const position = (offset: number) => ({ lineage: 'flood', offset });
    return {
      data,
      start: position(end - length),
      end: position(end),
      headOffset: 0,
      // There is always a little more.
      tailOffset: end + 10 * LINE.length,
      lostBytes: 0,
    };
  };
  const log = merge([1, 2], [], endless);
  const request = { direction: 'backward', maxBytes: 65_536, waitMs: 0, isPeek: false } as const;
  await log.read({ ...request, from: 'tail' });
  for (let round = 0; round < 5; round++) {
    const result = await log.read({ ...request, from: 'tail' });
    expect(result.data.length).toBeGreaterThan(0);
  }
  expect(reads).toBeLessThan(200);
});
