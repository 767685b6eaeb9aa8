import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { reduceLogPane } from '../../../cockpit/store/log-pane.ts';
import { windowEnd } from '../../../cockpit/store/log-window.ts';
import { type LogReadRequest, logRotationSchema } from '../../../common/domain/log.ts';
import { formatMark } from '../../../common/domain/log-mark.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { createLogStore } from '../../../node/log/create-log-store.ts';
import type { LogStore } from '../../../node/log/log-store.ts';
import { createLogPaneDriver, type LogPaneDriver } from '../../support/log-pane-driver.ts';

const WINDOW_LIMIT_BYTES = 4.5 * 1024 * 1024;

let root: string;
let store: LogStore;
let file: string;
const drivers: LogPaneDriver[] = [];
let copied: string[];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'sgrid-log-pane-'));
  store = createLogStore({ root, clock: () => 0 });
  file = (await store.prepare(1)).stdoutFile;
  copied = [];
});

afterEach(async () => {
  for (const driver of drivers.splice(0)) driver.close();
  await store.close();
  rmSync(root, { recursive: true });
});

function open(
  size?: { columns: number; rows: number },
  read: LogStore['read'] = (request) => store.read(request),
): LogPaneDriver {
  const driver = createLogPaneDriver((request: LogReadRequest) => read(request), size, {
    feed: {
      search: (request) => store.search(request),
      runs: ({ instanceId }) => store.runs(instanceId),
      files: ({ instanceId }) => store.files(instanceId),
      cwd: root,
      copy: async (text) => {
        copied.push(text);
        return '';
      },
    },
  });
  drivers.push(driver);
  return driver;
}

const numbered = (from: number, to: number): string => {
  let text = '';
  for (let n = from; n <= to; n++) text += `line ${n}\n`;
  return text;
};
const first = (driver: LogPaneDriver) => driver.rows().at(0);
const last = (driver: LogPaneDriver) => driver.rows().at(-1);

function isEndHeld(driver: LogPaneDriver): boolean {
  const { window, tailOffset } = driver.state();
  return window !== null && windowEnd(window) === tailOffset;
}

describe('following', () => {
  test('shows the end of the log and what is added to it, also a line that has not ended', async () => {
    writeFileSync(file, numbered(1, 100));
    const driver = open();
    await driver.waitFor(() => last(driver) === 'line 100');
    expect(driver.rows()).toHaveLength(10);
    expect(driver.lines()[0]).toMatch(/^ web {2}stdout .* end {2}following$/);
    appendFileSync(file, 'line 101\nPassword:');
    await driver.waitFor(() => last(driver) === 'Password:');
    appendFileSync(file, ' ok\n');
    await driver.waitFor(() => last(driver) === 'Password: ok');
  });

  test('an empty log says so', async () => {
    const driver = open();
    await driver.waitFor(() =>
      /No output yet since it was started at .* \(1m00s ago\)/.test(driver.lines()[2] ?? ''),
    );
    appendFileSync(file, 'hello\n');
    await driver.waitFor(() => first(driver) === 'hello');
  });

  test('a flood is jumped over, said, and can be scrolled to; what is held stays bounded', async () => {
    writeFileSync(file, numbered(1, 10));
    const driver = open();
    await driver.waitFor(() => last(driver) === 'line 10');
    for (let n = 0; n < 20; n++) appendFileSync(file, numbered(11 + n * 10_000, 10 + (n + 1) * 10_000));
    await driver.waitFor(() => last(driver) === 'line 200010');
    expect(driver.status()).toMatch(/came too fast to be shown: scroll up to see it/);
    expect(driver.mostHeldBytes()).toBeLessThan(WINDOW_LIMIT_BYTES);
    for (let page = 1; page <= 500; page++) {
      await driver.waitFor(() => driver.state().backwardId === null);
      driver.dispatch({ type: 'page', pages: -1 });
      expect(first(driver)).toBe(`line ${200_001 - page * 9}`);
    }
    expect(driver.mostHeldBytes()).toBeLessThan(WINDOW_LIMIT_BYTES);
  });
});

