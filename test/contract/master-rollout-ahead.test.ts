import { beforeEach, expect, test } from 'vitest';
import type { Release } from '../../common/domain/release.ts';
import type { RolloutOptions } from '../../common/domain/rollout.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { TestMaster } from '../support/master.ts';
import { statusOf, type TestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { deploy, ended, startWebFleet, uploadVersion, type WebFleet } from './support/fleet.ts';

const NODES = 20;
const AHEAD = 16;

let master: TestMaster;
let fleet: WebFleet;
let v2: Release;
beforeEach(async () => {
  ({ master, fleet } = await startWebFleet(NODES, { nodeWaitMs: 20_000 }));
  await deploy(fleet.admin, fleet.release.releaseId, ids());
  v2 = await uploadVersion(master, 'v2');
});

const ids = () => fleet.instances.map(({ instanceId }) => instanceId);
const begin = async (options: Partial<RolloutOptions> = {}) => {
  const request = { releaseId: v2.releaseId, instanceIds: ids(), options };
  return (await fleet.admin.call('rollout.create', request)).rollout;
};
const timesAsked = ({ prepared }: TestAgent) => prepared.filter(({ version }) => version === 'v2').length;
const asked = () => fleet.agents.filter((agent) => timesAsked(agent) > 0);
const touched = () =>
  fleet.agents.filter(({ applied }) => applied.some(({ release }) => release?.version === 'v2'));

/** Node 1 does not come to its end with v2, which it has been told of by `begun`, before `release` is called. */
function holdFirst(): { begun: Promise<void>; release: () => void } {
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const { behaviour } = fleet.agentOf(1);
  const { apply } = behaviour;
  behaviour.apply = async (assignment) => {
    begun.resolve();
    await gate.promise;
    return apply(assignment);
  };
  return { begun: begun.promise, release: gate.resolve };
}

/** Every other node fetches until it is told to end; `release` also holds for those asked later. */
function holdFetching(): { fetching: () => number; most: () => number; release: () => void } {
  const gate = Promise.withResolvers<void>();
  let fetching = 0;
  let most = 0;
  for (const { behaviour } of fleet.agents.slice(1)) {
    behaviour.prepare = async () => {
      most = Math.max(most, ++fetching);
      await gate.promise;
      fetching -= 1;
      return { alreadyThere: false };
    };
  }
  return { fetching: () => fetching, most: () => most, release: gate.resolve };
}

test('while the first instance is at it, the others’ nodes fetch, 16 at a time, and are asked once', async () => {
  const first = holdFirst();
  const held = holdFetching();
  const { rolloutId } = await begin();
  await first.begun;
  await waitFor('the nodes that fetch ahead', () => held.fetching() === AHEAD);
  held.release();
  await waitFor('all to have fetched', () => asked().length === NODES);
  expect(held.most()).toBe(AHEAD);
  expect(touched()).toEqual([fleet.agentOf(1)]);
  const { rollout } = await fleet.admin.call('rollout.get', { rolloutId });
  expect(rollout.steps.slice(1).every(({ state }) => state === 'pending')).toBe(true);
  first.release();
  expect((await ended(fleet.admin, rolloutId)).state).toBe('succeeded');
  expect(fleet.agents.map(timesAsked)).toEqual(fleet.agents.map(() => 1));
});

test('a node that could not fetch ahead is asked again in its turn, and fails it only then', async () => {
  const first = holdFirst();
  for (const [nodeId, failures] of [
    [2, 1],
    [3, 2],
  ] as const) {
    const agent = fleet.agentOf(nodeId);
    agent.behaviour.prepare = async () => {
      if (timesAsked(agent) <= failures) throw new SgridError('no_space', `no space on node ${nodeId}`);
      return { alreadyThere: false };
    };
  }
  const { rolloutId } = await begin();
  await waitFor('all to have been asked', () => asked().length === NODES);
  expect((await fleet.admin.call('rollout.get', { rolloutId })).rollout.state).toBe('running');
  first.release();
  const after = await ended(fleet.admin, rolloutId);
  expect(after.steps.slice(0, 4).map(({ state, reason }) => `${state} ${reason}`)).toEqual([
    'done ',
    'done ',
    'failed no space on node 3',
    'skipped ',
  ]);
  expect([2, 3, 4].map((nodeId) => timesAsked(fleet.agentOf(nodeId)))).toEqual([2, 2, 1]);
});

test('aborted, it ends without waiting for one that fetches, and asks no more of them', async () => {
  const first = holdFirst();
  const held = holdFetching();
  const slow = Promise.withResolvers<{ alreadyThere: boolean }>();
  fleet.agentOf(2).behaviour.prepare = () => slow.promise;
  const { rolloutId } = await begin();
  await first.begun;
  await waitFor('the nodes that fetch ahead', () => held.fetching() === AHEAD - 1);
  await fleet.admin.call('rollout.abort', { rolloutId });
  held.release();
  await waitFor('all but one to have fetched', () => held.fetching() === 0);
  first.release();
  expect((await ended(fleet.admin, rolloutId)).state).toBe('aborted');
  slow.resolve({ alreadyThere: false });
  // A rollout behind it passes by whatever the aborted one would still ask.
  expect((await deploy(fleet.admin, fleet.release.releaseId, ids())).state).toBe('succeeded');
  expect(asked()).toHaveLength(AHEAD + 1);
  expect(touched()).toEqual([fleet.agentOf(1)]);
});

test('a canary that fails has touched nothing else: the others have fetched at most', async () => {
  const held = holdFetching();
  const failing = Promise.withResolvers<void>();
  fleet.agentOf(1).behaviour.apply = async (assignment) => {
    await failing.promise;
    return statusOf(assignment, { state: 'crash-loop', reason: 'bad' });
  };
  const { rolloutId } = await begin({ canary: 1 });
  await waitFor('the nodes that fetch ahead', () => held.fetching() === AHEAD);
  failing.resolve();
  const { state, steps } = await ended(fleet.admin, rolloutId);
  expect([state, ...new Set(steps.map((step) => step.state))]).toEqual(['failed', 'failed', 'skipped']);
  held.release();
  await waitFor('the nodes to have fetched', () => held.fetching() === 0);
  expect(asked()).toHaveLength(AHEAD + 1);
  expect(touched()).toEqual([fleet.agentOf(1)]);
});
