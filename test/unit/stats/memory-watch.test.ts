import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AgentEvent, agentEventSchema } from '../../../common/domain/event.ts';
import type { Limits } from '../../../common/domain/service.ts';
import { type MemoryWatch, openMemoryWatch } from '../../../node/stats/memory-watch.ts';
import { NO_PRESSURE } from '../../../node/stats/pressure.ts';

const MIB = 1024 * 1024;
let directory: string;
let told: AgentEvent[];
let errors: unknown[];
let asked: string[];
/** Working sets by group; a group that is not in here cannot be read. */
let workingSets: Map<string, number | null>;
let watch: MemoryWatch;

const open = (file = join(directory, 'memory.json')): MemoryWatch =>
  openMemoryWatch({
    file,
    workingSet: async (key) => {
      asked.push(key);
      const bytes = workingSets.get(key);
      if (bytes === undefined) throw new Error('EACCES');
      return bytes;
    },
    append: (...events) => void told.push(...events),
    clock: () => 1234,
    onError: (error) => void errors.push(error),
  });

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-memory-'));
  told = [];
  errors = [];
  asked = [];
  workingSets = new Map();
  watch = open();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Instance 1 uses `usedMiB`, of which `workingMiB` cannot be given back. */
async function look(
  usedMiB: number,
  workingMiB: number | null = usedMiB,
  { limits = { memoryMiB: 100 }, runId = 'a' }: { limits?: Limits; runId?: string } = {},
): Promise<number> {
  workingSets.set('g1', workingMiB === null ? null : workingMiB * MIB);
  const other = { cpuMillicores: 0, pids: 1, throttledPermille: 0, oomKills: 0, pressure: NO_PRESSURE };
  await watch.look(
    [
      { instanceId: 9, groupKey: 'unreadable', pid: 1, runId: 'z', limits: { memoryMiB: 1 } },
      { instanceId: 1, groupKey: 'g1', pid: 1, runId, limits },
    ],
    [
      { instanceId: 9, memoryBytes: 50 * MIB, ...other },
      { instanceId: 1, memoryBytes: usedMiB * MIB, ...other },
    ],
  );
  return told.length;
}

test('told once when the mark is crossed, again only after it was well below', async () => {
  expect(await look(89)).toBe(0);
  expect(await look(91)).toBe(1);
  expect(agentEventSchema.parse(told[0])).toMatchObject({
    at: 1234,
    kind: 'instance.memory-high',
    instanceId: 1,
  });
  expect(await look(95)).toBe(1);
  expect(await look(85)).toBe(1);
  expect(await look(95)).toBe(1);
  expect(await look(71)).toBe(1);
  expect(await look(91)).toBe(2);
  expect(told[1]?.eventId).not.toBe(told[0]?.eventId);
});

test('page cache alone is no reason, and is not asked for below the mark', async () => {
  await look(89);
  expect(asked).not.toContain('g1');
  expect(await look(100, 40)).toBe(0);
  expect(asked).toContain('g1');
  expect(await look(100, 90)).toBe(1);
});

test('where the working set is not known the usage counts', async () => {
  expect(await look(91, null)).toBe(1);
});

test('another run begins anew, and so does one that was away', async () => {
  await look(95);
  expect(await look(95, 95, { runId: 'b' })).toBe(2);
  await watch.look([], []);
  expect(await look(95, 95, { runId: 'b' })).toBe(3);
});

test('limits that change count at once', async () => {
  expect(await look(91)).toBe(1);
  expect(await look(91, 91, { limits: { memoryMiB: 200 } })).toBe(1);
  expect(await look(91, 91, { limits: { memoryMiB: 200, memoryHighMiB: 60 } })).toBe(2);
  expect(await look(91, 91, { limits: {} })).toBe(2);
  expect(await look(91, 91, { limits: { memoryHighMiB: 60 } })).toBe(3);
});

test('the next agent tells the same event again, under its id, and no other', async () => {
  await look(95);
  watch = open();
  expect(told.map(({ eventId }) => eventId)).toEqual([told[0]?.eventId, told[0]?.eventId]);
  await look(95);
  expect(told).toHaveLength(2);
  await look(60);
  watch = open();
  expect(told).toHaveLength(2);
  expect(await look(95)).toBe(3);
});

test('a damaged file is as none, and one that cannot be written costs no warning', async () => {
  writeFileSync(join(directory, 'memory.json'), '[{"runId":');
  watch = open();
  expect(await look(95)).toBe(1);
  expect(JSON.parse(readFileSync(join(directory, 'memory.json'), 'utf8'))).toHaveLength(1);
  mkdirSync(join(directory, 'taken'));
  watch = open(join(directory, 'taken'));
  expect(await look(95)).toBe(2);
  expect(errors).toHaveLength(1);
});
