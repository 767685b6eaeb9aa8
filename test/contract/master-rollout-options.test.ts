import { beforeEach, expect, test } from 'vitest';
import type { Assignment, InstanceStatus } from '../../common/domain/instance.ts';
import type { Release } from '../../common/domain/release.ts';
import type { RolloutOptions } from '../../common/domain/rollout.ts';
import type { TestMaster } from '../support/master.ts';
import { tarOf, uploadPackage } from '../support/packages.ts';
import { statusOf, type TestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { deploy, ended, startWebFleet, uploadVersion, type WebFleet } from './support/fleet.ts';

let master: TestMaster;
let fleet: WebFleet;
let v2: Release;
beforeEach(async () => {
  ({ master, fleet } = await startWebFleet(3, { nodeWaitMs: 20_000 }));
  await deploy(fleet.admin, fleet.release.releaseId, ids());
  v2 = await uploadVersion(master, 'v2');
});

const ids = () => fleet.instances.map((instance) => instance.instanceId);
const begin = (options: Partial<RolloutOptions> = {}, instanceIds = ids()) =>
  fleet.admin.call('rollout.create', { releaseId: v2.releaseId, instanceIds, options });
const stepsOf = async (rolloutId: number) => {
  const { rollout } = await fleet.admin.call('rollout.get', { rolloutId });
  return `${rollout.state}: ${rollout.steps.map((step) => step.state).join(' ')}`;
};
const versions = async () => {
  const { instances } = await fleet.admin.call('fleet.watch', { scope: { kind: 'all' } });
  return instances.map(({ desired, release }) => `${desired} ${release?.version ?? 'nothing'}`);
};

/** What v2 does on a node; everything else comes up. */
function onV2(agent: TestAgent, behave: (assignment: Assignment) => Promise<InstanceStatus>): void {
  const { apply } = agent.behaviour;
  agent.behaviour.apply = (assignment) =>
    assignment.release?.version === 'v2' ? behave(assignment) : apply(assignment);
}

test('as many at a time as may be down, and no more', async () => {
  let busy = 0;
  let mostBusy = 0;
  const all = Promise.withResolvers<void>();
  for (const agent of fleet.agents) {
    const { apply } = agent.behaviour;
    agent.behaviour.apply = async (assignment) => {
      mostBusy = Math.max(mostBusy, ++busy);
      if (busy === 2) all.resolve();
      await all.promise;
      busy--;
      return apply(assignment);
    };
  }
  const { rollout } = await begin({ maxUnavailable: '67%' });
  expect((await ended(fleet.admin, rollout.rolloutId)).state).toBe('succeeded');
  expect(mostBusy).toBe(2);
});

test('a node fetches a release once, however many of its instances get it at the same time', async () => {
  const more = await Promise.all(
    [8101, 8102, 8103].map(async (port) => {
      const { instance } = await fleet.admin.call('instance.create', { serviceName: 'web', nodeId: 1, port });
      return instance.instanceId;
    }),
  );
  fleet.agentOf(1).prepared.length = 0;
  const { rollout } = await begin({ maxUnavailable: 100 }, [...ids(), ...more]);
  expect((await ended(fleet.admin, rollout.rolloutId)).state).toBe('succeeded');
  expect(fleet.agentOf(1).prepared).toHaveLength(1);
  expect(fleet.agentOf(1).applied.filter(({ release }) => release?.version === 'v2')).toHaveLength(4);
});

test('a canary that becomes unhealthy takes itself back, and the others are never touched', async () => {
  await closeAndStartChecked();
  const canary = fleet.agentOf(1);
  const inHealth = (assignment: Assignment, state: 'starting' | 'unhealthy') =>
    statusOf(assignment, {
      state: 'running',
      pid: 77,
      startedAt: 1,
      health: { state, reason: state === 'unhealthy' ? 'GET / answered 500' : '', since: 1 },
    });
  const taken = Promise.withResolvers<Assignment>();
  onV2(canary, async (assignment) => {
    taken.resolve(assignment);
    return inHealth(assignment, 'starting');
  });
  const { rollout } = await begin({ canary: 1, onFailure: 'rollback' });
  const assignment = await taken.promise;
  await waitFor('the step', async () => (await stepsOf(rollout.rolloutId)).includes('applying'));
  await canary.report(inHealth(assignment, 'unhealthy'));
  const end = await ended(fleet.admin, rollout.rolloutId);
  expect(end.state).toBe('rolled-back');
  expect(end.reason).toBe('api@test-1:9000: unhealthy: GET / answered 500');
  expect(end.steps.map((step) => step.state)).toEqual(['reverted', 'skipped', 'skipped']);
  expect(new Set(await versions())).toEqual(new Set(['running v1']));
  for (const nodeId of [2, 3])
    expect(fleet.agentOf(nodeId).applied.every(({ release }) => release?.version !== 'v2')).toBe(true);
  const { events } = await fleet.admin.call('event.list', {});
  const told = events.filter(({ kind }) => kind.startsWith('rollout.')).slice(0, 3);
  expect(told.map(({ kind, result }) => `${kind} ${result}`).reverse()).toEqual([
    'rollout.started ok',
    'rollout.rolling-back failed',
    'rollout.finished failed',
  ]);
});

/** The same fleet, of a service with a health check, whose v1 is healthy. */
async function closeAndStartChecked(): Promise<void> {
  const { admin, agents } = fleet;
  const spec = { name: 'api', type: 'binary', entry: 'run.sh', health: { kind: 'tcp' } } as const;
  await admin.call('service.create', { spec });
  const upload = (version: string) =>
    uploadPackage(master, { serviceName: 'api', version, content: tarOf({ 'run.sh': version }) });
  const release = await upload('v1');
  v2 = await upload('v2');
  fleet.instances = await Promise.all(
    agents.map(async (agent) => {
      const { apply } = agent.behaviour;
      agent.behaviour.apply = async (assignment) => ({
        ...(await apply(assignment)),
        health: { state: 'healthy', reason: '', since: 1 },
      });
      const place = { serviceName: 'api', nodeId: agent.nodeId, port: 9000 };
      return (await admin.call('instance.create', place)).instance;
    }),
  );
  expect((await deploy(admin, release.releaseId, ids())).state).toBe('succeeded');
}

test('paused after the canary: the rest waits, what is done is free, and somebody goes on', async () => {
  const { admin } = fleet;
  const { rollout } = await begin({ canary: 1, pauseAfterCanary: true, maxUnavailable: 2 });
  const { rolloutId } = rollout;
  await waitFor('the pause', async () => (await stepsOf(rolloutId)) === 'paused: done pending pending');
  await expect(begin()).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/^rollout \d+ of "web" to v2 by admin is paused, since /),
    hint: expect.stringContaining(`sgrid rollout abort ${rolloutId}`),
  });
  const { outcomes } = await admin.call('instance.restart', { instanceIds: ids() });
  expect(outcomes.map(({ error }) => error?.code ?? 'ok')).toEqual(['ok', 'conflict', 'conflict']);
  await expect(admin.call('rollout.pause', { rolloutId })).rejects.toMatchObject({ code: 'conflict' });
  await admin.call('rollout.resume', { rolloutId });
  expect((await ended(admin, rolloutId)).state).toBe('succeeded');
  await expect(admin.call('rollout.resume', { rolloutId })).rejects.toMatchObject({
    message: `rollout ${rolloutId} has ended: succeeded`,
  });
  await expect(admin.call('rollout.abort', { rolloutId: 999 })).rejects.toMatchObject({ code: 'not_found' });
});

