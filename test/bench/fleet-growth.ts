import { setTimeout as delay } from 'node:timers/promises';
import { type SimulatedFleet, startSimulatedFleet } from '../support/simulated-fleet/start-fleet.ts';
import { startWatchers, type Watchers } from './fleet/children.ts';
import { faultOf, measureMiddle } from './fleet/measure.ts';
import { defineBench } from './frame/bench.ts';

const INSTANCES = 20;
const COCKPITS = 10;
/** Those that have a figure of their own. */
const SIZES = [250, 500, 1_000, 2_000] as const;
/** Tried behind them, in a full run, until one is not held. */
const MORE_SIZES = [3_000, 4_000, 5_000];
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

/** Agents are paused but for those of the size that is measured; all sizes have a master of their own. */
export const bench = defineBench({
  what: 'How the CPU of the master grows with the number of agents (20 instances each, a snapshot a second, 10 cockpits that watch everything), and the largest of the sizes tried that one core held with figures less than 2 s old at the cockpits; where the simulator itself did not keep up, a size counts as not held',
  figures: {
    held: { unit: 'agents', better: 'higher', targets: [] },
    '250 agents': { unit: '% of a core', better: 'lower', targets: [] },
    '500 agents': { unit: '% of a core', better: 'lower', targets: [] },
    '1000 agents': { unit: '% of a core', better: 'lower', targets: [{ value: 20 }] },
    '2000 agents': { unit: '% of a core', better: 'lower', targets: [] },
  },
  peers: [],
  rounds: { full: 5, quick: 1 },
  warmUps: 0,
  async open({ quick, bin, option, onEnd, say }) {
    const seconds = option('seconds', { full: 6, quick: 3 });
    const settleSeconds = option('settle', { full: 3, quick: 1 });
    /** One at a time, since all of them together would be most of the memory of a small machine. */
    const grow = async (size: number): Promise<Grown> => {
      const fleet = await startSimulatedFleet({
        nodes: size,
        instances: INSTANCES,
        masterFile: bin('sgridnext'),
      });
      onEnd(fleet.close);
      const ends = { url: fleet.url, token: fleet.token('viewer') };
      const watchers = await startWatchers({ ...ends, cockpits: COCKPITS, source: 'master' });
      onEnd(watchers.end);
      return { size, fleet, watchers };
    };
    const measure = async ({ size, fleet, watchers }: Grown): Promise<{ cpu: number; isHeld: boolean }> => {
      await delay(settleSeconds * 1000);
      const { cpuPercent, watched } = await measureMiddle(fleet.masterPid, watchers, seconds);
      const fault = faultOf(watched, {
        nodes: size,
        leastInstances: size * INSTANCES * LEAST_RUNNING,
        leastSamples: size * seconds * LEAST_SENT,
      });
      const { p99Ms } = watched;
      say(
        `${size} agents: ${cpuPercent.toFixed(1)} %, age p99 ${p99Ms} ms${fault === undefined ? '' : `; ${fault}`}`,
      );
      return {
        cpu: cpuPercent,
        isHeld: fault === undefined && p99Ms < FRESH_MS && cpuPercent < FULL_PERCENT,
      };
    };
    return {
      async ours() {
        const percent = new Map<number, number>();
        let held = 0;
        for (const size of quick ? SIZES : [...SIZES, ...MORE_SIZES]) {
          const grown = await grow(size);
          const { cpu, isHeld } = await measure(grown);
          await grown.watchers.end();
          await grown.fleet.close();
          percent.set(size, cpu);
          if (isHeld) held = size;
          else if (percent.size > SIZES.length) break;
        }
        const of = (size: (typeof SIZES)[number]): number => percent.get(size) ?? Number.NaN;
        return {
          values: {
            held,
            '250 agents': of(250),
            '500 agents': of(500),
            '1000 agents': of(1_000),
            '2000 agents': of(2_000),
          },
        };
      },
      peers: {},
    };
  },
});