describe('paused', () => {
  test('really stays put while lines arrive, counts them, and goes on at the end', async () => {
    writeFileSync(file, numbered(1, 100));
    const driver = open();
    await driver.waitFor(() => last(driver) === 'line 100');
    driver.dispatch({ type: 'scroll', rows: -3 });
    const before = driver.rows();
    expect(before[0]).toBe('line 88');
    expect(driver.lines()[0]).toMatch(/paused$/);
    appendFileSync(file, numbered(101, 1234));
    await driver.waitFor(() => driver.status() === '1,134 new lines below  (G follows)');
    expect(driver.rows()).toEqual(before);
    driver.dispatch({ type: 'follow' });
    await driver.waitFor(() => last(driver) === 'line 1234');
    appendFileSync(file, numbered(1235, 1235));
    await driver.waitFor(() => last(driver) === 'line 1235');
  });

  test('stops reading far below the screen, but says how much has come', async () => {
    writeFileSync(file, numbered(1, 100));
    const driver = open();
    await driver.waitFor(() => last(driver) === 'line 100');
    driver.dispatch({ type: 'toggle-follow' });
    const before = driver.rows();
    for (let n = 0; n < 6; n++) appendFileSync(file, numbered(1, 100_000));
    await driver.waitFor(() => /^[\d,]+ new lines and 6\.\dM more below/.test(driver.status()));
    expect(driver.rows()).toEqual(before);
    expect(driver.mostHeldBytes()).toBeLessThan(300_000);
    driver.dispatch({ type: 'toggle-follow' });
    await driver.waitFor(() => last(driver) === 'line 100000');
    expect(driver.status()).toBe('');
  });

  test('scrolls through all of a log of many megabytes, each line once, both ways', async () => {
    const lines = 60_001;
    const rows = 1001;
    const long = '.'.repeat(100);
    writeFileSync(file, numbered(1, lines).replaceAll('\n', `${long}\n`));
    const from = (top: number) => Array.from({ length: rows }, (_, n) => `line ${top + n}${long}`);
    const driver = open({ columns: 120, rows });
    await driver.waitFor(() => last(driver) === `line ${lines}${long}`);
    driver.dispatch({ type: 'head' });
    await driver.waitFor(() => first(driver) === `line 1${long}`);
    for (let top = 1; top <= lines - 1000; top += 1000) {
      await driver.waitFor(() => driver.state().forward?.kind === 'peek' || isEndHeld(driver));
      expect(driver.rows().join()).toBe(from(top).join());
      driver.dispatch({ type: 'page', pages: 1 });
    }
    expect(last(driver)).toBe(`line ${lines}${long}`);
    for (let top = lines - 2000; top > 0; top -= 1000) {
      await driver.waitFor(() => driver.state().backwardId === null);
      driver.dispatch({ type: 'page', pages: -1 });
      expect(driver.rows().join()).toBe(from(top).join());
    }
    expect(driver.mostHeldBytes()).toBeLessThan(WINDOW_LIMIT_BYTES);
  });

  test('scrolls through a line of many megabytes', async () => {
    writeFileSync(file, `before\n${'0123456789'.repeat(1_000_000)}\nafter\n`);
    const driver = open();
    await driver.waitFor(() => last(driver) === 'after');
    expect(driver.rows().at(-2)).toMatch(/^<\d{50}/);
    driver.dispatch({ type: 'head' });
    await driver.waitFor(() => first(driver) === 'before' && driver.rows().length === 10);
    expect(driver.rows()[1]).toMatch(/^0123.*>$/);
    expect(driver.mostHeldBytes()).toBeLessThan(WINDOW_LIMIT_BYTES);
  });
});

