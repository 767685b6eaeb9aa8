import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FIGURES_STRIDE } from '../../common/domain/figures.ts';
import { SHIM_MARK } from '../../node/process/shims.ts';
import { type BenchContext, defineBench } from './frame/bench.ts';
import { readProcUsage } from './proc-usage.ts';
import type { BenchNode } from './rig/node.ts';
import { startPm2 } from './rig/pm2.ts';
import { runSleepers, SLEEPER } from './rig/sleepers.ts';
import { startSystem } from './rig/system.ts';

const NANOS_PER_MS = 1e6;
const LEAST_SAMPLED = 0.75;

export const bench = defineBench({
  what: 'an agent with 100 services that sleep, a sample of each a second, connected to its master: CPU of a core, and resident memory; the shims are the small shells beside the services, of which PM2 has none, and their memory is what it costs in all, what they share counted once (PSS); PM2 takes no samples until it is asked',
  figures: {
    cpu: { unit: '% of a core', better: 'lower', targets: [{ value: 2 }] },
    memory: { unit: 'MB', better: 'lower', targets: [{ value: 90 }] },
    // Of that: what other processes of the same Node.js do not share.
    'anonymous memory': { unit: 'MB', better: 'lower', targets: [] },
    'memory of the shims': { unit: 'MB', better: 'lower', targets: [] },
  },
  peers: ['pm2 daemon'],
  async open(context) {
    const count = context.option('instances', { full: 100, quick: 100 });
    const seconds = context.option('seconds', { full: 20, quick: 2 });
    const system = await startSystem(context);
    await runSleepers(system, count);
    const daemonPid = await startPm2Sleepers(context, count);
    await delay(context.option('settle', { full: 20, quick: 1 }) * 1000);
    const [node] = system.nodes;
    if (node === undefined) throw new Error('there is no node');
    const { cockpit } = system;
    await cockpit.call('fleet.watch', { scope: { kind: 'all' } });
    return {
      ours: async () => {
        cockpit.frames.length = 0;
        const values = await usage(node.agent().pid, seconds * 1000);
        const samples = cockpit.frames.flatMap((frame) => frame.samples ?? []);
        const full = samples.filter(({ instances }) => instances.length >= count * FIGURES_STRIDE).length;
        const wrong = `${full} samples of ${count} services came in ${seconds} s`;
        return {
          values: { ...values, 'memory of the shims': memoryOfShims(node) },
          // One at either end belongs to the second before or behind.
          ...(full < LEAST_SAMPLED * seconds - 1 && { wrong }),
        };
      },
      peers: { 'pm2 daemon': async () => ({ values: await usage(daemonPid, seconds * 1000) }) },
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

/** `Pss` of all its shims, 10^6 bytes: `/proc/<pid>/smaps_rollup`, proc_pid_smaps(5). */
function memoryOfShims(node: BenchNode): number {
  let kib = 0;
  for (const pid of node.pids()) {
    if (readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[2] !== SHIM_MARK) continue;
    const [, pss = ''] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')) ?? [];
    kib += Number(pss);
  }
  return (kib * 1024) / 1e6;
}