test('aborted: what is under way finishes, the rest is skipped, and the service is free again', async () => {
  const held = Promise.withResolvers<void>();
  const { apply } = fleet.agentOf(1).behaviour;
  onV2(fleet.agentOf(1), async (assignment) => {
    await held.promise;
    return apply(assignment);
  });
  const { rollout } = await begin();
  const { rolloutId } = rollout;
  await waitFor('the first', async () => (await stepsOf(rolloutId)).includes('applying'));
  const { rollout: now } = await fleet.admin.call('rollout.abort', { rolloutId });
  expect(now).toMatchObject({ state: 'aborting', reason: 'aborted by admin' });
  held.resolve();
  expect(await ended(fleet.admin, rolloutId)).toMatchObject({ state: 'aborted' });
  expect(await stepsOf(rolloutId)).toBe('aborted: done skipped skipped');
  expect((await deploy(fleet.admin, v2.releaseId, ids())).state).toBe('succeeded');
});

test('a roll-back stops again what was stopped, and leaves without a release what had none', async () => {
  const { admin } = fleet;
  await admin.call('instance.stop', { instanceIds: ids().slice(0, 1) });
  const { instance: bare } = await admin.call('instance.create', {
    serviceName: 'web',
    nodeId: 2,
    port: 8500,
  });
  onV2(fleet.agentOf(3), async (assignment) => statusOf(assignment, { state: 'failed', reason: 'no' }));
  const instanceIds = [...ids().slice(0, 1), bare.instanceId, ...ids().slice(2)];
  const { rollout } = await begin({ onFailure: 'rollback' }, instanceIds);
  const end = await ended(admin, rollout.rolloutId);
  expect(end.steps.map((step) => step.state)).toEqual(['reverted', 'reverted', 'reverted']);
  expect(end.state).toBe('rolled-back');
  expect(await versions()).toEqual(['stopped v1', 'running v1', 'running v1', 'stopped nothing']);
  expect(fleet.agentOf(1).statuses.get(ids()[0] ?? 0)?.state).toBe('stopped');
});

