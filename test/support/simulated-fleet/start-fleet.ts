import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Role } from '../../../common/domain/role.ts';
import { simulatedNodeInfo } from './agent.ts';
import { type FleetPlan, planNodes } from './plan.ts';
import { seedMaster } from './seed.ts';
import { type SimulatedAgents, startAgents } from './start-agents.ts';
import { type MasterProcess, startMasterProcess } from './start-master.ts';

/** A master out of `dist/`, in its own process, with simulated agents in others. */
export interface SimulatedFleet {
  readonly url: string;
  readonly masterPid: number;
  readonly agents: Pick<SimulatedAgents, 'pids' | 'pause' | 'resume'>;
  readonly directory: string;
  readonly plan: FleetPlan;
  tokenFile(role: Role): string;
  token(role: Role): string;
  /** Ends all processes and removes all files. */
  close(): Promise<void>;
}

export interface SimulatedFleetOptions {
  nodes: number;
  /** On each node. */
  instances: number;
  /** 0, the default, takes a free one. */
  masterPort?: number;
  /** Start file of the master; default: `dist/bin/sgridnext`. */
  masterFile?: string;
  /** Environment of the master besides this process's own, for example `NODE_OPTIONS`. */
  masterEnv?: Readonly<Record<string, string>>;
  /** As in `startAgents`. */
  workers?: number;
  crashesAMinute?: number;
  /** Told at once what is to be done at the end, the latest first, for whoever is interrupted before all is up. */
  onEnd?: (step: () => unknown) => void;
}

const MASTER = fileURLToPath(new URL('../../../dist/bin/sgridnext', import.meta.url));

/** Returns when all agents are connected. What was begun is ended when that fails. */
export async function startSimulatedFleet(options: SimulatedFleetOptions): Promise<SimulatedFleet> {
  const {
    nodes,
    instances,
    masterPort = 0,
    masterFile = MASTER,
    masterEnv,
    workers,
    crashesAMinute,
    onEnd = () => {},
  } = options;
  const directory = mkdtempSync(join(tmpdir(), 'sgrid-fleet-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  onEnd(remove);
  const stateDir = join(directory, 'master');
  const tokenFile = (role: Role): string => join(stateDir, 'tokens', `${role}.token`);
  const token = (role: Role): string => readFileSync(tokenFile(role), 'utf8').trim();
  let master: MasterProcess | null = null;
  let agents: SimulatedAgents | null = null;
  const close = async (): Promise<void> => {
    await agents?.end();
    await master?.end();
    remove();
  };
  try {
    mkdirSync(stateDir, { mode: 0o700 });
    const startedAt = Date.now() - 3_600_000;
    const planned = { startedAt, nodes: planNodes(nodes, instances, randomUUID) };
    const plan = await seedMaster(stateDir, planned, (nodeId) => simulatedNodeInfo(nodeId, startedAt));
    master = await startMasterProcess(
      masterFile,
      ['--state-dir', stateDir, '--host', '127.0.0.1', '--http-port', String(masterPort)],
      join(directory, 'master.log'),
      masterEnv,
      onEnd,
    );
    const { url, pid: masterPid } = master;
    agents = await startAgents({
      ...{ plan, masterUrl: url, token: token('agent'), logFile: join(directory, 'agents.log') },
      ...(workers !== undefined && { workers }),
      ...(crashesAMinute !== undefined && { crashesAMinute }),
    });
    onEnd(agents.end);
    return { url, masterPid, agents, directory, plan, tokenFile, token, close };
  } catch (error) {
    await close();
    throw error;
  }
}
