import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { InstanceStatus } from '../../common/domain/instance.ts';
import { identify } from '../../common/system/process-identity.ts';
import { newAgentDir, removeAgentDir } from '../support/agent-process.ts';
import { until } from '../support/agent-shim.ts';
import {
  aliveOf,
  assignmentOf,
  openTestSupervisor,
  startsOf,
  type TestSupervisor,
} from '../support/agent-supervisor.ts';

const CHILD = fileURLToPath(new URL('../support/agent-crash-child.ts', import.meta.url));
/** Every sixth step, beginning anywhere, so that a few runs see them all; `all` takes a few minutes. */
const STRIDE = process.env.SGRID_CRASH_STEPS === 'all' ? 1 : 6;
/** More calls to the outside than any scenario makes. */
const MOST_STEPS = 200;

interface Scenario {
  name: string;
  /** Leaves the state directory as the agent finds it. */
  before: (stateDir: string) => Promise<void>;
  /** Asks again for what may not have been taken down yet, as a master does. */
  again: (supervisor: TestSupervisor) => Promise<unknown>;
  isDone: (status: InstanceStatus) => boolean;
  /** Programs that were started in all, and that live in the end. */
  starts: number;
  alive: number;
  /** Events of each kind in the end, by distinct id. */
  events: Record<string, number>;
  lastExit: object | null;
}

const running = async (stateDir: string): Promise<TestSupervisor> => {
  const supervisor = await openTestSupervisor(stateDir);
  const { pid } = await supervisor.apply(assignmentOf());
  await until('its fifo', () => existsSync(join(stateDir, 'instances/1/data', `fifo.${pid}`)));
  await supervisor.close();
  return supervisor;
};

const scenarios: Scenario[] = [
  {
    name: 'start',
    before: async () => {},
    again: (supervisor) => supervisor.apply(assignmentOf()),
    isDone: ({ state }) => state === 'running',
    starts: 1,
    alive: 1,
    events: { 'instance.started': 1 },
    lastExit: null,
  },
  {
    name: 'restart',
    before: async (stateDir) => void (await running(stateDir)),
    again: (supervisor) => supervisor.apply(assignmentOf({ revision: 2, restartGeneration: 1 })),
    isDone: ({ state, revision }) => state === 'running' && revision === 2,
    starts: 2,
    alive: 1,
    events: { 'instance.started': 2, 'instance.stopped': 1 },
    lastExit: { signal: 'SIGTERM', cause: 'stopped' },
  },
  {
    name: 'stop',
    before: async (stateDir) => void (await running(stateDir)),
    again: (supervisor) => supervisor.apply(assignmentOf({ revision: 2, desired: 'stopped' })),
    isDone: ({ state }) => state === 'stopped',
    starts: 1,
    alive: 0,
    events: { 'instance.started': 1, 'instance.stopped': 1 },
    lastExit: { signal: 'SIGTERM', cause: 'stopped' },
  },
  {
    name: 'exited',
    before: async (stateDir) => {
      await running(stateDir);
      const [pid = 0] = startsOf(stateDir);
      writeFileSync(join(stateDir, 'instances/1/data', `fifo.${pid}`), '42\n');
      await until('its end', () => identify(pid) === null);
    },
    again: async () => {},
    isDone: ({ state, restarts }) => state === 'running' && restarts === 1,
    starts: 2,
    alive: 1,
    events: { 'instance.started': 2, 'instance.exited': 1, 'instance.backoff': 1 },
    lastExit: { code: 42, signal: null, cause: 'exited' },
  },
];

/** Runs the scenario in an agent of its own, which kills itself at `step`. @returns whether it was too late for that. */
async function survives(stateDir: string, name: string, step: number, abort: AbortSignal): Promise<boolean> {
  const child = spawn(process.execPath, [CHILD, stateDir, 'none', name, String(step)], {
    stdio: ['pipe', 'ignore', 'inherit'],
    signal: abort,
    killSignal: 'SIGKILL',
  });
  const [status, signal] = await once(child, 'exit');
  if (signal === 'SIGKILL') return false;
  expect(status).toBe(0);
  return true;
}

for (const scenario of scenarios) {
  test(`${scenario.name}: killed at every step, then taken over: one copy, the true end, each event once`, {
    timeout: 240_000,
  }, async ({ signal }) => {
    let step = Math.floor(Math.random() * STRIDE);
    for (; step < MOST_STEPS; step += STRIDE) {
      const stateDir = newAgentDir();
      try {
        await scenario.before(stateDir);
        const survived = await survives(stateDir, scenario.name, step, signal);
        await takeOver(stateDir, scenario, step);
        if (survived) break;
      } finally {
        await removeAgentDir(stateDir);
      }
    }
    // Fewer would mean that nothing was counted.
    expect(step).toBeGreaterThan(8);
    expect(step).toBeLessThan(MOST_STEPS);
  });
}

async function takeOver(stateDir: string, scenario: Scenario, step: number): Promise<void> {
  const supervisor = await openTestSupervisor(stateDir);
  try {
    await scenario.again(supervisor);
    const status = await until(`${scenario.name} after step ${step}`, () => {
      const now = supervisor.status(1);
      return now !== null && scenario.isDone(now) ? now : null;
    });
    await until('its start', () => scenario.alive === 0 || startsOf(stateDir).at(-1) === status.pid);
    const kinds: Record<string, number> = {};
    for (const { kind } of supervisor.ports.events.peek(1000)) kinds[kind] = (kinds[kind] ?? 0) + 1;
    delete kinds['instance.adopted'];
    expect({
      step,
      starts: startsOf(stateDir).length,
      alive: aliveOf(stateDir).length,
      events: kinds,
      lastExit: status.lastExit,
    }).toEqual({
      step,
      starts: scenario.starts,
      alive: scenario.alive,
      events: scenario.events,
      lastExit: scenario.lastExit === null ? null : expect.objectContaining(scenario.lastExit),
    });
    const text = readFileSync(join(stateDir, 'logs/1/stdout.log'), 'utf8');
    expect(text.match(/^line of \d+/gm)).toHaveLength(scenario.starts);
  } finally {
    await supervisor.close();
    rmSync(join(stateDir, 'survived'), { force: true });
  }
}
