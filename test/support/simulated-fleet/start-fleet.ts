import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Role } from '../../../common/domain/role.ts';
import { waitFor } from '../wait-for.ts';
import { simulatedNodeInfo } from './agent.ts';
import { planNodes } from './plan.ts';
import { seedMaster } from './seed.ts';
import { type MasterProcess, startMasterProcess } from './start-master.ts';
import type { WorkerState, WorkerTask } from './worker.ts';

/** A master out of `dist/`, in its own process, with simulated agents in others. */
export interface SimulatedFleet {
  readonly url: string;
  readonly masterPid: number;
  readonly workerPids: readonly number[];
  readonly directory: string;
  tokenFile(role: Role): string;
  token(role: Role): string;
  /** Ends all processes and removes all files. */
  close(): Promise<void>;
}

export interface SimulatedFleetOptions {
  nodes: number;
  /** On each node. */
  instances: number;
  /** Of the master; 0 takes a free one. */
  masterPort?: number;
  /** Processes for the agents. */
  workers?: number;
  /** Of all programs together. */
  crashesAMinute?: number;
  /** Start file of the master; default: `dist/bin/sgridnext`. */
  masterFile?: string;
  /** Environment of the master besides this process's own, for example `NODE_OPTIONS`. */
  masterEnv?: Readonly<Record<string, string>>;
  /** Told how many agents are connected while they come up. */
  onProgress?: (up: number) => void;
}

const MASTER = fileURLToPath(new URL('../../../dist/bin/sgridnext', import.meta.url));
const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));
const NODES_A_WORKER = 500;
const UP_MS = 120_000;

/** Returns when all agents are connected. What was begun is ended when that fails. */
export async function startSimulatedFleet(options: SimulatedFleetOptions): Promise<SimulatedFleet> {
  const { nodes, instances, masterPort = 0, crashesAMinute = 0, onProgress } = options;
  const { masterFile = MASTER, masterEnv = {} } = options;
  const workerCount = options.workers ?? Math.max(1, Math.ceil(nodes / NODES_A_WORKER));
  const directory = mkdtempSync(join(tmpdir(), 'sgrid-fleet-'));
  const stateDir = join(directory, 'master');
  mkdirSync(stateDir, { mode: 0o700 });
  const tokenFile = (role: Role): string => join(stateDir, 'tokens', `${role}.token`);
  const token = (role: Role): string => readFileSync(tokenFile(role), 'utf8').trim();
  let master: MasterProcess | null = null;
  const workers: Worker[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.end()));
    await master?.end();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const startedAt = Date.now() - 3_600_000;
    const planned = { startedAt, nodes: planNodes(nodes, instances, randomUUID) };
    const plan = await seedMaster(stateDir, planned, (nodeId) => simulatedNodeInfo(nodeId, startedAt));
    master = await startMasterProcess(
      masterFile,
      ['--state-dir', stateDir, '--host', '127.0.0.1', '--http-port', String(masterPort)],
      join(directory, 'master.log'),
      masterEnv,
    );
    const { url } = master;
    for (let index = 0; index < workerCount; index += 1) {
      const nodeIds = plan.nodes.flatMap(({ nodeId }) => (nodeId % workerCount === index ? [nodeId] : []));
      const share = { nodeIds, crashesAMinute: crashesAMinute / workerCount };
      workers.push(startWorker({ plan, masterUrl: url, token: token('agent'), ...share }));
    }
    const up = (): number => workers.reduce((sum, worker) => sum + worker.up(), 0);
    await waitFor(
      `${nodes} agents to be connected`,
      () => {
        onProgress?.(up());
        const ended = workers.find((worker) => worker.hasEnded());
        if (ended !== undefined) throw new Error('a process of simulated agents has ended');
        return up() === nodes;
      },
      UP_MS,
    );
    const workerPids = workers.map(({ pid }) => pid);
    return { url, masterPid: master.pid, workerPids, directory, tokenFile, token, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Worker {
  readonly pid: number;
  up(): number;
  hasEnded(): boolean;
  end(): Promise<void>;
}

function startWorker(task: WorkerTask): Worker {
  const child: ChildProcess = fork(WORKER, {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
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
    async end() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
