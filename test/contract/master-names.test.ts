import { beforeEach, expect, test } from 'vitest';
import { english, messageOf } from '../../common/domain/said.ts';
import type { TestMaster } from '../support/master.ts';
import { runSgrid } from '../support/sgrid.ts';
import { createTestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { deploy, startWebFleet, type WebFleet } from './support/fleet.ts';

let master: TestMaster;
let fleet: WebFleet;
beforeEach(async () => {
  ({ master, fleet } = await startWebFleet(2));
  await deploy(fleet.admin, fleet.release.releaseId, ids());
});

const ids = () => fleet.instances.map(({ instanceId }) => instanceId);
const sgrid = (...argv: string[]) => runSgrid(master, argv);
const messages = async () => {
  const { events } = await fleet.admin.call('event.list', {});
  return events.map((event) => english(messageOf(event)));
};
const refused = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'nothing',
    (error: Error) => error.message,
  );

test('what an event calls an instance can be typed; its node has its new name in what is said from then on', async () => {
  const { admin } = fleet;
  const [instanceId = 0] = ids();
  expect(await messages()).toContain(`create instance ${instanceId}: web@test-1:8001`);
  await admin.call('instance.stop', { instanceIds: [instanceId] });
  const said = (await messages()).find((message) => message.startsWith('stop ')) ?? '';
  expect(said).toBe('stop web@test-1:8001');
  expect(await sgrid('start', said.replace('stop ', ''))).toMatchObject({ code: 0, err: '' });

  const { agentId, statuses } = fleet.agentOf(1);
  fleet.agentOf(1).close();
  const renamed = createTestAgent(master, { nodeId: 1, agentId, alias: 'alpha' });
  for (const [id, status] of statuses) renamed.statuses.set(id, status);
  await renamed.connect();
  await admin.call('instance.stop', { instanceIds: [instanceId] });
  const told = await messages();
  expect(told).toContain('stop web@alpha:8001');
  expect(told).toContain('start web@test-1:8001');
  renamed.close();
  await waitFor('the loss of it', async () => (await messages()).includes('node 1 (alpha) lost'));
  expect(await sgrid('start', 'web@alpha:8001')).toMatchObject({
    code: 1,
    err: expect.stringContaining('node alpha is not connected'),
  });
  const away = 'node alpha is not connected';
  const { releaseId } = fleet.release;
  const one = { instanceIds: [instanceId] };
  expect(await refused(admin.call('log.runs', { instanceId }))).toBe(away);
  expect(await refused(admin.call('node.drain', { nodeId: 1 }))).toBe(away);
  expect(await refused(admin.call('node.adopt', { nodeId: 1 }))).toBe(away);
  expect(await refused(admin.call('rollout.create', { releaseId, ...one }))).toBe(away);
  for (const { outcomes } of [
    await admin.call('instance.limit', { ...one, limits: {} }),
    await admin.call('instance.resolve', { ...one, how: 'ended' }),
  ])
    expect(outcomes[0]?.error?.message).toBe(away);
});

test('what is in the way of a request is named as people name it', async () => {
  const { admin } = fleet;
  const [first = 0, second = 0] = ids();
  const place = { serviceName: 'web', nodeId: 2, port: 8002 };
  expect(await refused(admin.call('instance.create', place))).toMatch(/^port 8002 on node test-2 belongs/);
  const limits = { cpuCores: 100 };
  const { outcomes } = await admin.call('instance.limit', { instanceIds: [second], limits });
  expect(outcomes[0]?.error?.message).toContain('100 cores: node test-2 has 4');

  await admin.call('service.create', { spec: { name: 'api', type: 'binary', entry: 'run.sh' } });
  const { instance } = await admin.call('instance.create', { serviceName: 'api', nodeId: 2, port: 9001 });
  const { instanceId } = instance;
  const spec = { name: 'api', type: 'binary', entry: 'run.sh', ports: { from: 8002, to: 8003 } } as const;
  expect(await refused(admin.call('service.update', { spec }))).toContain('hold that of web@test-2:8002');
  const bare = await admin.call('instance.start', { instanceIds: [instanceId] });
  expect(bare.outcomes[0]?.error?.message).toBe('api@test-2:9001 has no release yet');

  fleet.agentOf(1).behaviour.remove = () => new Promise<never>(() => {});
  const removal = refused(admin.call('instance.remove', { instanceIds: [first] }));
  await waitFor('the removal', async () => (await messages()).includes('remove web@test-1:8001'));
  for (const { outcomes } of [
    await admin.call('instance.start', { instanceIds: [first] }),
    await admin.call('instance.limit', { instanceIds: [first], limits: {} }),
  ])
    expect(outcomes[0]?.error?.message).toBe('web@test-1:8001 is being removed');
  fleet.agentOf(1).close();
  expect(await removal).toBe('nothing');
});

test('instances of another service are named as people name them', async () => {
  const { admin, release } = fleet;
  const [first = 0] = ids();
  const { releaseId } = release;
  await admin.call('service.create', { spec: { name: 'api', type: 'binary', entry: 'run.sh' } });
  const { instance } = await admin.call('instance.create', { serviceName: 'api', nodeId: 2, port: 9001 });
  const { instanceId } = instance;
  const restart = (...instanceIds: number[]) =>
    refused(admin.call('rollout.create', { kind: 'restart', instanceIds }));
  expect(await restart(instanceId)).toBe('api@test-2:9001 has no release yet');
  const stranger = { releaseId, instanceIds: [instanceId] };
  expect(await refused(admin.call('rollout.create', stranger))).toMatch(/^api@test-2:9001 does not belong/);
  expect(await restart(first, instanceId)).toBe(
    'api@test-2:9001 does not belong to "web", as web@test-1:8001 does',
  );
});

test('a drain under way is named by its node', async () => {
  const { admin, release } = fleet;
  const [first = 0, second = 0] = ids();
  const { releaseId } = release;
  fleet.agentOf(2).behaviour.prepare = () => new Promise<never>(() => {});
  const { rollouts } = await admin.call('node.drain', { nodeId: 1 });
  const { rolloutId = 0 } = rollouts[0] ?? {};
  expect(await messages()).toContain(`rollout ${rolloutId}: drain of node test-1 of web on 1 instance`);
  const drains = `rollout ${rolloutId} that drains node test-1 by admin is running`;

  const { outcomes } = await admin.call('instance.restart', { instanceIds: [first] });
  expect(outcomes[0]?.error?.message).toBe(`${drains} and has web@test-1:8001 to do`);
  const again = { releaseId, instanceIds: [second] };
  const { plan } = await admin.call('rollout.plan', again);
  expect(plan.warnings).toContain(`it cannot begin now: ${drains}`);
  const other = await admin.call('node.drain', { nodeId: 2, dryRun: true });
  expect(other.plan.instances[0]?.reason).toBe(drains);
  expect(await refused(admin.call('rollout.create', again))).toContain('that drains node test-1 by admin');
  expect(await refused(admin.call('rollout.create', { undoes: rolloutId }))).toContain(
    'is a drain of node test-1',
  );

  fleet.agentOf(1).close();
  const lost = 'node 1 (test-1) lost';
  await waitFor('the loss', async () => (await messages()).includes(lost));
  const remove = admin.call('node.remove', { nodeId: 1, force: true, confirm: ['test-1'] });
  expect(await refused(remove)).toBe(`rollout ${rolloutId} has instances on node test-1`);
});
