import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createInstanceLog, type InstanceLog } from '../../../node/log/instance-log.ts';
import { makeLogFile } from '../../../node/log/live-file.ts';
import { createOpenFiles, type OpenFiles } from '../../../node/log/open-files.ts';
import { createBlockCache } from '../../../node/log/read-archive.ts';

let base: string;
let openFiles: OpenFiles;
let log: InstanceLog;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sgrid-instance-log-'));
  openFiles = createOpenFiles(4);
  const file = join(base, '1', 'stdout.log');
  makeLogFile(file);
  appendFileSync(file, 'some lines\n'.repeat(20));
  log = createInstanceLog({
    ...{ file, openFiles, blockCache: createBlockCache(1) },
    newLineageId: () => 'one',
    clock: () => 0,
    recover: async () => {},
  });
});
afterEach(() => {
  openFiles.close();
  rmSync(base, { recursive: true, force: true });
});

test('while offsets change, views of before are no longer current, and nobody gets a new one', async () => {
  const before = await log.view();
  expect(before.isCurrent()).toBe(true);
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  const order: string[] = [];
  const changing = log.change(async () => {
    await done;
    order.push('changed');
  });
  expect(before.isCurrent()).toBe(false);
  const views = [log.view(), log.state()].map((each) => each.then(() => order.push('looked')));
  const second = log.change(async () => void order.push('changed again'));
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual([]);
  finish();
  await Promise.all([changing, second, ...views]);
  expect(order[0]).toBe('changed');
  expect(order.toSorted()).toEqual(['changed', 'changed again', 'looked', 'looked']);
  expect((await log.view()).isCurrent()).toBe(true);
});

test('a change that fails lets the others go on', async () => {
  const failing = log.change(() => Promise.reject(new Error('no')));
  const view = log.view();
  await expect(failing).rejects.toThrow('no');
  expect((await view).isCurrent()).toBe(true);
});

test('what cannot be written down is not begun', async () => {
  const { lineage } = await log.state();
  rmSync(join(base, '1'), { recursive: true });
  expect(() => log.commit({ ...lineage, baseOffset: 5 })).toThrow();
  makeLogFile(log.file);
  appendFileSync(log.file, 'other lines\n'.repeat(20));
  expect((await log.state()).lineage.baseOffset).toBe(0);
});
