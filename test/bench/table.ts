import { setTimeout as delay } from 'node:timers/promises';
import { startSimulatedFleet } from '../support/simulated-fleet/start-fleet.ts';
import { type BenchContext, defineBench } from './frame/bench.ts';
import { median, percentile } from './frame/statistics.ts';
import { bundlePeer } from './rig/bundle.ts';
import { openCockpit, SIZE } from './rig/cockpit.ts';
import { type KeyTime, timeKeys } from './rig/key-times.ts';
import { idleCpu, memoryMB } from './rig/program-load.ts';
import { openTerminalProgram, type TerminalProgram } from './terminal-program.ts';

const NODES = 200;
const INSTANCES = 20;

/** `--set seconds=360` makes half an hour of five rounds. */
export const bench = defineBench({
  what: `the cockpit on 160x50 with the instances of ${NODES} nodes x ${INSTANCES}, whose figures all come each second: CPU of one core while nobody types; from a key written to the pty, at random moments, to the bytes that show what it did; the bare Ink is a table of 48 texts that are new each second`,
  figures: {
    'key p99': { unit: 'ms', better: 'lower', targets: [{ value: 50 }] },
    'key p50': { unit: 'ms', better: 'lower', targets: [] },
    cpu: { unit: '% of a core', better: 'lower', targets: [{ value: 10 }] },
    'scroll frame': { unit: 'bytes, median', better: 'lower', targets: [{ value: 1_500 }] },
    'figures frame': { unit: 'bytes, median', better: 'lower', targets: [] },
    memory: { unit: 'MB', better: 'lower', targets: [] },
    // Of what it had in the first round that counts.
    growth: {
      ...{ unit: '% of memory since round 1, worst', better: 'lower', summary: 'worst' },
      targets: [{ value: 10 }],
    },
  },
  peers: ['bare Ink'],
  rounds: { full: 5, quick: 2 },
  async open(context) {
    const seconds = context.option('seconds', { full: 20, quick: 2 });
    const keys = context.option('keys', { full: 100, quick: 20 });
    const ours = await openTable(context);
    // A young heap grows up to its thresholds for about a minute.
    await delay(1000 * context.option('settle', { full: 60, quick: 0 }));
    const peer = await openInkTable(context);
    let firstMB = 0;
    let rounds = 0;
    return {
      ours: async () => {
        const values = await measure(ours, { seconds, keys, mark: marksOf });
        const memory = memoryMB(ours.pid);
        rounds += 1;
        // The warm-up is the first.
        if (rounds <= 2) firstMB = memory;
        return { values: { ...values, memory, growth: Math.max(0, (100 * (memory - firstMB)) / firstMB) } };
      },
      peers: {
        'bare Ink': async () => ({
          values: {
            ...(await measure(peer, { seconds, keys, mark: ([first = '']) => first })),
            memory: memoryMB(peer.pid),
          },
        }),
      },
    };
  },
});

/** All instances, with the cursor at the lower edge, so that one step down scrolls. */
async function openTable(context: BenchContext): Promise<TerminalProgram> {
  context.say(`starting a master and ${NODES} agents`);
  const fleet = await startSimulatedFleet({
    ...{ nodes: NODES, instances: INSTANCES, masterFile: context.bin('sgridnext'), onEnd: context.onEnd },
  });
  const cockpit = await openCockpit(context, { url: fleet.url, tokenFile: fleet.tokenFile('operator') });
  cockpit.start();
  await cockpit.waitFor('the nodes', (lines) => lines.some((line) => line.includes(`${NODES} nodes`)));
  cockpit.press('i');
  await cockpit.waitFor('the figures of all instances', (lines) => {
    const rows = lines.filter((line) => /^[> ] +running /.test(line));
    return rows.length > 30 && rows.every((row) => /\d\.\d +\d+[KM]\//.test(row));
  });
  await timeKeys(cockpit, SIZE.rows, () => keyDown(cockpit, marksOf), 0);
  return cockpit;
}

async function openInkTable(context: BenchContext): Promise<TerminalProgram> {
  const command = await bundlePeer(context, 'ink-table');
  const terminal = await openTerminalProgram({ ...SIZE, cwd: context.directory, command });
  context.onEnd(terminal.close);
  terminal.start();
  await terminal.waitFor('the table', ([first = '']) => first === 'top 0');
  return terminal;
}

async function measure(
  terminal: TerminalProgram,
  { seconds, keys, mark }: { seconds: number; keys: number; mark: typeof marksOf },
) {
  terminal.takeFrames();
  const cpu = await idleCpu(terminal.pid, seconds);
  const figures = terminal.takeFrames().map(({ bytes }) => bytes);
  const times: KeyTime[] = await timeKeys(terminal, keys, () => keyDown(terminal, mark));
  const ms = times.map((time) => time.ms);
  return {
    'key p99': percentile(ms, 0.99),
    'key p50': median(ms),
    cpu,
    'scroll frame': median(times.map(({ bytes }) => bytes)),
    'figures frame': median(figures),
  };
}

function keyDown(terminal: TerminalProgram, mark: typeof marksOf) {
  const before = mark(terminal.screen());
  return {
    key: 'j',
    isSeen: (lines: readonly string[]) => {
      const now = mark(lines);
      return now !== '' && now !== before;
    },
  };
}

/**
 * What stands under the cursor and in the two rows above it, without what changes by itself: process and port of what runs,
 * else the state and the name.
 */
function marksOf(lines: readonly string[]): string {
  const at = lines.findIndex((line) => line.startsWith('>'));
  if (at < 2) return '';
  const rows = lines
    .slice(at - 2, at + 1)
    .map((row) => /\b\d{5} +\d{5}\b/.exec(row)?.[0] ?? row.slice(2, 30));
  return [at, ...rows].join(' | ');
}
