import { beforeEach, expect, test } from 'vitest';
import type { InstanceView } from '../../common/domain/instance.ts';
import { type Rollout, stepName } from '../../common/domain/rollout.ts';
import type { CockpitToMaster } from '../../common/protocol/cockpit-link.ts';
import type { PayloadInput } from '../../common/protocol/define.ts';
import type { TestMaster } from '../support/master.ts';
import { statusOf } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { deploy, ended, startWebFleet, uploadVersion, type WebFleet } from './support/fleet.ts';

let master: TestMaster;
let fleet: WebFleet;
beforeEach(async () => {
  ({ master, fleet } = await startWebFleet(3));
});

const ids = () => fleet.instances.map((instance) => instance.instanceId);
async function instances(): Promise<InstanceView[]> {
  return (await fleet.admin.call('fleet.watch', { scope: { kind: 'all' } })).instances;
}
/** "1@1:8001 running v1" */
async function told(): Promise<string[]> {
  const all = await instances();
  return all.map(
    ({ instanceId, nodeId, port, desired, release }) =>
      `${instanceId}@${nodeId}:${port} ${desired} ${release?.version ?? '-'}`,
  );
}
const drain = (change: Partial<PayloadInput<CockpitToMaster, 'node.drain'>> = {}) =>
  fleet.admin.call('node.drain', { nodeId: 1, ...change });
const steps = ({ steps: all }: Rollout) => all.map(({ action, state }) => `${action} ${state}`);

test('a moved instance has another one up in its place before it goes, with its limits, files and release', async () => {
  const { admin, release } = fleet;
  const [first = 0] = ids();
  await deploy(admin, release.releaseId, ids());
  await admin.call('instance.limit', { instanceIds: [first], limits: { memoryMiB: 64 } });
  const file = { serviceName: 'web', name: 'app.json' };
  await admin.call('config.set', { ...file, text: '{"for":"all"}' });
  await admin.call('config.set', { ...file, instanceId: first, text: '{"for":"one"}' });
  await admin.call('config.publish', { serviceName: 'web' });
  await waitFor('the files', () => fleet.agentOf(1).applied.at(-1)?.config);

  const before = await told();
  const { plan } = await drain({ dryRun: true });
  expect(plan.instances).toEqual([
    {
      ...{ instanceId: first, serviceName: 'web', port: 8001, action: 'move', reason: '' },
      // All nodes here have one address, where 8001 to 8003 are taken.
      to: { nodeId: 2, host: '127.0.0.1', port: 8004 },
    },
  ]);
  expect(await told()).toEqual(before);

  const serving: number[] = [];
  const watch = async (): Promise<void> => {
    const running = (await instances()).filter(({ status }) => status?.state === 'running');
    serving.push(running.length);
  };
  const { remove } = fleet.agentOf(1).behaviour;
  fleet.agentOf(1).behaviour.remove = async (instanceId) => {
    await watch();
    return remove(instanceId);
  };
  const { rollouts } = await drain();
  const done = await ended(admin, rollouts[0]?.rolloutId ?? 0);
  expect(done).toMatchObject({ kind: 'drain', nodeId: 1, state: 'succeeded' });
  expect(steps(done)).toEqual(['place done', 'retire done']);
  // Named also when they are gone.
  expect(done.steps.map((step) => stepName(done, step, (nodeId) => `test-${nodeId}`))).toEqual([
    expect.stringMatching(/^web@test-2:\d+$/),
    'web@test-1:8001',
  ]);
  // The three and the new one were up when the old one was told to go.
  expect(serving).toEqual([4]);
  expect(await told()).toEqual(['2@2:8002 running v1', '3@3:8003 running v1', '4@2:8004 running v1']);
  expect(fleet.agentOf(1).statuses.size).toBe(0);
  const placed = fleet.agentOf(2).applied.find(({ instanceId }) => instanceId === 4);
  expect(placed).toMatchObject({ limits: { memoryMiB: 64 }, desired: 'running', host: '127.0.0.1' });
  const versionId = placed?.config?.files[0]?.versionId ?? 0;
  const { text } = await admin.call('config.read', { ...file, instanceId: 4 });
  expect(text).toBe('{"for":"one"}');
  const { versions } = await admin.call('config.versions', { ...file, instanceId: 4 });
  expect(versions.map((each) => each.versionId)).toEqual([versionId]);

  const { events } = await admin.call('event.list', {});
  const messages = events.map(({ message }) => message);
  expect(messages).toContain('drain node 1 (test-1): 1 to move');
  expect(messages).toContain('rollout 2: drain of node test-1 of web succeeded on 1 instance');
  expect((await drain()).rollouts).toEqual([]);
});

