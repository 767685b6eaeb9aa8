import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LogReadRequest } from '../../common/domain/log.ts';
import type { LogSearchRequest } from '../../common/domain/log-search.ts';
import { createLogStore } from '../../node/log/create-log-store.ts';
import type { LogStore } from '../../node/log/log-store.ts';
import { createRecordedClient, readRecording } from '../support/recorded-client.ts';
import type { Terminal } from '../support/terminal.ts';
import { openCockpit } from './cockpit-support.ts';

let root: string;
let store: LogStore;
let file: string;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'sgrid-log-tools-'));
  store = createLogStore({ root, clock: Date.now });
  file = (await store.prepare(1)).stdoutFile;
});

afterEach(async () => {
  await store.close();
  rmSync(root, { recursive: true });
});

/** The cockpit with the log of the first instance open, read from the real store. */
async function openLog(shows: string, columns = 80, rows = 24): Promise<Terminal> {
  const client = createRecordedClient(readRecording('three-nodes'));
  client.answer('log.read', (request: LogReadRequest) => store.read({ ...request, instanceId: 1 }));
  client.answer('log.search', (request: LogSearchRequest) => store.search({ ...request, instanceId: 1 }));
  client.answer('log.files', async () => ({ files: await store.files(1) }));
  client.answer('log.runs', async () => ({ runs: await store.runs(1) }));
  const { terminal } = openCockpit({ columns, rows, client, cwd: root });
  await terminal.waitFor('alpha');
  terminal.press('i', 'l');
  await terminal.waitFor(shows);
  return terminal;
}

const numbered = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, n) => `line ${from + n}\n`).join('');

test.each([
  [80, 24],
  [60, 15],
  [200, 50],
])('a search tells which match of how many, at %ix%i', async (columns, rows) => {
  writeFileSync(file, `${numbered(1, 200_000)}needle one\n${numbered(200_001, 200_100)}needle two\n`);
  const terminal = await openLog('needle two', columns, rows);
  terminal.press('g');
  await terminal.waitFor(/^line 1$/m);
  terminal.press('/');
  terminal.type('needle');
  terminal.press('enter');
  await terminal.waitFor(/\/needle {2}1 of 2 *$/m);
  // Its surroundings may come behind it.
  await terminal.waitFor(/^line 200000\nneedle one$/m);
  const at = terminal.screen().indexOf('needle one');
  expect(at).toBeGreaterThan(3);
  expect(terminal.screen()[at - 1]).toBe('line 200000');
  terminal.press('n');
  await terminal.waitFor(/\/needle {2}2 of 2 *$/m);
});

test('JSON lines: as written, as columns, a row a key; times in a column', async () => {
  writeFileSync(
    file,
    '2026-11-22T10:00:00.500Z plain\n{"level":50,"time":1795341296789,"msg":"it broke","user":"zoë"}\nno time\n',
  );
  const terminal = await openLog('"it broke"');
  terminal.press('J');
  await terminal.waitFor(/^\d\d:54:56\.789 ERROR it broke {2}user=zoë$/m);
  const row = terminal.screen().findIndex((line) => line.includes('it broke'));
  expect(terminal.cell(13, row).foreground).toBe(1);
  terminal.press('J');
  await terminal.waitFor(/^ {2}user: zoë$/m);
  terminal.press('t');
  await terminal.waitFor(/^ 10:00:00\.500 plain$/m);
  await terminal.waitFor(/^~\d\d:54:56\.789 no time$/m);
  terminal.press('t', 'J');
  await terminal.waitFor(/^plain$/m);
  await terminal.waitFor('times: hidden');
});

test('lines chosen with v are a bar, and y sends them to the clipboard of the terminal', async () => {
  writeFileSync(file, `${numbered(1, 40)}`);
  const terminal = await openLog('line 40');
  let written = '';
  const { stdout } = terminal;
  const write = stdout.write.bind(stdout);
  stdout.write = ((chunk: string, ...rest: never[]) => {
    written += chunk;
    return write(chunk, ...rest);
  }) as typeof stdout.write;
  terminal.press('v', 'k', 'k');
  await terminal.waitFor('3 lines selected');
  const row = terminal.screen().indexOf('line 38');
  expect(terminal.cell(0, row).inverse).toBe(true);
  expect(terminal.cell(0, row + 1).inverse).toBe(true);
  expect(terminal.cell(0, row - 1).inverse).toBe(false);
  terminal.press('y');
  await terminal.waitFor('copied 3 lines');
  expect(written).toContain(`\x1b]52;c;${Buffer.from('line 38\nline 39\nline 40\n').toString('base64')}\x07`);
  expect(terminal.cell(0, row).inverse).toBe(false);
});

test('a log is saved: the path is completed, a file that is there is asked about', async () => {
  writeFileSync(file, numbered(1, 500));
  writeFileSync(join(root, 'evidence.txt'), 'precious');
  const terminal = await openLog('line 500', 120, 30);
  terminal.press('S');
  await terminal.waitFor('save to:');
  terminal.press('ctrl-u');
  terminal.type('evid');
  terminal.press('tab');
  await terminal.waitFor('save to: evidence.txt');
  terminal.press('enter');
  await terminal.waitFor('evidence.txt is there already: overwrite it?');
  terminal.press('n');
  await terminal.waitFor('not saved');
  expect(readFileSync(join(root, 'evidence.txt'), 'utf8')).toBe('precious');
  terminal.press('S', 'ctrl-u');
  terminal.type('new.log');
  terminal.press('enter');
  await terminal.waitFor(/saved 4,392 bytes \(4\.3K\) to .*new\.log/);
  expect(readFileSync(join(root, 'new.log'), 'utf8')).toBe(numbered(1, 500));
  expect(existsSync(join(root, 'new.log.sgrid-part'))).toBe(false);
});

test('files are listed and chosen, marks are lines of their own, p goes a run back', async () => {
  await store.beginRun(1, 'a');
  writeFileSync(file, `first run\n${numbered(1, 60)}`);
  await store.endRun(1, 'a');
  await store.beginRun(1, 'b');
  const terminal = await openLog('line 60');
  terminal.press('p');
  await terminal.waitFor(/run 1 of 2, started .* it ran for/);
  await terminal.waitFor((lines) => lines[3] === 'first run');
  terminal.press('p');
  await terminal.waitFor('no run before this one is kept');
  terminal.press('G');
  await terminal.waitFor(/^line 60$/m);
  terminal.press('m');
  await terminal.waitFor("marked (' goes to marks, 1 set)");
  const row = terminal.screen().indexOf('line 60');
  expect(terminal.cell(0, row).underline).toBe(true);
  terminal.press('f');
  await terminal.waitFor(/^> stdout +\d+B/m);
  terminal.press('enter', 'g');
  await terminal.waitFor(/^first run$/m);
  terminal.press("'");
  await terminal.waitFor(/^line 60$/m);
});