describe('wide lines', () => {
  beforeEach(() => writeFileSync(file, `${'abcdefghij'.repeat(10)}\n日本語${'x'.repeat(60)}\nend\n`));

  test('are cut at the edge, with a sign, and can be scrolled sideways', async () => {
    const driver = open({ columns: 20, rows: 6 });
    await driver.waitFor(() => last(driver) === 'end');
    expect(driver.rows()).toEqual(['abcdefghijabcdefghi>', '日本語xxxxxxxxxxxxx>', 'end']);
    driver.dispatch({ type: 'pan', columns: 1 });
    expect(driver.rows()).toEqual(['<cdefghijabcdefghij>', '<本語xxxxxxxxxxxxxx>', '<d']);
    driver.dispatch({ type: 'pan', columns: -8 });
    expect(driver.rows()[0]).toBe('abcdefghijabcdefghi>');
  });

  test('are wrapped, and scrolled by rows', async () => {
    const driver = open({ columns: 20, rows: 6 });
    await driver.waitFor(() => last(driver) === 'end');
    driver.dispatch({ type: 'toggle-wrap' });
    expect(driver.rows()).toEqual([
      'abcdefghijabcdefghij',
      '日本語xxxxxxxxxxxxxx',
      'x'.repeat(20),
      'x'.repeat(20),
      'x'.repeat(6),
      'end',
    ]);
    driver.dispatch({ type: 'scroll', rows: -2 });
    expect(driver.rows()[0]).toBe('abcdefghijabcdefghij');
    expect(driver.rows().at(-1)).toBe('x'.repeat(20));
    driver.dispatch({ type: 'scroll', rows: 100 });
    expect(last(driver)).toBe('end');
    expect(driver.state().isFollowing).toBe(false);
  });
});

describe('search', () => {
  const search = (driver: LogPaneDriver, text: string): void => {
    driver.dispatch({ type: 'search' });
    driver.dispatch({ type: 'text-edit', edit: { type: 'insert', text } });
    driver.dispatch({ type: 'text-submit' });
  };
  const hit = (driver: LogPaneDriver) => {
    const { hit: offset } = driver.state();
    return offset;
  };

  test('goes from match to match among what is held, with a count', async () => {
    writeFileSync(
      file,
      `${numbered(1, 50)}ERROR one\n${numbered(51, 60)}\x1b[31mer\x1b[1mror two\n${numbered(61, 90)}`,
    );
    const driver = open();
    await driver.waitFor(() => last(driver) === 'line 90');
    await driver.waitFor(() => driver.state().backwardId === null);
    search(driver, 'error');
    expect(driver.rows()).toContain('error two');
    expect(driver.lines().at(-1)).toMatch(/\/error {2}2 lines here$/);
    driver.dispatch({ type: 'next-match', step: -1 });
    expect(driver.rows()).toContain('ERROR one');
    driver.dispatch({ type: 'next-match', step: -1 });
    expect(driver.status()).toMatch(/"error" is nowhere above/);
    driver.dispatch({ type: 'next-match', step: 1 });
    expect(driver.rows()).toContain('error two');
    search(driver, 'ERROR');
    expect(driver.rows()).toContain('ERROR one');
    driver.dispatch({ type: 'cancel' });
    expect(driver.status()).not.toMatch(/ERROR/);
  });

  test('goes on through the log itself, upwards and downwards, far from what is held', async () => {
    writeFileSync(
      file,
      `${numbered(1, 50_000)}needle here\n${numbered(50_001, 130_000)}needle there\n${numbered(1, 1000)}`,
    );
    const driver = open();
    await driver.waitFor(() => last(driver) === 'line 1000');
    search(driver, 'needle');
    await driver.waitFor(() => driver.rows().includes('needle there'));
    driver.dispatch({ type: 'next-match', step: -1 });
    await driver.waitFor(() => driver.rows().includes('needle here') && driver.rows().includes('line 49999'));
    expect(driver.rows()[3]).toBe('needle here');
    const there = hit(driver);
    driver.dispatch({ type: 'next-match', step: 1 });
    await driver.waitFor(() => driver.rows().includes('needle there') && hit(driver) !== there);
    driver.dispatch({ type: 'next-match', step: 1 });
    await driver.waitFor(() => /nowhere below/.test(driver.status()));
    driver.dispatch({ type: 'follow' });
    await driver.waitFor(() => last(driver) === 'line 1000');
  });

  test('can be stopped', async () => {
    writeFileSync(file, numbered(1, 400_000));
    const driver = open();
    await driver.waitFor(() => last(driver) === 'line 400000');
    search(driver, 'nowhere to be found');
    expect(driver.status()).toMatch(/^searching above, .* \(esc stops\)/);
    driver.dispatch({ type: 'cancel' });
    expect(driver.status()).toMatch(/^search stopped/);
    driver.dispatch({ type: 'cancel' });
    expect(driver.state().matcher).toBeNull();
  });
});

