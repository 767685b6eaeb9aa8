import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeSnapshotSchema, unpackFigures } from '../../../common/domain/figures.ts';
import { detectDriver } from '../../../node/cgroup/detect.ts';
import type { CgroupDriver, CgroupStat } from '../../../node/cgroup/driver.ts';
import { ratesBetween } from '../../../node/stats/instance-rates.ts';
import { readMachineCapacity } from '../../../node/stats/machine-capacity.ts';
import { NO_PRESSURE } from '../../../node/stats/pressure.ts';
import { createSampler } from '../../../node/stats/sampler.ts';

describe('rates', () => {
  const at = (atMs: number, cpuMicros: number, cpuPeriods = 0, throttledPeriods = 0) => ({
    atMs,
    cpuMicros,
    cpuPeriods,
    throttledPeriods,
  });
  const none = { cpuMillicores: 0, throttledPermille: 0 };

  test('one and a half cores, throttled in a quarter of the periods', () => {
    expect(ratesBetween(at(1000, 0, 10, 5), at(3000, 3_000_000, 30, 10))).toEqual({
      cpuMillicores: 1500,
      throttledPermille: 250,
    });
  });
  test('no first moment, no time between, or counters of another group give none', () => {
    expect(ratesBetween(undefined, at(1000, 500))).toEqual(none);
    expect(ratesBetween(at(1000, 0), at(1000, 500))).toEqual(none);
    expect(ratesBetween(at(1000, 900), at(2000, 500))).toEqual(none);
    expect(ratesBetween(at(1000, 0, 9, 9), at(2000, 500, 1, 0))).toEqual(none);
  });
});

describe('sampling with figures of groups', () => {
  const FULL: CgroupStat = {
    cpuUsageMicros: 5_000_000,
    memoryBytes: 4096,
    pids: 3,
    cpuPeriods: 100,
    cpuThrottledPeriods: 10,
    oomKills: 1,
    pressure: { cpu: 25, memory: 0, io: null },
  };
  let stats: Map<string, CgroupStat>;
  let nowMs: number;

  /** The real driver without groups, with another source of figures. */
  async function create() {
    const driver: CgroupDriver = {
      ...(await detectDriver({ driver: 'none', parent: 'self' })),
      stat: async (key) => {
        const stat = stats.get(key);
        if (stat === undefined) throw new Error('gone');
        return stat;
      },
    };
    return createSampler({
      driver,
      directories: [tmpdir()],
      clock: () => 1234,
      monotonicClock: () => nowMs,
    });
  }
  const target = (instanceId: number) => ({
    instanceId,
    groupKey: `g${instanceId}`,
    pid: null,
    runId: 'r',
    limits: {},
  });

  beforeEach(() => {
    stats = new Map([['g1', FULL]]);
    nowMs = 1000;
  });

  test('rates are 0 in the first sample and by the monotonic clock after it', async () => {
    const sampler = await create();
    const first = await sampler.sample([target(1)]);
    expect(unpackFigures(first.instances)).toEqual([
      {
        instanceId: 1,
        cpuMillicores: 0,
        memoryBytes: 4096,
        pids: 3,
        throttledPermille: 0,
        oomKills: 1,
        pressure: { cpu: 25, memory: 0, io: null },
      },
    ]);
    expect([first.at, first.node.cpuMillicores, first.node.agentCpuMillicores]).toEqual([1234, 0, 0]);
    nowMs = 3000;
    stats.set('g1', { ...FULL, cpuUsageMicros: 6_000_000, cpuPeriods: 120, cpuThrottledPeriods: 15 });
    const second = await sampler.sample([target(1)]);
    expect(unpackFigures(second.instances)[0]).toMatchObject({ cpuMillicores: 500, throttledPermille: 250 });
  });

  test('one group that cannot be read gives zeros and spares the others', async () => {
    const sampler = await create();
    const { instances } = await sampler.sample([target(2), target(1)]);
    expect(unpackFigures(instances)).toEqual([
      {
        instanceId: 2,
        cpuMillicores: 0,
        memoryBytes: 0,
        pids: 0,
        throttledPermille: 0,
        oomKills: 0,
        pressure: NO_PRESSURE,
      },
      expect.objectContaining({ instanceId: 1, memoryBytes: 4096 }),
    ]);
  });

  test('an instance that went away and came back begins anew', async () => {
    const sampler = await create();
    await sampler.sample([target(1)]);
    nowMs = 2000;
    await sampler.sample([]);
    nowMs = 3000;
    stats.set('g1', { ...FULL, cpuUsageMicros: 9_000_000 });
    expect(unpackFigures((await sampler.sample([target(1)])).instances)[0]?.cpuMillicores).toBe(0);
  });
});

describe('sampling a real process without a group', () => {
  let child: ChildProcess;
  beforeEach(() => {
    child = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
  });
  afterEach(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  test('its CPU, memory and threads are seen, the node’s too, and nothing once it is gone', async () => {
    const driver = await detectDriver({ driver: 'none', parent: 'self' });
    const sampler = createSampler({ driver, directories: [tmpdir()], clock: Date.now });
    const sample = () =>
      sampler.sample([{ instanceId: 7, groupKey: 'g7', pid: child.pid ?? 0, runId: 'r', limits: {} }]);
    await sample();
    let snapshot = await sample();
    while (
      snapshot.instances[1] === 0 ||
      snapshot.node.cpuMillicores === 0 ||
      snapshot.node.disks.length === 0
    ) {
      await delay(20);
      snapshot = await sample();
    }
    expect(nodeSnapshotSchema.parse(snapshot)).toEqual(snapshot);
    const [figures] = unpackFigures(snapshot.instances);
    expect(figures).toMatchObject({ instanceId: 7, pids: 1, oomKills: 0, throttledPermille: 0 });
    expect(figures?.memoryBytes).toBeGreaterThan(100_000);
    const { node } = snapshot;
    expect(node.memoryUsedBytes).toBeGreaterThan(0);
    expect(node.memoryUsedBytes).toBeLessThan(node.memoryTotalBytes);
    expect(node.disks[0]?.usedBytes).toBeLessThan(node.disks[0]?.totalBytes ?? 0);
    expect(node.agentMemoryBytes).toBeGreaterThan(10_000_000);
    expect(node.coreMillicores).toHaveLength(readMachineCapacity().cpuCount);

    child.kill('SIGKILL');
    await once(child, 'exit');
    expect((await sample()).instances).toEqual([7, 0, 0, 0, 0, 0, -1, -1, -1]);
  });
});
