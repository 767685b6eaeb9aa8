import { setTimeout as delay } from 'node:timers/promises';
import { startAgents } from '../support/simulated-fleet/start-agents.ts';
import { type SimulatedFleet, startSimulatedFleet } from '../support/simulated-fleet/start-fleet.ts';
import { startBareRelay, startWatchers } from './fleet/children.ts';
import { faultOf, loopDelayMs, type Middle, measureMiddle } from './fleet/measure.ts';
import { defineBench } from './frame/bench.ts';

const INSTANCES = 20;
const COCKPITS = 10;
/** Of the instances that are planned, some are stopped and have no figures. */
const LEAST_RUNNING = 0.95;
/** A frame or two at either end belong to the seconds before and after. */
const LEAST_SENT = 0.75;
const FRESH_MS = 2_000;

export const bench = defineBench({
  what: 'CPU of the master, of one core, with 1,000 agents of 20 instances that send a snapshot a second, while 10 cockpits watch everything; the bare relay is a Socket.IO server that passes each snapshot on to all cockpits',
  figures: {
    cpu: { unit: '% of a core', better: 'lower', targets: [{ value: 20 }] },
    memory: { unit: 'MB', better: 'lower', targets: [] },
    age: { unit: 'ms p99 at the cockpits', better: 'lower', targets: [{ value: FRESH_MS }] },
    'loop delay': { unit: 'ms p99', better: 'lower', targets: [{ value: 50 }] },
    received: { unit: 'kB a second and cockpit', better: 'lower', targets: [] },
  },
  peers: ['bare relay'],
  rounds: { full: 5, quick: 2 },
  warmUps: 0,
  async open({ quick, bin, option, onEnd, say }) {
    const nodes = option('agents', { full: 1_000, quick: 1_000 });
    const seconds = option('seconds', { full: 15, quick: 4 });
    const settleSeconds = option('settle', { full: 5, quick: 2 });
    const expected = {
      nodes,
      leastInstances: nodes * INSTANCES * LEAST_RUNNING,
      leastSamples: nodes * seconds * LEAST_SENT,
    };
    say(`starting a master and ${nodes} agents`);
    const masterFile = bin('sgridnext');
    const fleet = await startSimulatedFleet({ nodes, instances: INSTANCES, masterFile, onEnd });
    fleet.agents.pause();
    const viewer = fleet.token('viewer');
    const watchers = await startWatchers({
      url: fleet.url,
      token: viewer,
      cockpits: COCKPITS,
      source: 'master',
    });
    onEnd(watchers.end);

    say('the same agents for a bare relay');
    const relay = await startBareRelay();
    onEnd(relay.end);
    const others = await startAgents({ plan: fleet.plan, masterUrl: relay.url, token: 'any' });
    onEnd(others.end);
    others.pause();
    const ends = { url: relay.url, token: 'any', cockpits: COCKPITS };
    const relayWatchers = await startWatchers({ ...ends, source: 'relay' });
    onEnd(relayWatchers.end);
    if (!quick) await delay(5_000);

    const whileTheySend = async <T>(
      agents: Pick<SimulatedFleet['agents'], 'pause' | 'resume'>,
      work: () => Promise<T>,
    ): Promise<T> => {
      agents.resume();
      await delay(settleSeconds * 1000);
      const result = await work();
      agents.pause();
      return result;
    };
    const sampleOf = ({ cpuPercent, memoryMB, watched }: Middle) => {
      const wrong = faultOf(watched, expected);
      const received = watched.receivedBytes / 1000 / seconds / COCKPITS;
      const values = { cpu: cpuPercent, memory: memoryMB, age: watched.p99Ms, received };
      return { values, ...(wrong !== undefined && { wrong }) };
    };
    return {
      ours: () =>
        whileTheySend(fleet.agents, async () => {
          await loopDelayMs(fleet.url, viewer);
          const { values, ...rest } = sampleOf(await measureMiddle(fleet.masterPid, watchers, seconds));
          return { values: { ...values, 'loop delay': await loopDelayMs(fleet.url, viewer) }, ...rest };
        }),
      peers: {
        'bare relay': () =>
          whileTheySend(others, async () => sampleOf(await measureMiddle(relay.pid, relayWatchers, seconds))),
      },
    };
  },
});