test('one that does not come up is taken away again, and the old one stays', async () => {
  const { admin, release } = fleet;
  await deploy(admin, release.releaseId, ids());
  fleet.agentOf(2).behaviour.apply = async (assignment) =>
    statusOf(assignment, { state: 'crash-loop', reason: 'no database here' });
  const { rollouts } = await drain();
  const done = await ended(admin, rollouts[0]?.rolloutId ?? 0);
  expect(done).toMatchObject({
    state: 'failed',
    reason: expect.stringMatching(/^web@test-2:\d+: crash-loop: no database here$/),
  });
  expect(steps(done)).toEqual(['place reverted', 'retire skipped']);
  expect(await told()).toEqual(['1@1:8001 running v1', '2@2:8002 running v1', '3@3:8003 running v1']);
  expect([...fleet.agentOf(2).statuses.keys()]).toEqual([2]);
  expect(fleet.agentOf(1).applied.at(-1)?.desired).toBe('running');
});

test('ended by somebody: a move that has begun is finished, the others leave nothing behind', async () => {
  const { admin, release } = fleet;
  const more = await admin.call('instance.create', { serviceName: 'web', nodeId: 1, port: 8101 });
  await deploy(admin, release.releaseId, [...ids(), more.instance.instanceId]);
  const gate = Promise.withResolvers<void>();
  for (const nodeId of [2, 3]) {
    const { apply } = fleet.agentOf(nodeId).behaviour;
    fleet.agentOf(nodeId).behaviour.apply = async (assignment) => {
      if (assignment.instanceId > 4) await gate.promise;
      return apply(assignment);
    };
  }
  const { rollouts } = await drain();
  const { rolloutId = 0 } = rollouts[0] ?? {};
  await waitFor('the first to be applied', async () => {
    const { rollout } = await admin.call('rollout.get', { rolloutId });
    return rollout.steps[0]?.state === 'applying';
  });
  expect(await told()).toHaveLength(6);
  await expect(admin.call('rollout.abort', { rolloutId, rollback: true })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('is a drain'),
  });
  const { rollout } = await admin.call('rollout.abort', { rolloutId });
  expect(steps(rollout)).toEqual(['place applying', 'retire pending', 'place reverting', 'retire skipped']);
  gate.resolve();
  const done = await ended(admin, rolloutId);
  expect(done.state).toBe('aborted');
  expect(steps(done)).toEqual(['place done', 'retire done', 'place reverted', 'retire skipped']);
  const left = await told();
  expect(left).toHaveLength(4);
  expect(left).toContain('4@1:8101 running v1');
  expect(left.some((each) => each.startsWith('1@'))).toBe(false);
});

