import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CockpitExit, runCockpit } from '../../cockpit/main.tsx';
import type { LogReadRequest } from '../../common/domain/log.ts';
import { formatMark } from '../../common/domain/log-mark.ts';
import type { LogSearchRequest } from '../../common/domain/log-search.ts';
import { createLogStore } from '../../node/log/create-log-store.ts';
import type { LogStore } from '../../node/log/log-store.ts';
import {
  createRecordedClient,
  linkUp,
  type RecordedClient,
  readRecording,
} from '../support/recorded-client.ts';
import { createTerminal, type Terminal } from '../support/terminal.ts';

let root: string;
let store: LogStore;
let file: string;
let client: RecordedClient;
let terminal: Terminal;
let run: Promise<CockpitExit>;
let opened: string[];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'sgrid-log-screen-'));
  store = createLogStore({ root, clock: Date.now });
  file = (await store.prepare(1)).stdoutFile;
});

afterEach(async () => {
  terminal.press('ctrl-c');
  await run;
  terminal.close();
  await store.close();
  rmSync(root, { recursive: true });
});

/** The cockpit with the log of an instance open, read from the real store; what the screen shows then is `opened`. */
async function openLog(shows: string | RegExp, columns = 80, rows = 24): Promise<void> {
  terminal = createTerminal({ columns, rows });
  client = createRecordedClient(readRecording('three-nodes'));
  client.answer('log.read', (request: LogReadRequest) => store.read({ ...request, instanceId: 1 }));
  client.answer('log.search', (request: LogSearchRequest) => store.search({ ...request, instanceId: 1 }));
  run = runCockpit({
    stdin: terminal.stdin,
    stdout: terminal.stdout,
    client,
    env: {},
    processEvents: noEvents,
  });
  await terminal.waitFor('alpha');
  terminal.press('i', 'l');
  opened = await terminal.waitFor(shows);
}

/** The test's own process is not the cockpit's to listen to. */
const noEvents = { on: () => undefined, off: () => undefined };

const numbered = (from: number, to: number): string => {
  let text = '';
  for (let n = from; n <= to; n++) text += `line ${n}\n`;
  return text;
};
/** Rows of the log's text: between the cockpit's header and the pane's title, and the pane's status and the hints. */
const text = (lines = terminal.screen()): string[] => lines.slice(3, -3);
const lastText = (wanted: string) => (lines: string[]) =>
  text(lines).findLast((row) => row !== '') === wanted;
const frameOf = (lines: string[]): string[] => [lines[0] ?? '', lines.at(-1) ?? ''];

test('follows, stays put while one looks back, and goes on', async () => {
  writeFileSync(file, numbered(1, 300));
  await openLog('line 300');
  expect(text()).toEqual(numbered(283, 300).trim().split('\n'));
  expect(opened[2]).toMatch(/stdout .* end {2}following$/);
  appendFileSync(file, 'line 301\n');
  await terminal.waitFor(lastText('line 301'));

  terminal.press('up', 'up');
  await terminal.waitFor(lastText('line 299'));
  expect(terminal.screen()[2]).toMatch(/paused$/);
  const held = text();
  appendFileSync(file, numbered(302, 1301));
  await terminal.waitFor('1,000 new lines below  (G follows)');
  expect(text()).toEqual(held);

  terminal.press('G');
  await terminal.waitFor(lastText('line 1301'));
  terminal.press('c');
  await terminal.waitFor('Cleared: nothing has come since');
  appendFileSync(file, 'line 1302\n');
  await terminal.waitFor(lastText('line 1302'));
  expect(text().filter((row) => row !== '')).toEqual(['line 1302']);
  terminal.press('g');
  await terminal.waitFor((lines) => text(lines)[0] === 'line 1');
  terminal.press('pagedown');
  await terminal.waitFor((lines) => text(lines)[0] === 'line 18');
  terminal.press('s');
  await terminal.waitFor(lastText('line 1302'));
});

