import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RegistryEntry, registryDigest, toRegistryTable } from '../../../common/domain/registry.ts';
import { openRegistry, type Registry } from '../../../node/registry/registry.ts';
import { formatStat, formatStatList, parseStat } from '../../../node/registry/stat-format.ts';
import { waitFor } from '../../support/wait-for.ts';
import { createLines, entryOf } from './support.ts';

let directory: string;
let local: RegistryEntry[];
let now: number;
let logger: ReturnType<typeof createLines>;
let registry: Registry | null;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-registry-'));
  local = [entryOf(1)];
  now = Date.UTC(2026, 0, 1);
  logger = createLines();
  registry = null;
});
afterEach(async () => {
  await registry?.close();
  rmSync(directory, { recursive: true, force: true });
});

function open(refreshMs = 3_600_000): Registry {
  registry = openRegistry({ directory, nodeId: 1, local: () => local, clock: () => now, logger, refreshMs });
  return registry;
}
const text = (name: string): string => readFileSync(join(directory, name), 'utf8');
const ids = (name: string): number[] => parseStat(text(name)).map(({ instanceId }) => instanceId);
const idsAre = (name: string, expected: number[]) =>
  waitFor(
    `${name} ${expected}`,
    () => existsSync(join(directory, name)) && String(ids(name)) === String(expected),
  );
const remote = (instanceId: number, nodeId = 2): RegistryEntry => entryOf(instanceId, { nodeId });

test('both files are there from the start, readable by everybody, with nothing beside them', async () => {
  process.umask(0o077);
  try {
    await open().close();
  } finally {
    process.umask(0o022);
  }
  expect(text('stat.json')).toBe(formatStat(formatStatList([entryOf(1)]), now));
  expect(text('stat-remote.json')).toBe(text('stat.json'));
  expect(statSync(join(directory, 'stat.json')).mode & 0o777).toBe(0o644);
  expect(existsSync(join(directory, 'stat.json.tmp'))).toBe(false);
});

test('the master is believed about other nodes, and this node about itself', async () => {
  const link = new AbortController();
  const opened = open();
  opened.receive(
    { kind: 'all', entries: [remote(7), remote(8), entryOf(99), entryOf(1, { pid: 5 })] },
    link.signal,
  );
  await idsAre('stat-remote.json', [1, 7, 8]);
  expect(opened.table().get(1)?.pid).toBe(101);
  opened.receive({ kind: 'delta', changed: [remote(9)], removedInstanceIds: [7] }, link.signal);
  await idsAre('stat-remote.json', [1, 8, 9]);
  local = [];
  opened.localChanged();
  await idsAre('stat-remote.json', [8, 9]);
  await idsAre('stat.json', []);
  expect(text('stat.json')).toBe('{"update_time":"2026-01-01 00:00:00","stat_list":[]}');
});

test('without a master it stays as last known, over starts of the agent, with the time when that was', async () => {
  const link = new AbortController();
  const first = open();
  first.receive({ kind: 'all', entries: [remote(7)] }, link.signal);
  expect(first.isCurrent()).toBe(true);
  link.abort();
  expect(first.isCurrent()).toBe(false);
  await first.close();
  const before = text('stat-remote.json');
  const second = open(5);
  // The second refresh begins when the first has written what it wanted.
  for (const time of ['00:01:00', '00:02:00']) {
    now += 60_000;
    await waitFor('a refresh of the other', () => text('stat.json').includes(time));
  }
  expect(text('stat-remote.json')).toBe(before);
  expect([...second.table().keys()]).toEqual([7, 1]);
  second.receive({ kind: 'unchanged' }, new AbortController().signal);
  await waitFor('the time', () => text('stat-remote.json').includes('00:02:00'));
  expect(ids('stat-remote.json')).toEqual([1, 7]);
  // What the master has, as this node says of itself what the master knows of it.
  expect(second.digest()).toBe(registryDigest(toRegistryTable([remote(7), entryOf(1)])));
});

test('update_time moves on while a master is there and nothing changes', async () => {
  open(5).receive({ kind: 'all', entries: [remote(7)] }, new AbortController().signal);
  await idsAre('stat-remote.json', [1, 7]);
  now += 10_000;
  for (const name of ['stat.json', 'stat-remote.json'])
    await waitFor(name, () => text(name).includes('2026-01-01 00:00:10'));
});

test('listeners hear of changes, and only of changes', async () => {
  const opened = open();
  let heard = 0;
  const stop = opened.listen(() => {
    heard += 1;
  });
  const { signal } = new AbortController();
  opened.receive({ kind: 'all', entries: [remote(7)] }, signal);
  opened.receive({ kind: 'all', entries: [remote(7)] }, signal);
  opened.receive({ kind: 'delta', changed: [remote(7)], removedInstanceIds: [55] }, signal);
  expect(heard).toBe(1);
  opened.receive({ kind: 'delta', changed: [], removedInstanceIds: [7] }, signal);
  expect(heard).toBe(2);
  stop();
  opened.receive({ kind: 'all', entries: [remote(7)] }, signal);
  expect(heard).toBe(2);
});

test('a damaged file is said, and replaced', async () => {
  writeFileSync(join(directory, 'stat-remote.json'), '{"update_time":"2026-01-01 00:0');
  await open().close();
  expect(ids('stat-remote.json')).toEqual([1]);
  expect(logger.lines).toMatchObject([{ level: 'warn', fields: { reason: 'not JSON' } }]);
});

test('what cannot be written is said once, left as it was, and written when it can be', async () => {
  mkdirSync(join(directory, 'stat.json.tmp'));
  open(5).receive({ kind: 'unchanged' }, new AbortController().signal);
  for (const seconds of [10, 20, 30]) {
    now = Date.UTC(2026, 0, 1, 0, 0, seconds);
    await waitFor(
      'another attempt',
      () =>
        existsSync(join(directory, 'stat-remote.json')) &&
        text('stat-remote.json').includes(`00:00:${seconds}`),
    );
  }
  expect(existsSync(join(directory, 'stat.json'))).toBe(false);
  expect(logger.lines).toMatchObject([{ level: 'error', fields: { file: 'stat.json' } }]);
  rmSync(join(directory, 'stat.json.tmp'), { recursive: true });
  await idsAre('stat.json', [1]);
  expect(logger.lines).toHaveLength(1);
});

test('what could not be written is written when it can be, also without a master', async () => {
  mkdirSync(join(directory, 'stat-remote.json.tmp'));
  open(5);
  await waitFor('the complaint', () => logger.lines.length > 0);
  rmSync(join(directory, 'stat-remote.json.tmp'), { recursive: true });
  await idsAre('stat-remote.json', [1]);
});

test('of many changes at once the last is in the files', async () => {
  const opened = open();
  const { signal } = new AbortController();
  for (let instanceId = 10; instanceId < 200; instanceId += 1) {
    opened.receive(
      { kind: 'delta', changed: [remote(instanceId)], removedInstanceIds: [instanceId - 1] },
      signal,
    );
    JSON.parse(existsSync(join(directory, 'stat-remote.json')) ? text('stat-remote.json') : '{}');
    if (instanceId % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await opened.close();
  expect(ids('stat-remote.json')).toEqual([1, 199]);
});
