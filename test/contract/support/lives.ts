import type { Assignment } from '../../../common/domain/instance.ts';
import { hasEnded, type Rollout } from '../../../common/domain/rollout.ts';
import { type CockpitPeer, connectCockpit } from '../../support/cockpit-peer.ts';
import { createTestAgent, type statusOf, type TestAgent } from '../../support/test-agent.ts';
import { startMortalMaster } from './mortal-master.ts';

/** More than any of these rollouts has moves, twice over. */
const MOST_LIVES = 80;

/** "1 running v2", "4 removed": what took effect on a node. */
export interface Effect {
  nodeId: number;
  instanceId: number;
  assignment: Assignment | null;
}

/** How it went, as the last master found it. */
export interface Story {
  rollout: Rollout;
  /** What every life of the master found in the database. */
  history: string[];
  /** Everything that took effect on a node, in order. */
  effects: Effect[];
  events: { kind: string; result: string; message: string }[];
  instances: { instanceId: number; nodeId: number; desired: string; revision: number }[];
}

/**
 * Lets something go on with masters that all die at their first move, in turn before and after its commit, until it has ended.
 *
 * @param agents as they were left by the master before, with all that they had; they come back to each master
 * @param begin asks for it, of the first master
 * @param misbehave what becomes of an assignment in the place of what should; null for that
 * @param operate what somebody does in every life of a master, before its agents are back
 */
export async function liveAndDie(options: {
  stateDir: string;
  agents: readonly TestAgent[];
  begin: (admin: CockpitPeer) => Promise<Rollout>;
  misbehave?: (assignment: Assignment) => ReturnType<typeof statusOf> | null;
  operate?: (admin: CockpitPeer, rollout: Rollout) => Promise<unknown>;
}): Promise<Story> {
  const { stateDir, begin, misbehave = () => null, operate } = options;
  const effects: Effect[] = [];
  const history: string[] = [];
  let agents = [...options.agents];
  let rolloutId: number | null = null;
  for (let life = 0; life < MOST_LIVES; life++) {
    const master = await startMortalMaster(stateDir, life % 2 === 0 ? 'before' : 'after');
    const admin = await connectCockpit(master);
    try {
      const rollout: Rollout | null =
        rolloutId === null ? null : (await admin.call('rollout.get', { rolloutId })).rollout;
      if (rollout !== null)
        history.push(`${rollout.state}: ${rollout.steps.map(({ state }) => state).join(' ')}`);
      if (rollout !== null && hasEnded(rollout)) {
        const { events } = await admin.call('event.list', { limit: 1000 });
        const { instances } = await admin.call('fleet.watch', { scope: { kind: 'all' } });
        return { rollout, history, effects: onceEach(effects), events: events.toReversed(), instances };
      }
      // Whoever asked a master that dies over it asks the next one again.
      if (rollout !== null) await operate?.(admin, rollout).catch(() => {});
      agents = await Promise.all(agents.map((agent) => comeBack(master, agent, effects, misbehave)));
      if (rollout === null) rolloutId = (await begin(admin)).rolloutId;
      await master.died;
    } finally {
      admin.close();
      for (const agent of agents) agent.close();
      await master.close();
    }
  }
  throw new Error(`no end after ${MOST_LIVES} lives: ${history.join('\n')}`);
}

/** A node that is asked the same by two at the same time does it once; this agent is told of both. */
function onceEach(effects: readonly Effect[]): Effect[] {
  const key = ({ instanceId, assignment }: Effect): string =>
    `${instanceId} ${assignment === null ? 'removed' : assignment.revision}`;
  return [...new Map(effects.toReversed().map((effect) => [key(effect), effect])).values()].toReversed();
}

/** The same agent, with all that it had, at another master. */
async function comeBack(
  master: Parameters<typeof createTestAgent>[0],
  before: TestAgent,
  effects: Effect[],
  misbehave: (assignment: Assignment) => ReturnType<typeof statusOf> | null,
): Promise<TestAgent> {
  const { nodeId, agentId } = before;
  const agent = createTestAgent(master, { nodeId, agentId });
  const { apply, remove } = agent.behaviour;
  agent.behaviour.apply = async (assignment) => {
    effects.push({ nodeId, instanceId: assignment.instanceId, assignment });
    return misbehave(assignment) ?? apply(assignment);
  };
  agent.behaviour.remove = async (instanceId) => {
    effects.push({ nodeId, instanceId, assignment: null });
    return remove(instanceId);
  };
  for (const [id, status] of before.statuses) agent.statuses.set(id, status);
  // It may have died of another node's report by now.
  await agent.connect().catch(() => {});
  return agent;
}