describe('search where the log is', () => {
  const search = (driver: LogPaneDriver, text: string): void => {
    driver.dispatch({ type: 'search' });
    driver.dispatch({ type: 'text-edit', edit: { type: 'insert', text } });
    driver.dispatch({ type: 'text-submit' });
  };
  /** Lines of which every 1,000th is looked for; so many as no pane holds. */
  const many = (lines = 200_000): string => {
    let text = '';
    for (let n = 1; n <= lines; n++) text += n % 1000 === 0 ? `needle ${n}\n` : `line ${n}\n`;
    return text;
  };

  test('counts all matches, tells which one is shown, and asks for no text but that around it', async () => {
    writeFileSync(file, many());
    let readBytes = 0;
    const driver = open(undefined, async (request) => {
      const result = await store.read(request);
      readBytes += result.data.length;
      return result;
    });
    await driver.waitFor(() => last(driver) === 'needle 200000');
    driver.dispatch({ type: 'head' });
    await driver.waitFor(() => first(driver) === 'line 1');
    const before = readBytes;
    search(driver, 'needle 100000');
    await driver.waitFor(() => driver.rows().includes('needle 100000') && / 1 of 1$/.test(driver.status()));
    // The lines around it come too, each side by a read of its own.
    await driver.waitFor(() => driver.rows().includes('line 99999') && driver.rows().includes('line 100005'));
    expect(readBytes - before).toBeLessThan(1024 * 1024);
    search(driver, '-r needle [0-9]+000$');
    await driver.waitFor(() => / 100 of 200$/.test(driver.status()));
    driver.dispatch({ type: 'next-match', step: 1 });
    await driver.waitFor(() => / 101 of 200$/.test(driver.status()));
    driver.dispatch({ type: 'next-match', step: -1 });
    driver.dispatch({ type: 'next-match', step: -1 });
    await driver.waitFor(() => / 99 of 200$/.test(driver.status()));
  });

  test('a pattern that is none is named, and nothing is asked', async () => {
    writeFileSync(file, numbered(1, 20));
    const driver = open();
    await driver.waitFor(() => last(driver) === 'line 20');
    search(driver, '-r (');
    expect(driver.status()).toMatch(/^"\(" is no regular expression/);
    expect(driver.state().matcher).toBeNull();
  });

  test('esc stops the count too, and it is said how far it has come', async () => {
    writeFileSync(file, many());
    const steps: (() => void)[] = [];
    const driver = createLogPaneDriver((request) => store.read(request), undefined, {
      feed: {
        search: async (request) => {
          await new Promise<void>((resolve) => steps.push(resolve));
          return store.search({ ...request, maxBytes: 500_000 });
        },
      },
    });
    drivers.push(driver);
    await driver.waitFor(() => last(driver) === 'needle 200000');
    search(driver, 'needle');
    await driver.waitFor(() => steps.length > 0);
    steps.shift()?.();
    await driver.waitFor(() => /\+ counting [1-9]\d?%$/.test(driver.status()));
    const asked = steps.length;
    driver.dispatch({ type: 'cancel' });
    expect(driver.status()).toBe('search stopped');
    for (const step of steps.splice(0)) step();
    driver.dispatch({ type: 'cancel' });
    await driver.waitFor(() => driver.state().tally === null && steps.length === 0);
    expect(asked).toBeLessThanOrEqual(1);
  });

  test('of merged logs the matches of all are counted', async () => {
    writeFileSync(file, many(20_000));
    const other = (await store.prepare(2)).stdoutFile;
    writeFileSync(other, 'needle of the other\nno more\n');
    const driver = createLogPaneDriver((request) => store.read(request), undefined, {
      sources: [1, 2].map((instanceId) => ({ instanceId, file: 'stdout', label: `web-${instanceId}` })),
      feed: { search: (request) => store.search(request) },
    });
    drivers.push(driver);
    await driver.waitFor(() => driver.rows().some((row) => row.endsWith('needle 20000')));
    search(driver, 'needle');
    await driver.waitFor(() => /needle {2}21 lines$/.test(driver.status()));
  });
});

