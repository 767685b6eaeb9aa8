import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findTime } from '../../../cockpit/client/log-find-time.ts';
import { createLogStore } from '../../../node/log/create-log-store.ts';
import type { LogStore } from '../../../node/log/log-store.ts';
import { createLogPaneDriver } from '../../support/log-pane-driver.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const source = { instanceId: 1, file: 'stdout', label: 's' };

let root: string;
let store: LogStore;
let file: string;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'sgrid-find-time-'));
  store = createLogStore({ root, clock: Date.now });
  file = (await store.prepare(1)).stdoutFile;
});

afterEach(async () => {
  await store.close();
  rmSync(root, { recursive: true });
});

/** A line each second, with what belongs to some of them below. */
function writeSeconds(count: number): string {
  let text = '';
  for (let n = 0; n < count; n++) {
    text += `${new Date(BEGIN + n * 1000).toISOString()} line ${n}\n`;
    if (n % 5 === 0) text += `    at f (a.js:${n})\n`;
  }
  writeFileSync(file, text);
  return text;
}

async function found(text: string, at: number): Promise<string> {
  const place = await findTime(source, at, (request) => store.read(request));
  if (typeof place === 'string') throw new Error('no place', { cause: place });
  return text.slice(place.cut.offset).split('\n')[0] ?? '';
}

test('finds the first line of a time or later, wherever it is, in few reads', async () => {
  const text = writeSeconds(20_000);
  for (const n of [0, 1, 777, 9_999, 10_000, 19_998, 19_999]) {
    expect(await found(text, BEGIN + n * 1000)).toMatch(new RegExp(` line ${n}$`));
    expect(await found(text, BEGIN + n * 1000 - 1)).toMatch(new RegExp(` line ${n}$`));
  }
  expect(await found(text, 0)).toMatch(/ line 0$/);
  expect(await found(text, BEGIN + 1e9)).toMatch(/ line 19999$/);
  let reads = 0;
  await findTime(source, BEGIN + 5_000_000, (request) => {
    reads += 1;
    return store.read(request);
  });
  expect(reads).toBeLessThan(12);
});

test('an empty log, and one without times, are shown from somewhere', async () => {
  const read = (request: Parameters<LogStore['read']>[0]) => store.read(request);
  expect(await findTime(source, BEGIN, read)).toMatchObject({ cut: { offset: 0 } });
  writeFileSync(file, 'no time\n'.repeat(10));
  expect(await findTime(source, BEGIN, read)).toMatchObject({ cut: { offset: 72 } });
});

test('the pane goes there, stays there, and can scroll both ways', async () => {
  writeSeconds(20_000);
  const driver = createLogPaneDriver((request) => store.read(request), { columns: 60, rows: 10 });
  try {
    await driver.waitFor(() => driver.rows().at(-1)?.endsWith('line 19999') === true);
    driver.dispatch({ type: 'from-time', at: BEGIN + 4_242_000 });
    await driver.waitFor(() => driver.rows()[0]?.endsWith('line 4242') === true);
    await driver.waitFor(() => driver.state().aboveReads > 0);
    driver.dispatch({ type: 'scroll', rows: -1 });
    expect(driver.rows()[0]).toMatch(/line 4241$/);
    driver.dispatch({ type: 'follow' });
    await driver.waitFor(() => driver.rows().at(-1)?.endsWith('line 19999') === true);
  } finally {
    driver.close();
  }
});
