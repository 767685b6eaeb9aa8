import { join } from 'node:path';
import { waitFor } from '../../support/wait-for.ts';
import type { BenchContext } from '../frame/bench.ts';
import { type Product, startProduct } from '../products.ts';
import { ownGroupPids, removeOwnGroup } from './own-group.ts';

/** One agent, which can be killed and started again on what it left. */
export interface BenchNode {
  readonly nodeId: number;
  readonly stateDir: string;
  agent(): Product;
  /** What it says of itself; null while it does not answer. */
  health(): Promise<NodeHealth | null>;
  /** All processes in its cgroup: programs, what they started, and the shims beside them. */
  pids(): Set<number>;
  /** Kills the agent with SIGKILL. */
  kill(): Promise<void>;
  /** Starts the next one on the same state. */
  start(): Promise<void>;
}

/** The agent's `/healthz`. */
export interface NodeHealth {
  readonly cgroupDriver: string;
  readonly link: string;
  /** Instances by state. */
  readonly instances: Readonly<Record<string, number>>;
}

/** An agent with a state directory and a cgroup, below this process's own, for itself. Returns when its link is up. */
export async function startNode(
  { directory, bin, onEnd }: BenchContext,
  nodeId: number,
  master: { url: string; tokenFile: string },
): Promise<BenchNode> {
  const stateDir = join(directory, `node-${nodeId}`);
  const group = `sgrid-bench-${process.pid}-${nodeId}`;
  onEnd(() => removeOwnGroup(group));
  // In one step, told now: an agent that is started again must not end before what stops its services.
  const ends: (() => Promise<void>)[] = [];
  onEnd(async () => void (await Promise.all(ends.map((end) => end()))));
  const launch = (nodePort: number): Promise<Product> =>
    startProduct(
      'sgridnode',
      [
        ...['--state-dir', stateDir, '--main-node', master.url, '--token-file', master.tokenFile],
        ...['--node-index', String(nodeId), '--node-port', String(nodePort), '--host', '127.0.0.1'],
        ...['--alias', `bench-${nodeId}`, '--cgroup-parent', `self/${group}`],
      ],
      join(directory, `node-${nodeId}.log`),
      bin('sgridnode'),
      (end) => void ends.push(end),
    );
  let agent = await launch(0);
  const nodePort = Number(agent.ready.nodePort);
  const health = async (): Promise<NodeHealth | null> => {
    try {
      return (await (await fetch(`http://127.0.0.1:${nodePort}/healthz`)).json()) as NodeHealth;
    } catch {
      return null;
    }
  };
  await waitFor(`the link of node ${nodeId}`, async () => (await health())?.link === 'up');
  return {
    ...{ nodeId, stateDir, health },
    agent: () => agent,
    pids: () => ownGroupPids(group),
    kill: () => agent.end('SIGKILL'),
    async start() {
      agent = await launch(nodePort);
    },
  };
}