describe('runs, files, marks, selection', () => {
  test('p goes to the run before, as far as there are any', async () => {
    for (const run of ['a', 'b', 'c']) {
      await store.beginRun(1, run);
      appendFileSync(file, `run ${run} begins\n${numbered(1, 30)}`);
      await store.endRun(1, run);
    }
    const driver = open();
    await driver.waitFor(() => last(driver) === 'line 30');
    driver.dispatch({ type: 'run', step: -1 });
    await driver.waitFor(() => first(driver) === 'run b begins');
    expect(driver.status()).toMatch(/^run 2 of 3, started /);
    driver.dispatch({ type: 'run', step: -1 });
    await driver.waitFor(() => first(driver) === 'run a begins');
    driver.dispatch({ type: 'run', step: -1 });
    await driver.waitFor(() => /^no run before this one/.test(driver.status()));
    driver.dispatch({ type: 'run', step: 1 });
    await driver.waitFor(() => first(driver) === 'run b begins');
  });

  test('another file of the instance is shown in its place', async () => {
    store.configure(1, { rotation: logRotationSchema.parse({}), logPaths: ['*.txt'] });
    writeFileSync(file, numbered(1, 5));
    writeFileSync(join(dirname(file), 'access.txt'), 'GET /\n');
    const driver = open();
    await driver.waitFor(() => last(driver) === 'line 5');
    driver.dispatch({ type: 'files' });
    await driver.waitFor(() => driver.state().files !== null);
    const at = driver.state().files?.list.findIndex(({ name }) => name.endsWith('access.txt')) ?? -1;
    expect(driver.rows().join('\n')).toMatch(/access\.txt +6B +/);
    driver.dispatch({ type: 'file-move', move: 'home' });
    for (let n = 0; n < at; n++) driver.dispatch({ type: 'file-move', move: 'down' });
    driver.dispatch({ type: 'file-open' });
    await driver.waitFor(() => last(driver) === 'GET /');
    expect(driver.lines()[0]).toContain('access.txt');
  });

  test('marks are come back to, from anywhere in a log', async () => {
    writeFileSync(file, numbered(1, 400_000));
    const driver = open();
    await driver.waitFor(() => last(driver) === 'line 400000');
    driver.dispatch({ type: 'mark' });
    driver.dispatch({ type: 'head' });
    await driver.waitFor(() => first(driver) === 'line 1');
    driver.dispatch({ type: 'scroll', rows: 4 });
    driver.dispatch({ type: 'mark' });
    driver.dispatch({ type: 'next-mark' });
    await driver.waitFor(() => driver.rows().includes('line 400000'));
    driver.dispatch({ type: 'next-mark' });
    await driver.waitFor(() => first(driver) === 'line 5');
  });

  test('lines are selected and copied as text, without colours', async () => {
    writeFileSync(file, `${numbered(1, 20)}\x1b[31mred\x1b[0m alert\nplain\nlast\n`);
    const driver = open();
    await driver.waitFor(() => last(driver) === 'last');
    driver.dispatch({ type: 'select' });
    driver.dispatch({ type: 'select-move', move: 'up' });
    driver.dispatch({ type: 'select-move', move: 'up' });
    expect(driver.status()).toBe('3 lines selected');
    driver.dispatch({ type: 'select-move', move: 'down' });
    driver.dispatch({ type: 'copy' });
    await driver.waitFor(() => driver.status() === 'copied 2 lines, 11B');
    expect(copied).toEqual(['plain\nlast\n']);
    driver.dispatch({ type: 'select' });
    driver.dispatch({ type: 'select-move', move: 'home' });
    expect(first(driver)).toBe('line 1');
    driver.dispatch({ type: 'copy' });
    // From the top of the screen, where a choice begins when nothing is followed.
    expect(copied[1]).toBe(numbered(1, 14));
  });

  test('too much for a clipboard is not cut off but refused', async () => {
    writeFileSync(file, numbered(1, 20_000));
    const driver = open({ columns: 100, rows: 4000 });
    await driver.waitFor(() => last(driver) === 'line 20000');
    await driver.waitFor(() => driver.state().backwardId === null);
    driver.dispatch({ type: 'select' });
    driver.dispatch({ type: 'select-move', move: 'home' });
    expect(driver.status()).toBe('selected as far as is held here: S saves all of it');
    driver.dispatch({ type: 'copy' });
    expect(driver.status()).toMatch(/^\d+K are too much to copy: a terminal takes 73K; .* save with S$/);
    expect(copied).toEqual([]);
  });
});

