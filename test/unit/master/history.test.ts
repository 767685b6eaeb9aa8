import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packFigures } from '../../../common/domain/figures.ts';
import { createHistory, type History } from '../../../master/history/history.ts';
import { openStore, type Store } from '../../../master/store/open-store.ts';
import { instanceFigures, nodeFigures } from '../../support/figures.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A time at which buckets of every level begin. */
const START = 1_800_000_000_000;

let directory: string;
let file: string;
let store: Store;
let history: History;
let clock: number;
let logged: string[];

const open = async (): Promise<void> => {
  store = await openStore({ file, now: () => clock });
  history = createHistory({
    store,
    now: () => clock,
    // Never by itself: a test closes it.
    flushIntervalMs: 2 ** 30,
    logger: {
      warn: (_: unknown, text?: string) => void logged.push(text ?? ''),
      info: (text: unknown) => void logged.push(String(text)),
    } as never,
  });
};
const close = async (): Promise<void> => {
  await history.close();
  await store.close();
};
const reopen = async (): Promise<void> => {
  await close();
  await open();
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-history-'));
  file = join(directory, 'master.db');
  clock = START;
  logged = [];
  await open();
});
afterEach(async () => {
  await close();
  rmSync(directory, { recursive: true });
});

/** A sample a second of one node with one instance that uses so many thousandths of a core. */
const run = (seconds: number, cpuOf: (second: number) => number | null): void => {
  for (let second = 0; second < seconds; second++) {
    const cpuMillicores = cpuOf(second);
    const instances =
      cpuMillicores === null
        ? []
        : packFigures([instanceFigures({ instanceId: 7, cpuMillicores, memoryBytes: 64 * 1024 * 1024 })]);
    const node = nodeFigures({ cpuMillicores: 500, load: [1.5, 0, 0] });
    history.add(1, { at: clock, node, instances }, clock);
    clock += SECOND;
  }
};
const cpu = async (from: number, to: number, points = 240, instanceId: number | null = 7) => {
  const { metrics } = await history.read({ nodeId: 1, instanceId, from, to, points });
  return metrics.cpuMillicores ?? [];
};
const rowsOf = (): { scope: string; resolutionMs: number; rows: number }[] => {
  const sqlite = new Sqlite(file, { readonly: true });
  try {
    return sqlite
      .prepare(
        'select scope, resolutionMs, count(*) as rows from figures_history group by 1, 2 order by 1 desc, 2',
      )
      .all() as never;
  } finally {
    sqlite.close();
  }
};

test('what has just come is to be read at once, ten seconds a point, with gaps where nothing came', async () => {
  run(60, (second) => (second >= 20 && second < 40 ? null : second));
  expect(await cpu(START, clock)).toEqual([[0, 5, 9], [10, 15, 19], null, null, [40, 45, 49], [50, 55, 59]]);
  const node = await history.read({ nodeId: 1, instanceId: null, from: START, to: clock, points: 6 });
  expect(node.metrics.loadHundredths?.[0]).toEqual([150, 150, 150]);
  expect(node.metrics.throttledPermille?.[0]).toBeNull();
});

test('a master that is started again knows all of it, also of the span that it stopped in', async () => {
  run(95, () => 100);
  await reopen();
  run(25, () => 300);
  const points = await cpu(START, START + 2 * MINUTE, 2);
  expect(points).toEqual([
    [100, 100, 100],
    [100, 183, 300],
  ]);
  expect(await cpu(START, clock)).toHaveLength(12);
  expect(await cpu(START, clock)).not.toContain(null);
});

test('after a day there are ten seconds for an hour, minutes for a day and ten minutes for the rest, and no more rows', async () => {
  for (let minute = 0; minute < 26 * 60; minute++) {
    run(1, () => minute % 60);
    clock += 59 * SECOND;
    if (minute % 60 === 59) await reopen();
  }
  await reopen();
  expect(rowsOf()).toEqual([
    { scope: 'node', resolutionMs: 10_000, rows: expect.closeTo(60, -0.5) },
    { scope: 'node', resolutionMs: 60_000, rows: expect.closeTo(24 * 60, -0.5) },
    { scope: 'node', resolutionMs: 600_000, rows: expect.closeTo(26 * 6, -0.5) },
    { scope: 'instances', resolutionMs: 10_000, rows: expect.closeTo(60, -0.5) },
    { scope: 'instances', resolutionMs: 60_000, rows: expect.closeTo(24 * 60, -0.5) },
    { scope: 'instances', resolutionMs: 600_000, rows: expect.closeTo(26 * 6, -0.5) },
  ]);
  // The first hours are known by ten minutes only, and known all the same.
  const whole = await cpu(START, clock, 26);
  expect(whole).not.toContain(null);
  expect(whole[0]).toEqual([0, 30, 59]);
  await expect(cpu(START, START + DAY - 23 * HOUR, 60)).resolves.not.toContain(null);
});

test('a node that is removed takes its history along', async () => {
  run(30, () => 5);
  await reopen();
  await history.removeNode(1);
  expect(await cpu(START, clock)).toEqual([null, null, null]);
  expect(rowsOf()).toEqual([]);
});

test('a disk that is full is said, once, and harms nothing; what comes later is kept', async () => {
  const sqlite = new Sqlite(file);
  sqlite.exec(`create trigger full before insert on figures_history
    begin select raise(fail, 'database or disk is full'); end`);
  run(15, () => 5);
  await history.close();
  const asked = { nodeId: 1, instanceId: 7, from: START, to: clock, points: 10 };
  await expect(history.read(asked)).resolves.toMatchObject({
    problem: expect.stringContaining('disk is full'),
    saidProblem: { text: 'history is not being written: {0}', values: ['database or disk is full'] },
  });
  await history.close();
  expect(logged.filter((text) => text.includes('cannot be written'))).toHaveLength(1);
  expect((await store.events.list({ limit: 1 })).length).toBe(0);
  sqlite.exec('drop trigger full');
  sqlite.close();
  run(10, () => 9);
  await history.close();
  await expect(history.read({ ...asked, to: clock })).resolves.toMatchObject({ problem: '' });
  expect(await cpu(clock - 10 * SECOND, clock)).toContainEqual([9, 9, 9]);
});