test('hostile output changes nothing outside of the pane', async () => {
  writeFileSync(file, numbered(1, 50));
  await openLog('line 50');
  const before = frameOf(await terminal.waitFor('line 50'));
  const hostile = [
    '\x1b[2J\x1b]0;owned\x07\x1b[?1049l\x1b[H\x1bc',
    '\x1b]52;c;b3duZWQ=\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\',
    '\u009b2J\u009d0;owned\u009c\x9b',
    '\x1b[1;1Htop\x1b[99;99Hend\x1b[5A\x1b7\x1b[r\x1b[3;5r\x1bM\x1bD',
    '\x1b(0lqqk\x0e\x0f\x1b[?25h\x1b[?1000h\x1b[?2026h',
    '\x1bP1$r0m\x1b\\\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\',
    'right\u202eto left\u2066 and\u200d invisible\ufeff',
    `${'\t'.repeat(50)}far`,
    `zalgo${'\u0301'.repeat(500)} 👩‍👩‍👧‍👦👍🏽🇩🇪1️⃣ wide 日本語${'日'.repeat(200)}`,
    'x'.repeat(20_000),
    '\x1b[41;31;7;8mno reset, concealed',
  ];
  appendFileSync(file, Buffer.from(`${hostile.join('\n')}\nsafe and plain\n`));
  const lines = await terminal.waitFor(lastText('safe and plain'));
  expect(frameOf(lines).map(withoutClock)).toEqual(before.map(withoutClock));
  expect(terminal.titles()).toEqual([]);
  expect(terminal.isAlternateScreen()).toBe(true);
  expect(lines.join('\n')).toContain('^[[2J^[]0;owned^G^[[?1049l^[[H^[c');
  expect(lines.join('\n')).toContain('right<U+202E>to left<U+2066> and invisible');
  const row = lines.indexOf('no reset, concealed');
  expect(terminal.cell(0, row)).toMatchObject({ foreground: 1, background: 1, inverse: true });
  expect(terminal.cell(0, row + 1)).toMatchObject({ chars: 's', foreground: 'default', inverse: false });
  // Nothing of it is left once something else is shown.
  terminal.press('g');
  await terminal.waitFor((shown) => text(shown)[0] === 'line 1');
  expect(text()).toEqual(numbered(1, 18).trim().split('\n'));
});

/** Ages and latencies go on. */
const withoutClock = (line: string): string => line.replace(/data \d+s old|\d+ ms/g, '');

test('wraps, and goes to the side, with wide characters aligned', async () => {
  writeFileSync(file, `start\n${'日本語テキスト'.repeat(10)}|\n0123456789${'-'.repeat(80)}tail\nend\n`);
  await openLog('end');
  expect(text().slice(0, 4)).toEqual([
    'start',
    `${'日本語テキスト'.repeat(10).slice(0, 39)} >`,
    `0123456789${'-'.repeat(69)}>`,
    'end',
  ]);
  terminal.press('right');
  await terminal.waitFor((lines) => text(lines)[2] === `<9${'-'.repeat(77)}>`);
  terminal.press('left', 'w');
  await terminal.waitFor('wrapped');
  expect(text().slice(0, 6)).toEqual([
    'start',
    '日本語テキスト'.repeat(10).slice(0, 40),
    `${'日本語テキスト'.repeat(10).slice(40)}|`,
    `0123456789${'-'.repeat(70)}`,
    `${'-'.repeat(10)}tail`,
    'end',
  ]);
});

test('searches with / n N, far through the log, and esc ends the search before it leaves', async () => {
  writeFileSync(
    file,
    `${numbered(1, 100)}needle one\n${numbered(101, 200_000)}needle two\n${numbered(1, 40)}`,
  );
  await openLog('line 40');
  terminal.type('/needle');
  await terminal.waitFor('/needle');
  terminal.press('enter');
  const lines = await terminal.waitFor('needle two');
  const row = lines.indexOf('needle two');
  await terminal.waitFor(/\/needle {2}2 of 2 *$/m);
  terminal.press('N');
  await terminal.waitFor((shown) => shown.includes('needle one') && shown.includes('line 100'));
  expect(row).toBeGreaterThan(2);
  terminal.press('N');
  await terminal.waitFor('"needle" is nowhere above');
  terminal.press('n');
  await terminal.waitFor('needle two');
  terminal.press('escape');
  await terminal.waitFor((shown) => !shown.join('\n').includes('/needle'));
  expect(terminal.text()).toContain('needle two');
  terminal.press('escape');
  await terminal.waitFor((shown) => !shown.join('\n').includes('needle two'));
});

