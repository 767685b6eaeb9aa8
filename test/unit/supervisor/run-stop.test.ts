import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { identify } from '../../../common/system/process-identity.ts';
import type { CgroupDriver } from '../../../node/cgroup/driver.ts';
import { describeProcesses } from '../../../node/supervisor/process-names.ts';
import type { Run } from '../../../node/supervisor/record.ts';
import { endProgram, graceLeftMs, retryStopInMs } from '../../../node/supervisor/run-stop.ts';
import { until } from '../../support/agent-shim.ts';
import { killAfterTest } from '../../support/owned-process.ts';

test.each([
  ['begun here just now', 10_000, 0, 10_000],
  ['begun here, some of it is over', 10_000, 4_000, 6_000],
  ['begun here, over', 10_000, 11_000, 0],
])('%s: the wall clock has no say', (_name, graceMs, agoMs, leftMs) => {
  for (const now of [0, 1_000_000, 2_000_000])
    expect(graceLeftMs(graceMs, agoMs, 1_000_000, now)).toBe(leftMs);
});

test.each([
  ['some of it is over', 1_004_000, 6_000],
  ['all of it is over', 1_011_000, 0],
  ['the clock was set back: no more than the grace', 500_000, 10_000],
  ['the clock was set far forward', 9_000_000, 0],
])('begun by an earlier agent, %s', (_name, now, leftMs) => {
  expect(graceLeftMs(10_000, null, 1_000_000, now)).toBe(leftMs);
});

test('tries again after a second, and then less and less often', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 99].map(retryStopInMs)).toEqual([
    1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000,
  ]);
});

test('a stop whose end nobody tells fails, and patience goes by the monotonic clock', async () => {
  const child = killAfterTest(spawn('sleep', ['60'], { stdio: 'ignore' }));
  const program = await until('its identity', () => identify(child.pid ?? 0));
  let nowMs = 0;
  const run = { number: 3, program, shim: program } as Run;
  const stopping = endProgram({
    ports: {
      driver: { killAll: async () => {} } as unknown as CgroupDriver,
      monotonic: () => nowMs,
      procRoot: '/proc',
      logger: { info: () => {}, warn: () => {}, error: () => {} },
    },
    ...{ instanceId: 1, groupKey: 'k', run, deadlineMs: 0 },
    isOver: async () => false,
    sleep: async (maxMs) => {
      nowMs += maxMs;
    },
  });
  await expect(stopping).rejects.toMatchObject({ code: 'stop_failed' });
  expect(nowMs).toBe(10_000);
});

test('processes are named by pid and command', () => {
  expect(describeProcesses([process.pid], '/proc')).toMatch(new RegExp(`^process ${process.pid} \\(.+\\)$`));
  expect(describeProcesses([process.pid, 99_999_999], '/proc')).toMatch(/^processes .+\), 99999999$/);
  expect(
    describeProcesses(
      Array.from({ length: 15 }, (_, at) => 99_999_000 + at),
      '/none',
    ),
  ).toContain('99999009 and 5 more');
});
