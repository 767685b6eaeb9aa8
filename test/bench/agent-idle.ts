import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type BenchContext, defineBench } from './frame/bench.ts';
import { readProcUsage } from './proc-usage.ts';
import { startPm2 } from './rig/pm2.ts';
import { runSleepers, SLEEPER } from './rig/sleepers.ts';
import { startSystem } from './rig/system.ts';

const NANOS_PER_MS = 1e6;

export const bench = defineBench({
  what: 'an agent with 100 services that sleep, a sample of each a second, connected to its master: CPU of a core, and resident memory',
  figures: {
    cpu: { unit: '% of a core', better: 'lower', targets: [{ value: 2 }] },
    memory: { unit: 'MB', better: 'lower', targets: [{ value: 90 }] },
    // Of that: what other processes of the same Node.js do not share.
    'anonymous memory': { unit: 'MB', better: 'lower', targets: [] },
  },
  peers: ['pm2 daemon'],
  async open(context) {
    const count = context.option('instances', { full: 100, quick: 100 });
    const seconds = context.option('seconds', { full: 20, quick: 2 });
    const system = await startSystem(context);
    await runSleepers(system, count);
    const daemonPid = await startPm2Sleepers(context, count);
    await delay(context.option('settle', { full: 20, quick: 1 }) * 1000);
    const measure = (pidOf: () => number | undefined) => async () => ({
      values: await usage(pidOf() ?? 0, seconds * 1000),
    });
    return {
      ours: measure(() => system.nodes[0]?.agent().pid),
      peers: { 'pm2 daemon': measure(() => daemonPid) },
    };
  },
});

async function startPm2Sleepers(context: BenchContext, count: number): Promise<number> {
  const pm2 = await startPm2(context);
  const script = join(context.directory, 'sleeper.sh');
  writeFileSync(script, SLEEPER, { mode: 0o755 });
  const app = { name: 'sleeper', script, interpreter: 'none', exec_mode: 'fork', instances: count };
  const file = join(context.directory, 'sleepers.json');
  writeFileSync(file, JSON.stringify({ apps: [app] }));
  await pm2.run(['start', file]);
  return pm2.daemonPid();
}

async function usage(pid: number, overMs: number) {
  const [before, beganAt] = [readProcUsage(pid), performance.now()];
  await delay(overMs);
  const [now, endedAt] = [readProcUsage(pid), performance.now()];
  const cpuMs = Number(now.cpuNanos - before.cpuNanos) / NANOS_PER_MS;
  const mb = (kib: number): number => (kib * 1024) / 1e6;
  return {
    cpu: (cpuMs / (endedAt - beganAt)) * 100,
    memory: mb(now.rssKiB),
    'anonymous memory': mb(now.anonKiB),
  };
}
