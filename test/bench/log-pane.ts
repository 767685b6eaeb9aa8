import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BenchContext, defineBench } from './frame/bench.ts';
import { median, percentile } from './frame/statistics.ts';
import { openCockpit } from './rig/cockpit.ts';
import { timeKeys } from './rig/key-times.ts';
import { idleCpu, memoryMB } from './rig/program-load.ts';
import { freePort, runService } from './rig/services.ts';
import { startSystem } from './rig/system.ts';
import type { TerminalProgram } from './terminal-program.ts';

const PROGRAM = fileURLToPath(new URL('./programs/flood.mjs', import.meta.url));
const LINES_A_SECOND = 50_000;
const LINE_BYTES = 110;
/** Less than this share of what should have been written was no flood, and the figures say nothing. */
const LEAST_SHARE = 0.9;
const LOOK_EVERY_MS = 100;
/** A pane that is so far behind does not follow, however busy the machine is. */
const STALE_MS = 10_000;

/** `--set seconds=N` for rounds of another length. */
export const bench = defineBench({
  what: `the cockpit on 160x50 follows the log of a real service that writes ${LINES_A_SECOND} lines/s, through agent and master: CPU of one core, and from a key (wrap on and off) written to the pty, at random moments, to the bytes that show what it did; the newest is shown, and what comes too fast to be read is jumped over, so that the age of the newest line on the screen is given too`,
  figures: {
    'key p99': { unit: 'ms', better: 'lower', targets: [{ value: 100 }] },
    'key p50': { unit: 'ms', better: 'lower', targets: [] },
    cpu: { unit: '% of a core', better: 'lower', targets: [{ value: 50 }] },
    // Of the newest line on the screen, looked at ten times a second.
    age: { unit: 'ms p99 of the newest line', better: 'lower', targets: [] },
    'to the terminal': { unit: 'kB/s', better: 'lower', targets: [] },
    memory: { unit: 'MB', better: 'lower', targets: [] },
    // Of what it had in the first round that counts.
    growth: {
      ...{ unit: '% of memory since round 1, worst', better: 'lower', summary: 'worst' },
      targets: [{ value: 10 }],
    },
  },
  peers: [],
  rounds: { full: 5, quick: 2 },
  async open(context) {
    const seconds = context.option('seconds', { full: 36, quick: 4 });
    const keys = context.option('keys', { full: 100, quick: 30 });
    const { terminal, writtenBytes } = await openFlood(context);
    // A young heap grows up to its thresholds for about a minute.
    await delay(1000 * context.option('settle', { full: 60, quick: 0 }));
    let firstMB = 0;
    let rounds = 0;
    const ours = async () => {
      const ages: number[] = [];
      const look = setInterval(() => ages.push(ageOfNewest(terminal.screen())), LOOK_EVERY_MS);
      const [bytesBefore, beganAt] = [await writtenBytes(), performance.now()];
      terminal.takeFrames();
      const cpu = await idleCpu(terminal.pid, seconds).finally(() => clearInterval(look));
      const sent = terminal.takeFrames().reduce((sum, { bytes }) => sum + bytes, 0);
      const times = await timeKeys(terminal, keys, () => keyWrap(terminal));
      const share =
        ((await writtenBytes()) - bytesBefore) /
        (LINES_A_SECOND * LINE_BYTES * ((performance.now() - beganAt) / 1000));
      const ms = times.map((time) => time.ms);
      const memory = memoryMB(terminal.pid);
      rounds += 1;
      // The warm-up is the first.
      if (rounds <= 2) firstMB = memory;
      const values = {
        age: percentile(ages, 0.99),
        ...{ 'key p99': percentile(ms, 0.99), 'key p50': median(ms), cpu, memory },
        'to the terminal': sent / 1000 / seconds,
        growth: Math.max(0, (100 * (memory - firstMB)) / firstMB),
      };
      const written = `${Math.round(share * LINES_A_SECOND)} lines/s were written, of ${LINES_A_SECOND}`;
      if (share < LEAST_SHARE) return { values, wrong: written };
      const isStale = values.age > STALE_MS;
      return {
        values,
        ...(isStale && { wrong: `the newest line shown is ${Math.round(values.age)} ms old` }),
      };
    };
    return { ours, peers: {} };
  },
});

/** A flood under a real agent, and the cockpit that follows it. */
async function openFlood(context: BenchContext) {
  const system = await startSystem(context);
  const args = [String(LINES_A_SECOND)];
  const spec = { name: 'flood', type: 'node' as const, entry: 'flood.mjs', args };
  const files = { 'flood.mjs': readFileSync(PROGRAM, 'utf8') };
  const [instanceId = 0] = await runService(system, spec, files, [{ nodeId: 1, port: await freePort() }]);
  const writtenBytes = async (): Promise<number> => {
    const request = { instanceId, file: 'stdout', from: 'tail', direction: 'backward' } as const;
    return (await system.cockpit.call('log.read', { ...request, maxBytes: 1, waitMs: 0 })).tailOffset;
  };
  const terminal = await openCockpit(context, { url: system.url, tokenFile: system.tokenFile('operator') });
  terminal.start();
  await terminal.waitFor('the node', (lines) => lines.some((line) => line.includes('1 node')));
  terminal.press('i');
  await terminal.waitFor('the instance', (lines) => lines.some((line) => /^> +running +flood/.test(line)));
  terminal.press('l');
  await terminal.waitFor('the flood', (lines) => lines.some((line) => line.includes('INFO request')));
  return { terminal, writtenBytes };
}

/** The title of the pane says whether lines are wrapped. */
function keyWrap(terminal: TerminalProgram) {
  const isWrapped = (lines: readonly string[]): boolean =>
    lines.some((line) => /wrapped +following$/.test(line));
  const isShown = (lines: readonly string[]): boolean => lines.some((line) => /following$/.test(line));
  const before = isWrapped(terminal.screen());
  return {
    key: 'w',
    isSeen: (lines: readonly string[]) => isShown(lines) && isWrapped(lines) !== before,
  };
}

/** How old the newest line is whose time can be read, by the clock that it was written with; infinite when there is none. */
function ageOfNewest(lines: readonly string[]): number {
  const times = lines.flatMap((line) => /(\d{4}-\d\d-\d\dT[\d:.]+Z) INFO/.exec(line)?.[1] ?? []);
  return Date.now() - Math.max(...times.map((time) => Date.parse(time)));
}
