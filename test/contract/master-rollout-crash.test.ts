import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Assignment } from '../../common/domain/instance.ts';
import { hasEnded, type Rollout, type RolloutOptions } from '../../common/domain/rollout.ts';
import { type CockpitPeer, connectCockpit } from '../support/cockpit-peer.ts';
import { newStateDir, startMaster } from '../support/master.ts';
import { createTestAgent, statusOf, type TestAgent } from '../support/test-agent.ts';
import { closeAll, createWebFleet, deploy, uploadVersion } from './support/fleet.ts';
import { startMortalMaster } from './support/mortal-master.ts';

const NODES = 3;
/** More than any of these rollouts has moves, twice over. */
const MOST_LIVES = 80;

let stateDir: string;
let agents: TestAgent[];
beforeEach(() => {
  stateDir = newStateDir();
});
afterEach(() => {
  for (const agent of agents) agent.close();
  rmSync(stateDir, { recursive: true, force: true });
});

interface Told {
  rollout: Rollout;
  /** What every life of the master found in the database. */
  history: string[];
  /** Everything that took effect on a node, in order. */
  applied: Assignment[];
  events: { kind: string; result: string }[];
}

/**
 * Rolls v2 out over v1 with masters that all die at their first move, in turn before and after its commit, until it has ended.
 *
 * @param fails the instance, counted from 1, on which v2 does not stay up.
 * @param operate what somebody does in every life of a master.
 */
async function liveAndDie(
  options: Partial<RolloutOptions>,
  {
    fails = 0,
    operate,
  }: { fails?: number; operate?: (admin: CockpitPeer, rollout: Rollout) => Promise<unknown> },
): Promise<Told> {
  const { instanceIds, releaseId } = await settle();
  const applied: Assignment[] = [];
  const history: string[] = [];
  let created: Rollout | null = null;
  for (let life = 0; life < MOST_LIVES; life++) {
    const master = await startMortalMaster(stateDir, life % 2 === 0 ? 'before' : 'after');
    const admin = await connectCockpit(master);
    const rollout = created && (await admin.call('rollout.get', created)).rollout;
    if (rollout !== null)
      history.push(`${rollout.state}: ${rollout.steps.map(({ state }) => state).join(' ')}`);
    if (rollout !== null && hasEnded(rollout)) {
      const { events } = await admin.call('event.list', { limit: 1000 });
      admin.close();
      await master.close();
      return { rollout, history, applied, events: events.filter(({ kind }) => kind.startsWith('rollout.')) };
    }
    agents = await reconnect(master, applied, (assignment) => {
      const isBad = assignment.instanceId === instanceIds[fails - 1] && assignment.release?.version === 'v2';
      return isBad ? statusOf(assignment, { state: 'crash-loop', reason: 'bad' }) : null;
    });
    if (rollout === null) {
      created = (await admin.call('rollout.create', { releaseId, instanceIds, options })).rollout;
    }
    // Whoever asked a master that dies over it asks the next one again.
    if (rollout !== null) await operate?.(admin, rollout).catch(() => {});
    await master.died;
    admin.close();
    for (const agent of agents) agent.close();
    await master.close();
  }
  throw new Error(`no end after ${MOST_LIVES} lives: ${history.join('\n')}`);
}

/** Three nodes with an instance each, which runs v1; and the release v2. */
async function settle(): Promise<{ instanceIds: number[]; releaseId: number }> {
  const master = await startMaster({ stateDir, limits: { minReadyMs: 1 } });
  const fleet = await createWebFleet(master, NODES);
  const instanceIds = fleet.instances.map(({ instanceId }) => instanceId);
  await deploy(fleet.admin, fleet.release.releaseId, instanceIds);
  const { releaseId } = await uploadVersion(master, 'v2');
  agents = fleet.agents;
  closeAll(fleet);
  await master.close();
  return { instanceIds, releaseId };
}

