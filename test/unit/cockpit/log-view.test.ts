import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { segmentsText } from '../../../cockpit/format/terminal-text.ts';
import { loadTranslate } from '../../../cockpit/language/translate.ts';
import type { LogSourceSpec } from '../../../cockpit/store/log-view-spec.ts';
import { statusLine } from '../../../cockpit/view-model/log-status.ts';
import { createLogStore } from '../../../node/log/create-log-store.ts';
import type { LogStore } from '../../../node/log/log-store.ts';
import { createLogPaneDriver, type LogPaneDriver } from '../../support/log-pane-driver.ts';

let root: string;
let store: LogStore;
const files: string[] = [];
const drivers: LogPaneDriver[] = [];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'sgrid-log-view-'));
  store = createLogStore({ root, clock: Date.now });
  for (const id of [1, 2]) files[id] = (await store.prepare(id)).stdoutFile;
});

afterEach(async () => {
  for (const driver of drivers.splice(0)) driver.close();
  await store.close();
  rmSync(root, { recursive: true });
});

const file = (id = 1): string => files[id] ?? '';
const last = (driver: LogPaneDriver) => driver.rows().at(-1);

function open(ids: number[] = [1]): LogPaneDriver {
  const sources = ids.map(
    (instanceId): LogSourceSpec => ({ instanceId, file: 'stdout', label: `s${instanceId}` }),
  );
  const driver = createLogPaneDriver(
    (request) => store.read(request),
    { columns: 60, rows: 10 },
    { sources },
  );
  drivers.push(driver);
  return driver;
}

function filter(driver: LogPaneDriver, text: string): void {
  driver.dispatch({ type: 'filter' });
  driver.dispatch({ type: 'text-edit', edit: { type: 'insert', text } });
  driver.dispatch({ type: 'text-submit' });
}

const requests = (from: number, to: number): string => {
  let text = '';
  for (let n = from; n <= to; n++) text += `${n % 10 === 0 ? 'ERROR' : 'info'} request ${n}\n`;
  return text;
};

test('filters narrow what is followed, are counted, and are taken away one after the other', async () => {
  writeFileSync(file(), requests(1, 2000));
  const driver = open();
  await driver.waitFor(() => last(driver) === 'ERROR request 2000');
  filter(driver, 'error');
  await driver.waitFor(
    () => driver.rows()[0] === 'ERROR request 1910' && last(driver) === 'ERROR request 2000',
  );
  filter(driver, '!00');
  await driver.waitFor(() => last(driver) === 'ERROR request 1990');
  await driver.waitFor(() => /&error &!00 {2}[\d,]+ hidden/.test(driver.lines()[0] ?? ''));
  appendFileSync(file(), requests(2001, 2019));
  await driver.waitFor(() => last(driver) === 'ERROR request 2010');
  filter(driver, '!00');
  await driver.waitFor(() => driver.rows().includes('ERROR request 2000'));
  driver.dispatch({ type: 'cancel' });
  await driver.waitFor(() => last(driver) === 'info request 2019');
  expect(driver.lines()[0]).not.toContain('hidden');
});

test('a filter stays where one is, and so does taking it away', async () => {
  writeFileSync(file(), requests(1, 50_000));
  const driver = open();
  await driver.waitFor(() => last(driver) === 'ERROR request 50000');
  driver.dispatch({ type: 'head' });
  await driver.waitFor(() => driver.rows()[0] === 'info request 1');
  driver.dispatch({ type: 'page', pages: 3 });
  await driver.waitFor(() => driver.rows()[0] === 'info request 28');
  filter(driver, 'ERROR');
  await driver.waitFor(() => driver.rows()[0] === 'ERROR request 30');
  await driver.waitFor(() => driver.state().aboveReads > 0);
  driver.dispatch({ type: 'scroll', rows: -1 });
  expect(driver.rows()[0]).toBe('ERROR request 20');
  driver.dispatch({ type: 'scroll', rows: 4 });
  await driver.waitFor(() => driver.rows()[0] === 'ERROR request 60');
  filter(driver, '');
  await driver.waitFor(
    () => last(driver) === 'ERROR request 60' || driver.rows().includes('ERROR request 60'),
  );
  expect(driver.state().isFollowing).toBe(false);
});

test('a filter that nothing passes says so, and shows the first line that does', async () => {
  writeFileSync(file(), requests(1, 100));
  const driver = open();
  await driver.waitFor(() => last(driver) === 'ERROR request 100');
  filter(driver, 'nowhere');
  await driver.waitFor(() => driver.lines().some((line) => line.includes('No line yet that &nowhere shows')));
  await driver.waitFor(() => driver.lines()[0]?.includes('100 hidden') === true);
  appendFileSync(file(), 'info nowhere else\n');
  await driver.waitFor(() => last(driver) === 'info nowhere else');
});

test('clearing hides what is above, and only new lines are shown until one goes to the beginning', async () => {
  writeFileSync(file(), requests(1, 20_000));
  const driver = open();
  await driver.waitFor(() => last(driver) === 'ERROR request 20000');
  driver.dispatch({ type: 'clear' });
  expect(driver.rows().join()).toContain('Cleared: nothing has come since');
  appendFileSync(file(), requests(20_001, 20_003));
  await driver.waitFor(() => driver.rows().join() === requests(20_001, 20_003).trim().replaceAll('\n', ','));
  driver.dispatch({ type: 'page', pages: -1 });
  expect(driver.rows()[0]).toBe('info request 20001');
  // Paused far behind the end, and back there: what was cleared stays so.
  for (let n = 0; n < 5; n++) appendFileSync(file(), requests(1, 20_000));
  await driver.waitFor(() => /more below/.test(driver.status()));
  driver.dispatch({ type: 'clear' });
  expect(driver.status()).toContain('G goes to the end');
  driver.dispatch({ type: 'follow' });
  await driver.waitFor(() => last(driver) === 'ERROR request 20000');
  driver.dispatch({ type: 'clear' });
  expect(driver.rows().join()).toContain('Cleared');
  driver.dispatch({ type: 'head' });
  await driver.waitFor(() => driver.rows()[0] === 'info request 1' && driver.rows().length === 10);
});

test('a search goes through a filtered view, far from what is held', async () => {
  writeFileSync(file(), `ERROR needle\n${requests(1, 50_000)}`);
  const driver = open();
  await driver.waitFor(() => last(driver) === 'ERROR request 50000');
  filter(driver, 'ERROR');
  await driver.waitFor(() => driver.rows()[0] === 'ERROR request 49910');
  driver.dispatch({ type: 'search' });
  driver.dispatch({ type: 'text-edit', edit: { type: 'insert', text: 'needle' } });
  driver.dispatch({ type: 'text-submit' });
  await driver.waitFor(() => driver.rows()[0] === 'ERROR needle' && driver.rows()[1] === 'ERROR request 10');
});

test('what was asked for is answered also while one of the merged logs cannot be read', async () => {
  writeFileSync(file(1), `${new Date(0).toISOString()} a\n`);
  const driver = open([1, 9]);
  const trouble = 's9: instance 9 has no log';
  await driver.waitFor(() => driver.status().startsWith(trouble));
  driver.dispatch({ type: 'files' });
  expect(driver.status()).toMatch(/^files are of one instance: open the log of one {2}s9:/);
  driver.dispatch({ type: 'cancel' });
  expect(driver.status()).toContain(trouble);
  const t = await loadTranslate('zh-CN');
  const status = statusLine({ ...driver.state(), columns: 200, t });
  expect(segmentsText(status.segments)).toContain('s9：实例 9 在本节点没有日志（从未在此启动，或早已删除）');
});