describe('save', () => {
  const save = (driver: LogPaneDriver, path: string): void => {
    driver.dispatch({ type: 'save', defaultPath: path });
    driver.dispatch({ type: 'text-submit' });
  };

  test('writes all of the log, says how much, and never over a file unasked', async () => {
    const text = numbered(1, 100_000);
    writeFileSync(file, text);
    const driver = open({ columns: 160, rows: 10 });
    await driver.waitFor(() => last(driver) === 'line 100000');
    save(driver, 'out.log');
    await driver.waitFor(() => /^saved/.test(driver.status()));
    expect(driver.status()).toBe(
      `saved ${text.length.toLocaleString('en')} bytes (${(text.length / 1024 ** 2).toFixed(1)}M) to ${join(root, 'out.log')}`,
    );
    expect(readFileSync(join(root, 'out.log'), 'utf8')).toBe(text);
    writeFileSync(join(root, 'mine.txt'), 'precious');
    save(driver, 'mine.txt');
    await driver.waitFor(() => /mine\.txt is there already: overwrite it\?/.test(driver.status()));
    driver.dispatch({ type: 'cancel' });
    expect(driver.status()).toBe('not saved');
    expect(readFileSync(join(root, 'mine.txt'), 'utf8')).toBe('precious');
    save(driver, 'mine.txt');
    await driver.waitFor(() => driver.state().overwrite !== null);
    driver.dispatch({ type: 'overwrite' });
    await driver.waitFor(() => /^saved/.test(driver.status()));
    expect(readFileSync(join(root, 'mine.txt'), 'utf8')).toBe(text);
  });

  test('of a filter, what it shows; what cannot be written is said, and nothing half done stays', async () => {
    writeFileSync(file, numbered(1, 100));
    const driver = open({ columns: 160, rows: 10 });
    await driver.waitFor(() => last(driver) === 'line 100');
    driver.dispatch({ type: 'filter' });
    driver.dispatch({ type: 'text-edit', edit: { type: 'insert', text: '7' } });
    driver.dispatch({ type: 'text-submit' });
    await driver.waitFor(() => last(driver) === 'line 97');
    save(driver, 'sevens.log');
    await driver.waitFor(() => /^saved/.test(driver.status()));
    const sevens = numbered(1, 100)
      .split('\n')
      .filter((line) => line.includes('7'));
    expect(readFileSync(join(root, 'sevens.log'), 'utf8')).toBe(`${sevens.join('\n')}\n`);
    save(driver, 'no/such/directory.log');
    await driver.waitFor(() => /^not saved: there is no directory/.test(driver.status()));
  });

  test('a log that cannot be read to its end leaves no file behind', async () => {
    writeFileSync(file, numbered(1, 100_000));
    const driver = open({ columns: 160, rows: 10 }, (request) => {
      const { from } = request;
      const isFar = typeof from === 'object' && from.offset > 500_000 && request.maxBytes > 100_000;
      return isFar ? Promise.reject(new SgridError('disconnected', 'cut')) : store.read(request);
    });
    await driver.waitFor(() => last(driver) === 'line 100000');
    save(driver, 'half.log');
    await driver.waitFor(() => /^not saved: cut/.test(driver.status()));
    expect(existsSync(join(root, 'half.log'))).toBe(false);
  });
});

