import type { InstanceStatus } from '../../../../common/domain/instance.ts';
import { createChecker } from './check.ts';
import { connectFleet, control, equal, type Fleet, waitFor } from './fleet.ts';

/** As busy as the machine has processors. */
const BUSY = `#!/bin/sh
trap 'exit 0' TERM
for i in 1 2; do while :; do :; done & done
wait
`;
/** Wants all processors and all memory, again and again. */
const HOG = `#!/bin/sh
for i in 1 2 3 4 5 6; do while :; do :; done & done
while :; do tail /dev/zero; done
`;
/** A shell that cannot fork ends, and makes room for the fork of another: it never dies out. */
const BOMB = `#!/bin/sh
export BOMB='while :; do sh -c "$BOMB" & done'
sh -c "$BOMB" &
while :; do wait; done
`;
const HOG_CORES = 0.2;
const BOMB_CORES = 0.1;
/** Two processors less these limits are 85 % for the neighbour; without limits a group as wanting as it gets as much. */
const FAIR_PART = 0.62;
const MIB = 1024 ** 2;

const { check } = createChecker('limits', process.stdout);
const running = ({ state }: InstanceStatus): boolean => state === 'running';

/** A number behind a key in a control file: `key 12`. */
function counter(group: string, file: string, key: string): number {
  return Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(control(group, file))?.[1] ?? Number.NaN);
}

/** Stalled time of at least one task, in microseconds. Documentation/accounting/psi.rst */
function stalledMicros(group: string, resource: 'cpu' | 'memory'): number {
  return Number(/^some .*total=(\d+)$/m.exec(control(group, `${resource}.pressure`))?.[1] ?? Number.NaN);
}

/**
 * The part of the first group in the CPU time that all of these get, over the time in which it uses four seconds. By the
 * guest's counters alone, and a ratio: an emulated processor loses time to a busy host, and so do all of its groups.
 */
async function partOfFirst(...groups: readonly [string, ...string[]]): Promise<number> {
  const used = (): number[] => groups.map((group) => counter(group, 'cpu.stat', 'usage_usec'));
  const before = used();
  const since = (): number[] => used().map((micros, index) => micros - (before[index] ?? 0));
  await waitFor('4 s of CPU time', () => (since()[0] ?? 0) >= 4_000_000);
  const [first = 0, ...others] = since();
  return first / others.reduce((sum, micros) => sum + micros, first);
}

function atLeast(actual: number, least: number): void {
  if (!(actual >= least)) throw new Error(`is ${actual.toFixed(2)}, not ${least.toFixed(2)} or more`);
}

async function run(fleet: Fleet): Promise<void> {
  const deploy = async (name: string, script: string, port: number, limits: object) => {
    const id = await fleet.deploy(name, script, port, limits);
    const { cgroup } = await fleet.status(id, `${name} to run`, running);
    return { id, cgroup };
  };
  await fleet.node('the agent', ({ link, info }) => link === 'up' && info !== null);
  const busy = await deploy('busy', BUSY, 7101, { memoryMiB: 64, memoryHighMiB: 48 });
  const before = await fleet.status(busy.id, 'running', running);
  await check('memoryHighMiB is memory.high', () =>
    equal(control(busy.cgroup, 'memory.high'), String(48 * MIB)),
  );

  const hog = await deploy('hog', HOG, 7102, { cpuCores: HOG_CORES, memoryMiB: 32 });
  const bomb = await deploy('bomb', BOMB, 7103, { cpuCores: BOMB_CORES, pids: 30 });
  await check('one is in its CPU limit', async () => {
    await waitFor('throttling', () => counter(hog.cgroup, 'cpu.stat', 'nr_throttled') > 10);
  });
  await check('and in its memory limit, again and again', async () => {
    await waitFor('OOM kills', () => counter(hog.cgroup, 'memory.events', 'oom_kill') > 1);
  });
  await check('a fork bomb is in its limit of processes', async () => {
    await waitFor('as many as allowed', () => Number(control(bomb.cgroup, 'pids.current')) >= 29);
  });
  const stalledBefore = stalledMicros(busy.cgroup, 'memory');
  const startedAt = performance.now();
  const beside = await partOfFirst(busy.cgroup, hog.cgroup, bomb.cgroup);
  await check('the neighbour keeps its processors', () => atLeast(beside, FAIR_PART));
  await check('and does not wait for memory', () => {
    const stalledMs = (stalledMicros(busy.cgroup, 'memory') - stalledBefore) / 1000;
    atLeast(0.01, stalledMs / (performance.now() - startedAt));
    equal(counter(busy.cgroup, 'memory.events', 'oom_kill'), 0);
  });
  await check('and is the same process, and nobody started it again', async () => {
    const now = await fleet.status(busy.id, 'running', running);
    equal([now.pid, now.restarts, now.lastExit], [before.pid, 0, null]);
  });
  await check('what the hog suffers is in its figures', async () => {
    await fleet.figures(hog.id, 'throttling, OOM kills and pressure', (figures) => {
      const { throttledPermille, oomKills, pressure } = figures;
      return throttledPermille > 500 && oomKills > 1 && (pressure.cpu ?? 0) > 100;
    });
  });

  const pidOf = async (): Promise<number | null> => (await fleet.status(hog.id, 'running', running)).pid;
  const pid = await pidOf();
  await check(
    'more cores than the machine has are refused live, with the range, and change nothing',
    async () => {
      const error = await fleet.limit(hog.id, { cpuCores: 64 });
      equal(error?.code, 'out_of_range');
      if (!/has 2, allowed are 0\.01/.test(error?.message ?? '')) throw new Error(error?.message);
      equal(control(hog.cgroup, 'cpu.max'), '20000 100000');
    },
  );
  await check('a CPU limit is lifted live', async () => {
    equal(await fleet.limit(hog.id, { memoryMiB: 32 }), null);
    equal([control(hog.cgroup, 'cpu.max'), await pidOf()], ['max 100000', pid]);
  });
  const disturbed = await partOfFirst(busy.cgroup, hog.cgroup, bomb.cgroup);
  const percent = (part: number): string => `${Math.round(part * 100)} %`;
  process.stdout.write(
    `# the neighbour gets ${percent(beside)} beside limited services, ${percent(disturbed)} beside an unlimited one\n`,
  );
  await check('without it the same program takes processors from the neighbour: the measure can tell', () =>
    atLeast(FAIR_PART, disturbed),
  );
  await check('limits are set live, memory.high too', async () => {
    const limits = { cpuCores: HOG_CORES, memoryMiB: 32, memoryHighMiB: 24, pids: 20 };
    equal(await fleet.limit(hog.id, limits), null);
    equal(
      ['cpu.max', 'memory.max', 'memory.high', 'pids.max'].map((file) => control(hog.cgroup, file)),
      ['20000 100000', String(32 * MIB), String(24 * MIB), '20'],
    );
    equal(await pidOf(), pid);
  });
  for (const { id } of [hog, bomb, busy]) await fleet.stop(id);
}

const fleet = await connectFleet();
try {
  await run(fleet);
} finally {
  fleet.close();
}