test('matches stand out', async () => {
  writeFileSync(file, 'one error\ntwo \x1b[32mERR\x1b[0mor\n');
  await openLog('two ERRor');
  terminal.type('/error');
  terminal.press('enter');
  await terminal.waitFor('2 lines here');
  const row = terminal.screen().indexOf('two ERRor');
  expect(terminal.cell(4, row)).toMatchObject({ chars: 'E', background: 3 });
  expect(terminal.cell(8, row)).toMatchObject({ chars: 'r', background: 3 });
  expect(terminal.cell(0, row)).toMatchObject({ chars: 't', background: 'default' });
});

test('& filters, ! hides, and levels have colours', async () => {
  writeFileSync(file, `${numbered(1, 500)}10:00 WARN slow\n{"level":50,"msg":"broken"}\nDEBUG detail\n`);
  await openLog('DEBUG detail');
  const row = terminal.screen().indexOf('10:00 WARN slow');
  expect(terminal.cell(0, row)).toMatchObject({ foreground: 3 });
  expect(terminal.cell(0, row + 1)).toMatchObject({ foreground: 1 });
  expect(terminal.cell(0, row + 2)).toMatchObject({ dim: true });
  expect(terminal.cell(0, row - 1)).toMatchObject({ foreground: 'default', dim: false });
  terminal.press('&');
  await terminal.waitFor('show only lines with a text');
  terminal.type('line 4');
  terminal.press('enter');
  await terminal.waitFor((lines) => text(lines)[0] === 'line 482' && lines[2]?.includes('&line 4') === true);
  terminal.type('&!9');
  terminal.press('enter');
  await terminal.waitFor(lastText('line 488'));
  terminal.press('escape');
  await terminal.waitFor(lastText('DEBUG detail'));
});

test('0 to 6 show the last minutes, the beginning and the end', async () => {
  const now = Date.now();
  let lines = '';
  for (let ago = 7200; ago >= 0; ago--) lines += `${new Date(now - ago * 1000).toISOString()} ${ago}s ago\n`;
  writeFileSync(file, lines);
  await openLog(' 0s ago');
  const top = (shown: string[]): number => Number(/Z (\d+)s ago$/.exec(text(shown)[0] ?? '')?.[1]);
  const isAbout = (seconds: number) => (shown: string[]) =>
    top(shown) <= seconds && top(shown) > seconds - 50;
  for (const [key, seconds] of [
    ['2', 60],
    ['5', 3600],
    ['3', 300],
    ['4', 900],
  ] as const) {
    terminal.press(key);
    await terminal.waitFor(isAbout(seconds));
  }
  terminal.press('1');
  await terminal.waitFor((shown) => top(shown) === 7200);
  terminal.press('0');
  await terminal.waitFor(' 0s ago');
  expect(terminal.screen()[2]).toMatch(/following$/);
});

