import { EventEmitter } from 'node:events';
import {
  appendFileSync,
  closeSync,
  type FSWatcher,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ChangeWatch, createChangeWatch } from '../../../node/log/change-watch.ts';

let base: string;
let file: string;
let changes: ChangeWatch | null = null;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sgrid-watch-'));
  file = join(base, 'log');
  writeFileSync(file, '');
});
afterEach(() => {
  changes?.close();
  rmSync(base, { recursive: true, force: true });
});

const nextCall = (inode = statSync(file).ino) => {
  const called = Promise.withResolvers<void>();
  const unsubscribe = changes?.subscribe(file, inode, called.resolve);
  return { called: called.promise, unsubscribe: () => unsubscribe?.() };
};

test('many listeners share one watch, which ends with the last of them', async () => {
  const watchers: FSWatcher[] = [];
  let open = 0;
  changes = createChangeWatch({
    pollIntervalMs: 60_000,
    startWatch: (path, listener) => {
      const watcher = watch(path, listener);
      open += 1;
      watcher.on('close', () => {
        open -= 1;
      });
      watchers.push(watcher);
      return watcher;
    },
  });
  const all = [nextCall(), nextCall(), nextCall()];
  appendFileSync(file, 'x');
  await Promise.all(all.map(({ called }) => called));
  expect(watchers.length).toBe(1);
  all[0]?.unsubscribe();
  all[0]?.unsubscribe();
  const late = nextCall();
  appendFileSync(file, 'x');
  await late.called;
  expect(watchers.length).toBe(1);
  const closed = new Promise((resolve) => watchers[0]?.on('close', resolve));
  for (const { unsubscribe } of [...all, late]) unsubscribe();
  await closed;
  expect(open).toBe(0);
  const again = nextCall();
  expect(watchers.length).toBe(2);
  appendFileSync(file, 'x');
  await again.called;
});

test('whoever waits for a file that was made again has a watch on the new one', async () => {
  changes = createChangeWatch({ pollIntervalMs: 60_000 });
  const old = nextCall();
  // As the store does: the deleted file lives on, and so does the watch on it.
  const fd = openSync(file, 'r');
  try {
    rmSync(file);
    await old.called;
    writeFileSync(file, '');
    const fresh = nextCall();
    appendFileSync(file, 'x');
    await fresh.called;
  } finally {
    closeSync(fd);
  }
});

test.each([
  [
    'cannot begin',
    () => {
      throw Object.assign(new Error('no watches left'), { code: 'ENOSPC' });
    },
  ],
  [
    'breaks later',
    () => {
      const watcher = Object.assign(new EventEmitter(), { close() {} }) as unknown as FSWatcher;
      setImmediate(() => watcher.emit('error', new Error('gone')));
      return watcher;
    },
  ],
])('a watch that %s is replaced by polling', async (_name, startWatch) => {
  changes = createChangeWatch({ pollIntervalMs: 5, startWatch });
  const { called, unsubscribe } = nextCall();
  await called;
  unsubscribe();
});

test('closing calls everyone once more', async () => {
  changes = createChangeWatch({ pollIntervalMs: 60_000 });
  const { called } = nextCall();
  changes.close();
  await called;
});