test('what cannot be moved is named with its reason, and left or stopped as was asked', async () => {
  const { admin, release } = fleet;
  await deploy(admin, release.releaseId, ids());
  const [, second = 0, third = 0] = ids();
  const plan = async (change: object = {}) => (await drain({ dryRun: true, ...change })).plan.instances[0];

  await admin.call('node.cordon', { nodeId: 3, isCordoned: true });
  await admin.call('instance.remove', { instanceIds: [second] });
  expect(await plan()).toMatchObject({ action: 'move', to: { nodeId: 2 } });
  await admin.call('node.cordon', { nodeId: 2, isCordoned: true });
  expect(await plan()).toMatchObject({
    action: 'leave',
    reason: 'there is no other node that is connected and not cordoned',
  });
  expect(await plan({ stop: true })).toMatchObject({ action: 'stop' });
  await admin.call('node.cordon', { nodeId: 3, isCordoned: false });

  const { services } = await admin.call('service.list', {});
  const { serviceId: _id, createdAt: _at, ...spec } = services[0] ?? {};
  const update = (change: object) =>
    admin.call('service.update', { spec: { ...spec, name: 'web', type: 'binary', ...change } });
  await update({ ports: { from: 8003, to: 8003 } });
  expect(await plan()).toMatchObject({ reason: 'none of the ports 8003 is free on node test-3' });
  await update({ ports: { from: 8003, to: 8009 } });
  expect(await plan()).toMatchObject({ action: 'move', to: { nodeId: 3, port: 8004 } });

  await admin.call('instance.limit', { instanceIds: [ids()[0] ?? 0], limits: { memoryMiB: 16 } });
  await update({ protected: true });
  const held = '"web" is protected: it takes its name, typed';
  expect(await plan({ stop: true })).toMatchObject({ action: 'leave', reason: held });
  expect(await plan({ confirm: ['web'] })).toMatchObject({ action: 'move' });
  const left = await drain({ stop: true });
  expect(left.rollouts).toEqual([]);
  expect(left.plan).toMatchObject({ isCordoned: true, instances: [{ action: 'leave' }] });
  expect(fleet.agentOf(1).applied.at(-1)?.desired).toBe('running');

  const gate = Promise.withResolvers<{ alreadyThere: boolean }>();
  fleet.agentOf(3).behaviour.prepare = () => gate.promise;
  const again = { releaseId: release.releaseId, instanceIds: [third], confirm: ['web'] };
  const { rollout } = await admin.call('rollout.create', again);
  expect(await plan({ confirm: ['web'] })).toMatchObject({
    action: 'leave',
    reason: `rollout ${rollout.rolloutId} to v1 by admin is running`,
  });
  gate.resolve({ alreadyThere: true });
  await ended(admin, rollout.rolloutId);
});

test('a container of the node and a script stay; neither to move nor to stop is refused', async () => {
  const { admin } = fleet;
  for (const spec of [
    { name: 'box', type: 'script' as const, dockerName: 'box' },
    { name: 'job', type: 'script' as const },
  ]) {
    await admin.call('service.create', { spec });
    const { instance } = await admin.call('instance.create', {
      ...{ serviceName: spec.name, nodeId: 1, port: spec.name === 'box' ? 9001 : 9002 },
    });
    const { releaseId } = await uploadVersion(master, 'v1', spec.name);
    fleet.agentOf(1).behaviour.apply = async (assignment) =>
      statusOf(assignment, {
        state: spec.name === 'box' ? 'running' : 'exited',
        pid: spec.name === 'box' ? 5 : null,
        lastExit: { code: 0, signal: null, oomKilled: false, cause: 'exited', startedAt: 1, endedAt: 2 },
      });
    await deploy(admin, releaseId, [instance.instanceId]);
  }
  const { plan } = await drain({ dryRun: true });
  expect(plan.instances.map(({ serviceName, reason }) => [serviceName, reason])).toEqual([
    ['box', 'it is the container "box" of this node\'s engine'],
    ['job', 'it is a script, which would be run once more'],
  ]);
  await expect(drain({ move: false })).rejects.toMatchObject({ code: 'bad_request' });
});

test('new ones go where the service has the fewest', async () => {
  const { admin, release } = fleet;
  const create = (nodeId: number, port: number) =>
    admin.call('instance.create', { serviceName: 'web', nodeId, port });
  const extra = [await create(1, 8101), await create(1, 8102), await create(2, 8103)];
  await deploy(admin, release.releaseId, [...ids(), ...extra.map(({ instance }) => instance.instanceId)]);
  const { plan } = await drain({ dryRun: true });
  // Two are on node 2, one on node 3.
  expect(plan.instances.map(({ to }) => to?.nodeId)).toEqual([3, 2, 3]);
});