/** The same agents, with all that they had, at another master. */
async function reconnect(
  master: Parameters<typeof createTestAgent>[0],
  applied: Assignment[],
  misbehave: (assignment: Assignment) => ReturnType<typeof statusOf> | null,
): Promise<TestAgent[]> {
  return Promise.all(
    agents.map(async (before) => {
      const agent = createTestAgent(master, { nodeId: before.nodeId, agentId: before.agentId });
      const { apply } = agent.behaviour;
      agent.behaviour.apply = async (assignment) => {
        applied.push(assignment);
        return misbehave(assignment) ?? apply(assignment);
      };
      for (const [id, status] of before.statuses) agent.statuses.set(id, status);
      // It may have died of another node's report by now.
      await agent.connect().catch(() => {});
      return agent;
    }),
  );
}

/** "1:v2 2:v2": what took effect where, in order. */
const effects = ({ applied }: Told): string[] =>
  applied.map(({ instanceId, release }) => `${instanceId}:${release?.version}`);

const kinds = ({ events }: Told): string[] =>
  events.map(({ kind }) => kind.replace('rollout.', '')).reverse();

test('forwards, in batches behind a canary: every step once', async () => {
  const told = await liveAndDie({ canary: 1, maxUnavailable: 2 }, {});
  expect(told.rollout.state).toBe('succeeded');
  expect(effects(told).sort()).toEqual(['1:v2', '2:v2', '3:v2']);
  expect(effects(told)[0]).toBe('1:v2');
  // Two for v1, which is there before.
  expect(kinds(told)).toEqual(['started', 'finished', 'started', 'finished']);
  for (const stage of ['preparing pending pending', 'applying pending pending', 'done pending pending'])
    expect(told.history).toContain(`running: ${stage}`);
  expect(told.history).toContain('running: done preparing preparing');
  expect(told.history).toContain('running: done done done');
});

test('backwards, after a failure: what was touched gets v1 once, the rest was never touched', async () => {
  const told = await liveAndDie({ onFailure: 'rollback' }, { fails: 2 });
  expect(told.rollout).toMatchObject({
    state: 'rolled-back',
    reason: expect.stringContaining('crash-loop: bad'),
  });
  expect(told.rollout.steps.map((step) => step.state)).toEqual(['reverted', 'reverted', 'skipped']);
  expect(effects(told)).toEqual(['1:v2', '2:v2', '2:v1', '1:v1']);
  expect(kinds(told).slice(2)).toEqual(['started', 'rolling-back', 'finished']);
  expect(told.history).toContain('rolling-back: done reverting skipped');
  expect(told.history).toContain('rolling-back: reverting reverted skipped');
});

test('stopped by a failure: nothing is begun any more', async () => {
  const told = await liveAndDie({}, { fails: 2 });
  expect(told.rollout.steps.map((step) => step.state)).toEqual(['done', 'failed', 'skipped']);
  expect(effects(told)).toEqual(['1:v2', '2:v2']);
  expect(kinds(told).slice(2)).toEqual(['started', 'finished']);
});

test('paused after the canary it stays so, until somebody resumes it, once', async () => {
  const told = await liveAndDie(
    { canary: 1, pauseAfterCanary: true },
    {
      operate: async (admin, { rolloutId, state }) =>
        state === 'paused' && admin.call('rollout.resume', { rolloutId }),
    },
  );
  expect(told.rollout.state).toBe('succeeded');
  expect(effects(told)).toEqual(['1:v2', '2:v2', '3:v2']);
  expect(kinds(told).slice(2)).toEqual(['started', 'paused', 'resumed', 'finished']);
  expect(told.history).toContain('paused: done pending pending');
});

test.each([
  ['ended', false, 'aborted', ['done', 'skipped', 'skipped'], ['1:v2'], ['aborted']],
  ['taken back', true, 'rolled-back', ['reverted', 'skipped', 'skipped'], ['1:v2', '1:v1'], ['rolling-back']],
] as const)('%s by somebody while paused', async (_what, rollback, state, steps, effect, kind) => {
  const told = await liveAndDie(
    { canary: 1, pauseAfterCanary: true },
    {
      operate: async (admin, { rolloutId, state: now }) =>
        now === 'paused' && admin.call('rollout.abort', { rolloutId, rollback }),
    },
  );
  expect(told.rollout.state).toBe(state);
  expect(told.rollout.steps.map((step) => step.state)).toEqual(steps);
  expect(effects(told)).toEqual(effect);
  expect(kinds(told).slice(2)).toEqual(['started', 'paused', ...kind, 'finished']);
});