test('taking back a rollout gives each instance what it ran before that, also different releases', async () => {
  const { admin } = fleet;
  const [first, second, third] = ids() as [number, number, number];
  const v3 = await uploadVersion(master, 'v3');
  await deploy(admin, v2.releaseId, [second]);
  const change = await deploy(admin, v3.releaseId, [first, second, third]);
  const undo = (instanceIds?: number[]) =>
    admin.call('rollout.create', { undoes: change.rolloutId, ...(instanceIds && { instanceIds }) });
  const { rollout } = await undo([first, second]);
  expect(rollout.version).toBe('v1, v2');
  expect((await ended(admin, rollout.rolloutId)).state).toBe('succeeded');
  expect(await versions()).toEqual(['running v1', 'running v2', 'running v3']);
  // Taken back itself, it is as if it had not been.
  const { rollout: again } = await admin.call('rollout.create', { undoes: rollout.rolloutId });
  await ended(admin, again.rolloutId);
  expect(await versions()).toEqual(['running v3', 'running v3', 'running v3']);
  await expect(undo([999])).rejects.toMatchObject({ code: 'conflict' });
});

test('a dry run says what would be done, warns, and changes nothing', async () => {
  const { admin } = fleet;
  await admin.call('instance.stop', { instanceIds: ids().slice(1, 2) });
  fleet.agentOf(3).close();
  await waitFor('the loss', () => admin.events.some((event) => event.kind === 'node.lost'));
  const before = await admin.call('fleet.watch', { scope: { kind: 'all' } });
  const request = { releaseId: v2.releaseId, instanceIds: ids() };
  const { plan } = await admin.call('rollout.plan', {
    ...request,
    options: { canary: 1, maxUnavailable: 2 },
  });
  expect(plan).toMatchObject({ serviceName: 'web', version: 'v2', atOnce: 2 });
  expect(plan.batches.map(({ isCanary, steps }) => [isCanary, steps.map((step) => step.instanceId)])).toEqual(
    [
      [true, [ids()[0]]],
      [false, [ids()[1], ids()[2]]],
    ],
  );
  const steps = plan.batches.flatMap((batch) => batch.steps);
  expect(steps.map(({ action, runs, gets }) => [action, runs?.version ?? null, gets.version])).toEqual([
    ['replace', 'v1', 'v2'],
    ['start', null, 'v2'],
    ['replace', 'v1', 'v2'],
  ]);
  expect(steps.map(({ warnings }) => warnings)).toEqual([
    [],
    ['it is stopped, and will be started'],
    ['node test-3 is not connected'],
  ]);
  const keep = await admin.call('rollout.plan', { ...request, releaseId: fleet.release.releaseId });
  expect(keep.plan.batches.map(({ steps: [step] }) => step?.action)).toEqual(['start', 'keep', 'keep']);
  expect((await admin.call('rollout.list', {})).rollouts).toHaveLength(1);
  const after = await admin.call('fleet.watch', { scope: { kind: 'all' } });
  expect(after.instances).toEqual(before.instances);
  await expect(
    admin.call('rollout.plan', { ...request, options: { pauseAfterCanary: true } }),
  ).rejects.toMatchObject({ code: 'bad_request' });
});
