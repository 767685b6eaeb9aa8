import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../wait-for.ts';
import type { FleetPlan } from './plan.ts';
import type { WorkerOrder, WorkerState, WorkerTask } from './worker.ts';

/** The agents of a plan, in processes of their own. */
export interface SimulatedAgents {
  readonly pids: readonly number[];
  /** They stay connected and send no figures until they are resumed. */
  pause(): void;
  resume(): void;
  end(): Promise<void>;
}

export interface SimulatedAgentsOptions {
  plan: FleetPlan;
  masterUrl: string;
  token: string;
  /** What agents complain about is appended to it; default: it is dropped. */
  logFile?: string;
  /** How many processes; default: one for each 500 agents. */
  workers?: number;
  /** Programs that crash and are started again, of all together; default: none. */
  crashesAMinute?: number;
}

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));
const NODES_A_WORKER = 500;
const UP_MS = 180_000;

/** Returns when all are connected. @throws Error when they do not come up; none is left then */
export async function startAgents(options: SimulatedAgentsOptions): Promise<SimulatedAgents> {
  const { plan, masterUrl, token, crashesAMinute = 0 } = options;
  const count = options.workers ?? Math.max(1, Math.ceil(plan.nodes.length / NODES_A_WORKER));
  const log = options.logFile === undefined ? null : openSync(options.logFile, 'a', 0o600);
  const workers = Array.from({ length: count }, (_, index) => {
    const nodeIds = plan.nodes.flatMap(({ nodeId }) => (nodeId % count === index ? [nodeId] : []));
    return startWorker({ plan, nodeIds, masterUrl, token, crashesAMinute: crashesAMinute / count }, log);
  });
  if (log !== null) closeSync(log);
  const order = (what: WorkerOrder): void => {
    for (const worker of workers) worker.order(what);
  };
  const end = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.end()));
  };
  try {
    const areAllUp = (): boolean => {
      if (workers.some((worker) => worker.hasEnded()))
        throw new Error('a process of simulated agents has ended');
      return workers.reduce((sum, worker) => sum + worker.up(), 0) === plan.nodes.length;
    };
    await waitFor(`${plan.nodes.length} agents to be connected`, areAllUp, UP_MS);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    pids: workers.map(({ pid }) => pid),
    pause: () => order('pause'),
    resume: () => order('resume'),
    end,
  };
}

interface Worker {
  readonly pid: number;
  up(): number;
  hasEnded(): boolean;
  order(what: WorkerOrder): void;
  end(): Promise<void>;
}

function startWorker(task: WorkerTask, log: number | null): Worker {
  const child: ChildProcess = fork(WORKER, {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', log ?? 'ignore', 'ipc'],
  });
  const gone = once(child, 'exit');
  let up = 0;
  child.on('message', (state: WorkerState) => {
    up = state.up;
  });
  child.send(task);
  return {
    pid: child.pid ?? 0,
    up: () => up,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    order: (what) => void child.send(what),
    async end() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
