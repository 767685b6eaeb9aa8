import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { logReadRequestSchema, logRotationSchema } from '../../../common/domain/log.ts';
import { createLogStore } from '../../../node/log/create-log-store.ts';
import type { LogStore } from '../../../node/log/log-store.ts';
import type { LogEvent } from '../../../node/log/rotator.ts';
import { waitFor } from '../../support/wait-for.ts';

const DAY_MS = 86_400_000;

let root: string;
let now: number;
let events: LogEvent[];
let gone: number[];
const opened: LogStore[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sgrid-removed-'));
  now = Date.UTC(2026, 0, 1);
  events = [];
  gone = [];
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
  rmSync(root, { recursive: true, force: true });
});

function open(): LogStore {
  const store = createLogStore({
    root,
    clock: () => now,
    checkIntervalMs: 5,
    removedCheckIntervalMs: 5,
    rotation: { maxFileBytes: 64 * 1024, maxAgeMs: DAY_MS * 365, maxTotalBytes: 1024 ** 3 },
    onEvent: (event) => events.push(event),
    onGone: (instanceId) => gone.push(instanceId),
  });
  opened.push(store);
  return store;
}
async function fill(store: LogStore, instanceId: number, bytes = 100): Promise<void> {
  const { stdoutFile } = await store.prepare(instanceId);
  appendFileSync(stdoutFile, 'x'.repeat(bytes));
}
const read = async (store: LogStore, instanceId: number) =>
  (await store.read(logReadRequestSchema.parse({ instanceId, from: 'head' }))).data.length;
const has = (instanceId: number) => existsSync(join(root, String(instanceId)));
const openBelow = (directory: string) =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory);
    } catch {
      return false;
    }
  });

test('the log of a removed instance can be read for seven days, and is gone then with all its files', async () => {
  const store = open();
  await fill(store, 1);
  await fill(store, 2);
  store.keepOnly(new Set([2]));
  now += 7 * DAY_MS - 1;
  store.keepOnly(new Set([2]));
  expect(await read(store, 1)).toBe(100);
  expect(openBelow(join(root, '1'))).not.toEqual([]);
  now += 1;
  await waitFor('the removal', () => !has(1));
  await waitFor('its files to be closed', () => openBelow(join(root, '1')).length === 0);
  await expect(read(store, 1)).rejects.toMatchObject({ code: 'not_found' });
  expect(gone).toEqual([1]);
  expect(await read(store, 2)).toBe(100);
});

test('its time goes on with the next agent; one that nobody noted as removed has all of it', async () => {
  const before = open();
  await fill(before, 1);
  await fill(before, 2);
  before.keepOnly(new Set([2]));
  await before.close();
  now += 6 * DAY_MS;
  open().keepOnly(new Set());
  now += DAY_MS;
  await waitFor('the removal', () => !has(1));
  expect(has(2)).toBe(true);
  now += 6 * DAY_MS;
  await waitFor('the removal', () => !has(2));
});

test('an instance that is there again keeps its log', async () => {
  const store = open();
  for (const instanceId of [1, 2, 3]) await fill(store, instanceId);
  store.keepOnly(new Set());
  await store.prepare(1);
  store.keepOnly(new Set([1, 2]));
  now += 8 * DAY_MS;
  await waitFor('the removal', () => !has(3));
  expect([has(1), has(2)]).toEqual([true, true]);
});

test('it is looked at no more whether it has to be rotated', async () => {
  const store = open();
  await fill(store, 1);
  await fill(store, 2);
  store.keepOnly(new Set([2]));
  for (const instanceId of [1, 2])
    appendFileSync(join(root, String(instanceId), 'stdout.log'), 'x'.repeat(100_000));
  // Logs are looked at in turn, so 1 had its turn before 2.
  await waitFor('the rotation', () => events.some(({ instanceId }) => instanceId === 2));
  expect(events.map(({ instanceId }) => instanceId)).toEqual([2]);
});

test('a mark that makes no sense, or is ahead of the clock, begins anew', async () => {
  const store = open();
  for (const [instanceId, mark] of [
    [1, ''],
    [2, `${now + 365 * DAY_MS}`],
    [3, 'soon'],
  ] as const) {
    await fill(store, instanceId);
    writeFileSync(join(root, String(instanceId), 'stdout.log.removed'), mark);
  }
  await fill(store, 4);
  writeFileSync(join(root, '4', 'stdout.log.removed'), '1000\n');
  store.keepOnly(new Set());
  await waitFor('the removal', () => !has(4));
  expect([has(1), has(2), has(3)]).toEqual([true, true, true]);
  now += 7 * DAY_MS;
  await waitFor('the removal', () => !has(1) && !has(2) && !has(3));
});

test('how the log of one that never ran was to be kept is forgotten with it', async () => {
  const store = open();
  const rotation = { maxFileMiB: 1, maxTotalMiB: 100, maxAgeHours: 24 };
  store.configure(1, { rotation: logRotationSchema.parse(rotation), logPaths: [] });
  store.configure(2, { rotation: logRotationSchema.parse(rotation), logPaths: [] });
  store.keepOnly(new Set([2]));
  await fill(store, 2, 100_000);
  await fill(store, 1, 100_000);
  // Each log had its turn by then: 64 KiB is the size where none is configured.
  await waitFor('the rotation', () => events.length > 0);
  expect(events.map(({ instanceId }) => instanceId)).toEqual([1]);
});
