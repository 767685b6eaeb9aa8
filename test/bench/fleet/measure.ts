import { setTimeout as delay } from 'node:timers/promises';
import { HTTP_PATHS } from '../../../common/protocol/http.ts';
import { readProcUsage } from '../proc-usage.ts';
import type { Watchers } from './children.ts';
import type { WatchReport } from './watchers.ts';

/** What a server in the middle did over a while. */
export interface Middle {
  /** Of one core. */
  cpuPercent: number;
  /** Resident, 10^6 bytes. */
  memoryMB: number;
  watched: WatchReport;
}

/** @param pid of the process that is measured alone */
export async function measureMiddle(
  pid: number,
  watchers: Pick<Watchers, 'begin' | 'finish'>,
  seconds: number,
): Promise<Middle> {
  await watchers.begin();
  const [before, beganAt] = [readProcUsage(pid), process.hrtime.bigint()];
  await delay(seconds * 1000);
  const [now, endedAt] = [readProcUsage(pid), process.hrtime.bigint()];
  const watched = await watchers.finish();
  return {
    cpuPercent: (100 * Number(now.cpuNanos - before.cpuNanos)) / Number(endedAt - beganAt),
    memoryMB: (now.rssKiB * 1024) / 1e6,
    watched,
  };
}

const LAG = /^sgridnext_nodejs_eventloop_lag_p99_seconds (\S+)$/m;

/** The master's own p99 of its event loop's delay since this was last asked, in milliseconds. */
export async function loopDelayMs(url: string, token: string): Promise<number> {
  const response = await fetch(url + HTTP_PATHS.metrics, { headers: { authorization: `Bearer ${token}` } });
  const [, seconds] = LAG.exec(await response.text()) ?? [];
  if (seconds === undefined) throw new Error('the metrics say nothing of the event loop');
  return Number(seconds) * 1000;
}

export interface Expected {
  nodes: number;
  leastInstances: number;
  leastSamples: number;
}

/** Why what was watched is not what the agents were to send; undefined when it is. */
export function faultOf(
  { nodes, instances, samples }: Pick<WatchReport, 'nodes' | 'instances' | 'samples'>,
  expected: Expected,
): string | undefined {
  if (nodes !== expected.nodes) return `a cockpit saw figures of ${nodes} nodes, of ${expected.nodes}`;
  if (instances < expected.leastInstances)
    return `a cockpit saw ${instances} instances, of at least ${expected.leastInstances}`;
  // Else the simulator had too little of this machine, and the master had too little to do.
  return samples < expected.leastSamples
    ? `${samples} snapshots came to a cockpit, of at least ${expected.leastSamples}`
    : undefined;
}
