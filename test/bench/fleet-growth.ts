import { setTimeout as delay } from 'node:timers/promises';
import { type SimulatedFleet, startSimulatedFleet } from '../support/simulated-fleet/start-fleet.ts';
import { startWatchers, type Watchers } from './fleet/children.ts';
import { faultOf, measureMiddle } from './fleet/measure.ts';
import { defineBench } from './frame/bench.ts';
import { readProcUsage } from './proc-usage.ts';

const INSTANCES = 20;
const COCKPITS = 10;
/** Those that have a figure of their own; most of the time goes into starting them. */
const SIZES = [250, 500, 1_000, 2_000] as const;
const QUICK_SIZES: readonly number[] = [250, 1_000];
/** Tried behind them by the first round of a full run, until one is not held; the rounds behind it go down from there. */
const MORE_SIZES: readonly number[] = [3_000, 4_000, 6_000, 8_000, 12_000, 16_000];
const FRESH_MS = 2_000;
/** Above it there is no core left for anything else: a frame would come later and later. */
const FULL_PERCENT = 95;
const LEAST_RUNNING = 0.95;
const LEAST_SENT = 0.75;

interface Grown {
  size: number;
  fleet: SimulatedFleet;
  watchers: Watchers;
}

/** What a size took; without a `limit` it was held. */
interface Taken {
  cpu: number;
  simulator: number;
  /** Why the cockpits did not see all that the agents were to send: the CPU is that of less work then. */
  fault: string | undefined;
  limit: string | undefined;
}

/** Agents are paused but for those of the size that is measured; all sizes have a master of their own. */
export const bench = defineBench({
  what: 'How the CPU of the master grows with the number of agents (20 instances each, a snapshot a second, 10 cockpits that watch everything), and the largest of the sizes tried that one core held with figures less than 2 s old at the cockpits; where the simulator itself did not keep up, which has the other cores, a size counts as not held; the master of each size begins anew, and has run for some seconds when it is measured; the CPU of the simulator at the largest size tried is given beside it',
  figures: {
    held: { unit: 'agents', better: 'higher', targets: [] },
    simulator: { unit: '% of a core', better: 'lower', targets: [] },
    '250 agents': { unit: '% of a core', better: 'lower', targets: [] },
    '500 agents': { unit: '% of a core', better: 'lower', targets: [] },
    '1000 agents': { unit: '% of a core', better: 'lower', targets: [{ value: 20 }] },
    '2000 agents': { unit: '% of a core', better: 'lower', targets: [] },
  },
  peers: [],
  rounds: { full: 5, quick: 1 },
  warmUps: 0,
  async open({ quick, bin, option, onEnd, say }) {
    const seconds = option('seconds', { full: 6, quick: 5 });
    const settleSeconds = option('settle', { full: 3, quick: 5 });
    /** One at a time, since all of them together would be most of the memory of a small machine. */
    const grow = async (size: number): Promise<Grown> => {
      const fleet = await startSimulatedFleet({
        ...{ nodes: size, instances: INSTANCES, masterFile: bin('sgridnext'), onEnd },
      });
      const ends = { url: fleet.url, token: fleet.token('viewer') };
      const watchers = await startWatchers({ ...ends, cockpits: COCKPITS, source: 'master' });
      onEnd(watchers.end);
      return { size, fleet, watchers };
    };
    const measure = async ({ size, fleet, watchers }: Grown): Promise<Taken> => {
      await delay(settleSeconds * 1000);
      const simulatorNanos = (): bigint =>
        fleet.agents.pids.reduce((sum, pid) => sum + readProcUsage(pid).cpuNanos, 0n);
      const before = simulatorNanos();
      const { cpuPercent: cpu, watched } = await measureMiddle(fleet.masterPid, watchers, seconds);
      const simulator = Number(simulatorNanos() - before) / (seconds * 1e7);
      const { p99Ms } = watched;
      const fault = faultOf(watched, {
        nodes: size,
        leastInstances: size * INSTANCES * LEAST_RUNNING,
        leastSamples: size * seconds * LEAST_SENT,
      });
      const limit =
        fault ??
        (p99Ms >= FRESH_MS ? 'figures are too old' : cpu >= FULL_PERCENT ? 'the core is full' : undefined);
      const what = `${size} agents: ${cpu.toFixed(1)} %, simulator ${simulator.toFixed(0)} %, age p99 ${p99Ms} ms`;
      say(limit === undefined ? what : `${what}; ${limit}`);
      return { cpu, simulator, fault, limit };
    };
    const attempt = async (size: number): Promise<Taken> => {
      const grown = await grow(size);
      try {
        return await measure(grown);
      } finally {
        await grown.watchers.end();
        await grown.fleet.close();
      }
    };
    /** Of a size that nobody has held yet, that it cannot even be begun is an answer. */
    const attemptMore = (size: number): Promise<Taken | null> =>
      attempt(size).catch((error: unknown) => {
        say(`${size} agents: ${error instanceof Error ? error.message : error}`);
        return null;
      });
    /** What the first round found. */
    let highest: number | null = null;
    return {
      async ours() {
        const percent = new Map<number, number>();
        const wrong: string[] = [];
        let [held, simulator] = [0, Number.NaN];
        const note = (size: number, taken: Taken | null): boolean => {
          if (taken !== null) simulator = taken.simulator;
          const isHeld = taken !== null && taken.limit === undefined;
          if (isHeld) held = size;
          return isHeld;
        };
        for (const size of SIZES.filter((each) => !quick || QUICK_SIZES.includes(each))) {
          const taken = await attempt(size);
          percent.set(size, taken.cpu);
          if (taken.fault !== undefined) wrong.push(`${size} agents: ${taken.fault}`);
          note(size, taken);
        }
        if (highest === null) {
          for (const size of quick ? [] : MORE_SIZES) if (!note(size, await attemptMore(size))) break;
          highest = held;
        } else {
          const most = highest;
          for (const size of MORE_SIZES.filter((each) => each <= most).toReversed())
            if (note(size, await attemptMore(size))) break;
        }
        return {
          values: {
            ...{ held, simulator },
            '250 agents': percent.get(250),
            '500 agents': percent.get(500),
            '1000 agents': percent.get(1_000),
            '2000 agents': percent.get(2_000),
          },
          ...(wrong.length > 0 && { wrong: wrong.join('; ') }),
        };
      },
      peers: {},
    };
  },
});
