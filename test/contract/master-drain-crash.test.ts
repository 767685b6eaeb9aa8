import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Assignment } from '../../common/domain/instance.ts';
import type { CockpitPeer } from '../support/cockpit-peer.ts';
import { newStateDir, startMaster } from '../support/master.ts';
import { statusOf, type TestAgent } from '../support/test-agent.ts';
import { closeAll, createWebFleet, deploy } from './support/fleet.ts';
import { liveAndDie, type Story } from './support/lives.ts';

let stateDir: string;
let agents: TestAgent[];
beforeEach(async () => {
  stateDir = newStateDir();
  const master = await startMaster({ stateDir, limits: { minReadyMs: 1 } });
  const fleet = await createWebFleet(master, 3);
  const instanceIds = fleet.instances.map(({ instanceId }) => instanceId);
  await deploy(fleet.admin, fleet.release.releaseId, instanceIds);
  agents = fleet.agents;
  closeAll(fleet);
  await master.close();
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

/** "4@2 running", "1@1 removed": what is done to programs. That a new instance is stopped to begin with is nothing. */
const said = ({ effects }: Story): string[] =>
  effects
    .filter(({ assignment }) => assignment === null || assignment.release !== null)
    .map(
      ({ nodeId, instanceId, assignment }) => `${instanceId}@${nodeId} ${assignment?.desired ?? 'removed'}`,
    );
const kinds = ({ events }: Story): string[] =>
  events.filter(({ kind }) => kind.startsWith('rollout.')).map(({ kind }) => kind.replace('rollout.', ''));
const whereabouts = ({ instances }: Story): string[] =>
  instances.map(({ instanceId, nodeId, desired }) => `${instanceId}@${nodeId} ${desired}`);

async function drain(admin: CockpitPeer, change: object = {}) {
  const { rollouts } = await admin.call('node.drain', { nodeId: 1, ...change });
  const [rollout] = rollouts;
  if (rollout === undefined) throw new Error('nothing to drain');
  return rollout;
}
const told = (
  begin: (admin: CockpitPeer) => ReturnType<typeof drain>,
  change: Partial<Parameters<typeof liveAndDie>[0]> = {},
) => liveAndDie({ stateDir, agents, begin, ...change });

test('a move: every step once, whenever the master dies', async () => {
  const all = await told(drain);
  expect(all.rollout.state).toBe('succeeded');
  expect(said(all)).toEqual(['4@2 running', '1@1 removed']);
  expect(whereabouts(all)).toEqual(['2@2 running', '3@3 running', '4@2 running']);
  expect(kinds(all).slice(2)).toEqual(['started', 'finished']);
  for (const stage of ['preparing pending', 'applying pending', 'done pending', 'done applying', 'done done'])
    expect(all.history).toContain(stage === 'done done' ? `succeeded: ${stage}` : `running: ${stage}`);
});

test('a move that fails: the new one is taken away once, and the old one is never touched', async () => {
  const misbehave = (assignment: Assignment) =>
    assignment.instanceId === 4 ? statusOf(assignment, { state: 'crash-loop', reason: 'bad' }) : null;
  const all = await told(drain, { misbehave });
  expect(all.rollout).toMatchObject({
    state: 'failed',
    reason: expect.stringMatching(/^web@test-2:\d+: crash-loop: bad$/),
  });
  expect(all.rollout.steps.map(({ state }) => state)).toEqual(['reverted', 'skipped']);
  expect(said(all)).toEqual(['4@2 running', '4@2 removed']);
  expect(whereabouts(all)).toEqual(['1@1 running', '2@2 running', '3@3 running']);
  expect(all.history).toContain('running: reverting skipped');
});

test('ended by somebody before it has begun: what was made for it is gone', async () => {
  const all = await told(drain, {
    operate: async (admin, { rolloutId }) => admin.call('rollout.abort', { rolloutId }),
  });
  expect(all.rollout.state).toBe('aborted');
  expect(whereabouts(all)).toEqual(['1@1 running', '2@2 running', '3@3 running']);
  // Its node had not heard of it yet.
  expect(said(all)).toEqual([]);
  expect(all.history).toContain('aborting: reverting skipped');
});

test('a stop: once, and it stays where it is', async () => {
  const all = await told((admin) => drain(admin, { move: false, stop: true }));
  expect(all.rollout.state).toBe('succeeded');
  expect(said(all)).toEqual(['1@1 stopped']);
  expect(whereabouts(all)).toEqual(['1@1 stopped', '2@2 running', '3@3 running']);
  expect(all.history).toContain('running: applying');
});