describe('trouble', () => {
  test('a lost link is said; afterwards nothing is missing and nothing comes twice', async () => {
    writeFileSync(file, numbered(1, 5));
    let isDown = false;
    const driver = open(undefined, (request) =>
      isDown
        ? Promise.reject(new SgridError('disconnected', 'the link to the master is down'))
        : store.read({ ...request, waitMs: Math.min(request.waitMs, 50) }),
    );
    await driver.waitFor(() => last(driver) === 'line 5');
    isDown = true;
    await driver.waitFor(() => driver.status() === 'the link to the master is down  goes on by itself');
    expect(last(driver)).toBe('line 5');
    appendFileSync(file, numbered(6, 8));
    isDown = false;
    await driver.waitFor(() => last(driver) === 'line 8');
    expect(driver.rows()).toEqual(numbered(1, 8).trim().split('\n'));
    expect(driver.status()).toBe('');
  });

  test('a log that was emptied by hand goes on below what was held', async () => {
    writeFileSync(file, numbered(1, 5));
    const driver = open();
    await driver.waitFor(() => last(driver) === 'line 5');
    truncateSync(file, 0);
    appendFileSync(file, 'new\n');
    await driver.waitFor(() => last(driver) === 'new');
    expect(driver.rows().slice(-3)).toEqual(['line 5', '--- the log was deleted, and begun anew ---', 'new']);
    appendFileSync(file, 'newer\n');
    await driver.waitFor(() => last(driver) === 'newer');
  });

  test('bytes that are kept no longer are shown as a gap', async () => {
    writeFileSync(file, numbered(1, 5));
    const driver = open();
    await driver.waitFor(() => last(driver) === 'line 5');
    const state = { ...driver.state(), forward: { readId: 999, kind: 'next' as const } };
    const start = { lineage: state.lineage, offset: 35 + 5000 };
    const data = Buffer.from('later\n');
    const end = { ...start, offset: start.offset + data.length };
    const next = reduceLogPane(state, {
      type: 'read-done',
      readId: 999,
      result: { data, start, end, headOffset: 5000, tailOffset: end.offset, lostBytes: 5000 },
    });
    expect(next.state.window?.blocks.map((block) => block.kind)).toEqual(['text', 'lost', 'text']);
    expect(next.effects).toMatchObject([{ request: { from: end, direction: 'forward' } }]);
  });

  test('an answer that nobody waits for any more changes nothing', async () => {
    writeFileSync(file, numbered(1, 5));
    const driver = open();
    await driver.waitFor(() => last(driver) === 'line 5');
    const { state } = reduceLogPane(driver.state(), {
      type: 'read-done',
      readId: 12_345,
      result: await store.read({
        instanceId: 1,
        file: 'stdout',
        from: 'head',
        direction: 'forward',
        maxBytes: 100,
        waitMs: 0,
      }),
    });
    expect(state).toEqual(driver.state());
  });

  test('never more than one long poll, whatever the keys', async () => {
    writeFileSync(file, numbered(1, 50_000));
    let polls = 0;
    let most = 0;
    let started = Promise.withResolvers<void>();
    const driver = open(undefined, async (request) => {
      if (request.waitMs === 0) return store.read(request);
      polls += 1;
      most = Math.max(most, polls);
      started.resolve();
      return store.read({ ...request, waitMs: 200 }).finally(() => {
        polls -= 1;
      });
    });
    await started.promise;
    for (let n = 0; n < 3; n++) {
      driver.dispatch({ type: 'head' });
      await driver.waitFor(() => first(driver) === 'line 1');
      started = Promise.withResolvers<void>();
      driver.dispatch({ type: 'follow' });
      await driver.waitFor(() => last(driver) === 'line 50000');
      await started.promise;
    }
    appendFileSync(file, 'after all\n');
    await driver.waitFor(() => last(driver) === 'after all');
    expect(most).toBe(1);
  });
});

test('the marks between the runs of a program stand out', async () => {
  writeFileSync(file, `one\n${formatMark(Date.UTC(2026, 0, 2, 3, 4, 5), 'started, pid 7')}\ntwo\n`);
  const driver = open();
  await driver.waitFor(() => last(driver) === 'two');
  expect(driver.rows()[1]).toMatch(/^--- 2026-01-02 03:04:05 started, pid 7 ---$/);
});