test('the logs of marked instances are one, in the order of time, whoever follows or scrolls', async () => {
  const files = new Map<number, string>();
  for (const id of [1, 2, 5]) files.set(id, (await store.prepare(id)).stdoutFile);
  const write = (id: number, ms: number, what: string): void => {
    const line = `${new Date(Date.UTC(2026, 0, 1) + ms).toISOString()} ${what}\n`;
    appendFileSync(files.get(id) ?? '', line);
  };
  for (let n = 1; n <= 3000; n++) write([1, 2, 5][n % 3] ?? 1, n, `line ${n}`);
  writeFileSync(files.get(2) ?? '', formatMark(Date.UTC(2026, 0, 2), 'started run 2'), { flag: 'a' });
  appendFileSync(files.get(2) ?? '', '\n');
  terminal = createTerminal({ columns: 100, rows: 24 });
  client = createRecordedClient(readRecording('three-nodes'));
  client.answer('log.read', (request: LogReadRequest) => store.read(request));
  run = runCockpit({
    stdin: terminal.stdin,
    stdout: terminal.stdout,
    client,
    env: {},
    processEvents: noEvents,
  });
  await terminal.waitFor('alpha');
  terminal.press('i', '/');
  terminal.type('web');
  terminal.press('enter', 'ctrl-a', 'l');
  opened = await terminal.waitFor('started run 2');
  expect(opened[2]).toMatch(/3 logs {2}web@alpha web@beta web@gamma .* following$/);
  const words = (lines: string[]) =>
    text(lines)
      .filter((row) => row !== '')
      .map((row) => row.replace(/ +\S+Z /, ' '));
  const label = (n: number) => ['web@alpha', 'web@beta', 'web@gamma'][n % 3];
  expect(words(opened).slice(0, -1)).toEqual(
    Array.from({ length: 17 }, (_, at) => `${label(2984 + at)} line ${2984 + at}`),
  );
  expect(words(opened).at(-1)).toMatch(/^web@beta +--- 2026-01-02 00:00:00 started run 2 ---$/);
  const colours = [3, 4, 5].map((row) => terminal.cell(0, row).foreground);
  expect(new Set(colours).size).toBe(3);

  terminal.press('pageup');
  await terminal.waitFor((lines) => words(lines)[0] === `${label(2967)} line 2967`);
  const held = text();
  write(5, 3600_000, 'news');
  await terminal.waitFor('1 new line below');
  expect(text()).toEqual(held);
  terminal.press('g');
  await terminal.waitFor((lines) => words(lines)[0] === `${label(1)} line 1`);
  terminal.press('G');
  await terminal.waitFor('news');
});

test('keys are answered while a flood comes, and the end of it is shown', async () => {
  await openLog('No output yet');
  const writer = execa(
    process.execPath,
    [
      '-e',
      `const { appendFileSync } = require('node:fs');
       for (let n = 0; n < 200; n++) {
         let text = '';
         for (let i = 1; i <= 1000; i++) text += 'line ' + (n * 1000 + i) + ' ' + 'x'.repeat(100) + '\\n';
         appendFileSync(process.argv[1], text);
       }`,
      file,
    ],
    { stdin: 'ignore' },
  );
  try {
    await terminal.waitFor(/line \d/);
    terminal.press('up');
    const held = text(await terminal.waitFor(/paused$/m));
    terminal.press('w');
    await terminal.waitFor('wrapped');
    terminal.press('w');
    await terminal.waitFor((lines) => text(lines).join('\n') === held.join('\n'));
    await writer;
    expect(text()).toEqual(held);
    terminal.press('G');
    await terminal.waitFor((lines) => text(lines).at(-1)?.startsWith('line 200000 ') === true);
  } finally {
    writer.kill('SIGKILL');
    await writer.catch(() => undefined);
  }
});

test('a lost link leaves the text, and it goes on by itself without loss', async () => {
  writeFileSync(file, numbered(1, 3));
  await openLog('line 3');
  client.setLink({ state: 'down', since: Date.now(), attempt: 1, lastError: null });
  client.answer('log.read', () => Promise.reject(new Error('not connected')));
  appendFileSync(file, numbered(4, 6));
  await terminal.waitFor('not connected  goes on by itself');
  expect(text()).toContain('line 3');
  client.setLink(linkUp());
  client.answer('log.read', (request: LogReadRequest) => store.read({ ...request, instanceId: 1 }));
  await terminal.waitFor(lastText('line 6'));
  expect(text().slice(0, 6)).toEqual(numbered(1, 6).trim().split('\n'));
});

test('is usable on a small terminal, and follows its size', async () => {
  writeFileSync(file, numbered(1, 100));
  await openLog('line 100', 60, 15);
  expect(text()).toEqual(numbered(92, 100).trim().split('\n'));
  terminal.resize(100, 30);
  await terminal.waitFor((lines) => lines.length === 30 && text(lines)[0] === 'line 77');
});
