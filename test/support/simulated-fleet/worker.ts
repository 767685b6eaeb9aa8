import { randomUUID } from 'node:crypto';
import { createSimulatedAgent } from './agent.ts';
import type { FleetPlan } from './plan.ts';
import { createRegistryView } from './registry-view.ts';

/** What a process of simulated agents is told at its start, by IPC. */
export interface WorkerTask {
  plan: FleetPlan;
  /** The nodes that are its own. */
  nodeIds: readonly number[];
  masterUrl: string;
  token: string;
  /** Programs that crash in all of its nodes together. */
  crashesAMinute: number;
}

/** Said later on, as often as wanted. */
export type WorkerOrder = 'pause' | 'resume';

/** What it says of itself, four times a second. */
export interface WorkerState {
  up: number;
}

const CONNECT_EVERY_MS = 4;
const TELL_MS = 250;

/** A process with many simulated agents. It ends with whoever started it. */
function run({ plan, nodeIds, masterUrl, token, crashesAMinute }: WorkerTask): (order: WorkerOrder) => void {
  const isOwn = new Set(nodeIds);
  const own = plan.nodes.filter(({ nodeId }) => isOwn.has(nodeId));
  const registry = createRegistryView(plan, own[0]?.nodeId ?? 0);
  const shared = { plan, masterUrl, token, registry, clock: Date.now, random: Math.random };
  const complain = (fields: object, message: string): void =>
    void process.stderr.write(`${JSON.stringify({ message, ...fields })}\n`);
  const logger = { info: () => {}, warn: complain, error: complain };
  const agents = own.map((node) => createSimulatedAgent({ ...shared, node, newId: randomUUID, logger }));
  agents.forEach((agent, index) => void setTimeout(agent.start, index * CONNECT_EVERY_MS));
  setInterval(() => {
    const state: WorkerState = { up: agents.filter((agent) => agent.isUp()).length };
    process.send?.(state);
  }, TELL_MS);
  const crash = (): void => {
    // The end of the process is the end of its pauses.
    agents[Math.floor(Math.random() * agents.length)]?.crash().catch(() => {});
  };
  if (crashesAMinute > 0) setInterval(crash, 60_000 / crashesAMinute);
  return (order) => {
    for (const agent of agents) agent[order]();
  };
}

process.once('message', (task: WorkerTask) => {
  const obey = run(task);
  process.on('message', (order: WorkerOrder) => obey(order));
});
process.once('disconnect', () => process.exit(0));
// Of a terminal, Ctrl-C reaches all; whoever started this process decides.
process.on('SIGINT', () => {});
