import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseJournal, readJournals } from '../chaos/journal.ts';
import { createLogCheck } from '../chaos/log-check.ts';
import { waitFor } from '../support/wait-for.ts';

const PROGRAM = fileURLToPath(new URL('../chaos/services/run.sh', import.meta.url));

describe('what a program writes down of itself', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sgrid-journal-'));
    mkdirSync(join(directory, 'web'));
    writeFileSync(join(directory, 'version'), '3\n');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const run = (...args: string[]) =>
    execa(PROGRAM, args, {
      cwd: directory,
      env: { CHAOS_JOURNAL: directory, CHAOS_SERVICE: 'web' },
      reject: false,
    });

  test('an exit is announced, and all its lines are there', async () => {
    const ended = await run('exit', '42', '0');
    expect(ended.exitCode).toBe(42);
    const [journal, ...others] = readJournals(directory);
    expect(others).toEqual([]);
    expect(journal).toMatchObject({ service: 'web', version: '3', planned: 5, wrote: 5, isPolite: false });
    expect(journal?.end).toMatchObject({ how: 'code', what: '42', lines: 5 });
    const check = createLogCheck('web');
    check.feed(Buffer.from(`${ended.stdout}\n`));
    expect(check.verdict(readJournals(directory)).wrong).toEqual([]);
  });

  test('a death by a signal too', async () => {
    const ended = await run('signal', 'KILL');
    expect(ended.signal).toBe('SIGKILL');
    expect(readJournals(directory)[0]?.end).toMatchObject({ how: 'signal', what: 'SIGKILL' });
  });

  test('SIGTERM is heeded, and the second of two finds the first', async () => {
    const first = run('steady');
    await waitFor('the first', () => readJournals(directory)[0]?.isPolite);
    await run('exit', '0', '0');
    first.kill('SIGTERM');
    expect((await first).exitCode).toBe(0);
    const [older, newer] = readJournals(directory);
    expect(newer?.doubles).toEqual([older?.name]);
    expect(older?.doubles).toEqual([]);
  });
});

test('a journal that is cut off in a line counts up to there', () => {
  const journal = parseJournal('web', '7-700', '1.00 run 1 plain\n1.10 plan 5\n1.2');
  expect(journal).toMatchObject({ pid: 7, ticks: '700', startedAt: 7000, planned: 5, wrote: 0, end: null });
  expect(parseJournal('web', '7-700', '1.00 ru')).toBeNull();
  expect(() => parseJournal('web', '7-700', '1.00 what\n')).toThrow('journal web/7-700');
});
