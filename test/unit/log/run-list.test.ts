import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { logReadRequestSchema } from '../../../common/domain/log.ts';
import { createLogStore } from '../../../node/log/create-log-store.ts';
import type { LogStore } from '../../../node/log/log-store.ts';
import { openRunList } from '../../../node/log/run-list.ts';

let base: string;
let store: LogStore;
let stdout: string;
let now: number;

beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'sgrid-runs-'));
  now = 1000;
  store = createLogStore({ root: join(base, 'logs'), clock: () => now++ });
  stdout = (await store.prepare(1)).stdoutFile;
});
afterEach(async () => {
  await store.close();
  rmSync(base, { recursive: true, force: true });
});

const outputOf = async (runId: string): Promise<string> => {
  const run = (await store.runs(1)).find((each) => each.runId === runId);
  if (run === undefined) throw new Error(`no run ${runId}`);
  const maxBytes = (run.end?.offset ?? 1e6) - run.start.offset;
  const { data } = await store.read(logReadRequestSchema.parse({ instanceId: 1, from: run.start, maxBytes }));
  return Buffer.from(data).toString();
};

test('each run is where it began and ended, also one whose end nobody saw', async () => {
  await store.beginRun(1, '1-a');
  appendFileSync(stdout, 'first\n');
  await store.endRun(1, '1-a');
  appendFileSync(stdout, 'between\n');
  await store.beginRun(1, '2-b');
  appendFileSync(stdout, 'second\n');
  await store.beginRun(1, '3-c');
  appendFileSync(stdout, 'third\n');
  expect(await outputOf('1-a')).toBe('first\n');
  expect(await outputOf('2-b')).toBe('second\n');
  expect(await outputOf('3-c')).toBe('third\n');
  const runs = await store.runs(1);
  expect(runs.map(({ runId, endedAt }) => [runId, endedAt !== null])).toEqual([
    ['1-a', true],
    ['2-b', true],
    ['3-c', false],
  ]);
  expect(runs.every(({ startedAt, endedAt }) => endedAt === null || endedAt >= startedAt)).toBe(true);
});

test('the same once more changes nothing, as an agent that was killed does it', async () => {
  await store.beginRun(1, '1-a');
  appendFileSync(stdout, 'output\n');
  const begun = await store.runs(1);
  await store.beginRun(1, '1-a');
  expect(await store.runs(1)).toEqual(begun);
  await store.endRun(1, '1-a');
  const ended = await store.runs(1);
  appendFileSync(stdout, 'later\n');
  await store.endRun(1, '1-a');
  await store.endRun(1, '9-unheard-of');
  expect(await store.runs(1)).toEqual(ended);
});

test('two hundred are kept; a file that was spoiled is begun anew', async () => {
  const file = join(base, 'runs');
  const runs = openRunList(file);
  for (let run = 1; run <= 205; run += 1) runs.begin(`${run}-x`, run, { lineage: 'a', offset: run });
  expect(runs.all().length).toBe(200);
  expect(runs.all().at(-1)?.runId).toBe('205-x');
  writeFileSync(file, readFileSync(file, 'utf8').slice(0, 100));
  expect(runs.all()).toEqual([]);
  runs.begin('206-x', 1, { lineage: 'a', offset: 1 });
  expect(runs.all().length).toBe(1);
});

test('an instance that was never started here has none', async () => {
  await expect(store.runs(9)).rejects.toMatchObject({ code: 'not_found' });
});
