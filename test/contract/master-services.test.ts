import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { ServiceSpec } from '../../common/domain/service.ts';
import type { TestMaster } from '../support/master.ts';
import { statusOf } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { deploy, startWebFleet, uploadVersion, type WebFleet } from './support/fleet.ts';

let master: TestMaster;
let fleet: WebFleet;
beforeEach(async () => {
  ({ master, fleet } = await startWebFleet(2));
});

const ids = () => fleet.instances.map((instance) => instance.instanceId);
async function web(): Promise<ServiceSpec> {
  const { services } = await fleet.admin.call('service.list', {});
  const found = services.find(({ name }) => name === 'web');
  if (found === undefined) throw new Error('no service');
  const { serviceId: _id, createdAt: _at, ...spec } = found;
  return spec;
}
/** "ok create service web", the newest first. */
const audit = async (): Promise<string[]> => {
  const { events } = await fleet.admin.call('event.list', { limit: 20 });
  const commands = events.filter(({ kind }) => kind === 'command');
  return commands.map(({ result, message }) => `${result} ${message}`);
};

test('an update says who is restarted, and reaches the nodes with new revisions', async () => {
  const [first = 0, second = 0] = ids();
  await deploy(fleet.admin, fleet.release.releaseId, ids());
  await fleet.admin.call('instance.stop', { instanceIds: [second] });
  const spec = { ...(await web()), env: { GREETING: 'secret' }, graceMs: 7_000 };
  const applied = fleet.agents.map((agent) => agent.applied.length);
  const plan = await fleet.admin.call('service.update', { spec, dryRun: true });
  expect(fleet.agents.map((agent) => agent.applied.length)).toEqual(applied);
  expect((await web()).graceMs).toBe(1_000);

  const done = await fleet.admin.call('service.update', { spec });
  expect(done).toEqual({ ...plan, rollout: expect.objectContaining({ kind: 'restart', state: 'running' }) });
  expect(done.instances).toEqual([
    { instanceId: first, effect: 'restart' },
    { instanceId: second, effect: 'live' },
  ]);
  for (const agent of fleet.agents) {
    await waitFor('the assignment', () => agent.applied.at(-1)?.spec.env.GREETING === 'secret');
  }
  expect(fleet.agentOf(1).applied.at(-1)).toMatchObject({ desired: 'running', spec: { graceMs: 7_000 } });
  expect(fleet.agentOf(2).applied.at(-1)).toMatchObject({ desired: 'stopped' });
  expect((await audit())[0]).toBe('ok update service web: env, graceMs; restarts: 1 of 2 instances');

  const revisions = fleet.agents.map((agent) => agent.applied.at(-1)?.revision);
  const again = await fleet.admin.call('service.update', { spec: await web() });
  expect(again.instances).toEqual([]);
  expect(fleet.agents.map((agent) => agent.applied.at(-1)?.revision)).toEqual(revisions);
});

test('what does not start the program differently restarts nobody', async () => {
  await deploy(fleet.admin, fleet.release.releaseId, ids());
  const unknown = { ...(await web()), dependsOn: ['other', 'web'] };
  await expect(fleet.admin.call('service.update', { spec: unknown })).rejects.toMatchObject({
    code: 'bad_request',
  });
  const missing = { ...(await web()), dependsOn: ['other'] };
  await expect(fleet.admin.call('service.update', { spec: missing })).rejects.toMatchObject({
    code: 'not_found',
    message: 'dependsOn: there is no service "other"',
  });
  const fresh = { name: 'fresh', type: 'binary' as const, dependsOn: ['other'] };
  await expect(fleet.admin.call('service.create', { spec: fresh })).rejects.toMatchObject({
    code: 'not_found',
  });
  await fleet.admin.call('service.create', { spec: { name: 'other', type: 'binary' } });
  const spec = { ...(await web()), description: 'new', keepReleases: 3, dependsOn: ['other'] };
  const { instances } = await fleet.admin.call('service.update', { spec });
  expect(instances.map(({ effect }) => effect)).toEqual(['live', 'live']);
});

test('instances are restarted one after another', async () => {
  await deploy(fleet.admin, fleet.release.releaseId, ids());
  const gate = Promise.withResolvers<void>();
  fleet.agentOf(1).behaviour.apply = async (assignment) => {
    await gate.promise;
    return statusOf(assignment, { state: 'running', pid: 5, startedAt: 1 });
  };
  const spec = { ...(await web()), args: ['--new'] };
  await fleet.admin.call('service.update', { spec });
  await waitFor('the first', () => fleet.agentOf(1).applied.at(-1)?.spec.args[0] === '--new');
  // A whole turn of the link to the second node.
  await fleet.admin.call('log.runs', { instanceId: ids()[1] ?? 0 });
  expect(fleet.agentOf(2).applied.at(-1)?.spec.args).toEqual([]);
  gate.resolve();
  await waitFor('the second', () => fleet.agentOf(2).applied.at(-1)?.spec.args[0] === '--new');
});

test('what cannot be is refused, naming it', async () => {
  const { admin } = fleet;
  const call = (change: Partial<ServiceSpec>) =>
    web().then((spec) => admin.call('service.update', { spec: { ...spec, ...change } }));
  await expect(call({ name: 'nobody' })).rejects.toMatchObject({ code: 'not_found' });
  await expect(call({ dependsOn: ['web'] })).rejects.toMatchObject({
    code: 'bad_request',
    message: expect.stringContaining('itself'),
  });
  await admin.call('service.create', { spec: { name: 'db', type: 'binary', dependsOn: ['web'] } });
  await expect(call({ dependsOn: ['db'] })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('web → db → web'),
  });
  await expect(
    admin.call('service.create', {
      spec: { name: 'c', type: 'binary', restart: { initialDelayMs: 10, maxDelayMs: 1 } },
    }),
  ).rejects.toMatchObject({ code: 'bad_request', message: expect.stringContaining('maxDelayMs') });
  await expect(
    admin.call('instance.create', { serviceName: 'web', nodeId: 1, port: 9, host: 'a\nb' }),
  ).rejects.toMatchObject({ code: 'bad_request', message: expect.stringContaining('host') });
  const { services } = await admin.call('service.list', {});
  expect(services.map(({ name }) => name)).toEqual(['db', 'web']);
});

test('no update while a rollout works on the instances', async () => {
  const gate = Promise.withResolvers<{ alreadyThere: boolean }>();
  fleet.agentOf(1).behaviour.prepare = () => gate.promise;
  const { releaseId } = fleet.release;
  const { rollout } = await fleet.admin.call('rollout.create', { releaseId, instanceIds: ids() });
  const spec = { ...(await web()), graceMs: 5 };
  await expect(fleet.admin.call('service.update', { spec })).rejects.toMatchObject({ code: 'conflict' });
  expect((await web()).graceMs).toBe(1_000);
  gate.resolve({ alreadyThere: false });
  await waitFor('its end', async () => (await fleet.admin.call('rollout.get', rollout)).rollout.endedAt);
});

test('a service that has instances goes only with force and its name typed, and takes everything along', async () => {
  const { admin, release } = fleet;
  await deploy(admin, release.releaseId, ids());
  const file = join(master.stateDir, 'packages', release.sha256);
  expect(existsSync(file)).toBe(true);
  const remove = (change: object) => admin.call('service.remove', { serviceName: 'web', ...change });
  await expect(remove({})).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('2 inst'),
  });
  await expect(remove({ force: true })).rejects.toMatchObject({ code: 'unconfirmed' });
  await expect(remove({ force: true, confirm: ['wed'] })).rejects.toMatchObject({ code: 'unconfirmed' });
  expect(fleet.agentOf(1).statuses.size).toBe(1);

  await remove({ force: true, confirm: ['web'] });
  const { instances } = await admin.call('fleet.watch', { scope: { kind: 'all' } });
  expect(instances).toEqual([]);
  expect(fleet.agents.map((agent) => agent.statuses.size)).toEqual([0, 0]);
  expect((await admin.call('service.list', {})).services).toEqual([]);
  expect((await admin.call('release.list', {})).releases).toEqual([]);
  expect((await admin.call('rollout.list', {})).rollouts).toEqual([]);
  await waitFor('the package to go', () => !existsSync(file));
  expect((await audit()).filter((each) => each.startsWith('ok remove'))).toEqual([
    'ok remove service web with its instances 1, 2',
  ]);
  await admin.call('service.create', { spec: { name: 'web', type: 'binary' } });
});

test('a package that another service has too stays', async () => {
  const { admin, release } = fleet;
  await admin.call('service.create', { spec: { name: 'twin', type: 'binary' } });
  const twin = await uploadVersion(master, 'v1', 'twin');
  expect(twin.sha256).toBe(release.sha256);
  await admin.call('service.remove', { serviceName: 'web', force: true, confirm: ['web'] });
  await uploadVersion(master, 'v2', 'twin');
  expect(existsSync(join(master.stateDir, 'packages', twin.sha256))).toBe(true);
});

test('an instance on a node that is away keeps its service, and what could be removed is', async () => {
  const { admin } = fleet;
  fleet.agentOf(2).close();
  await waitFor('the node to be down', async () => {
    const { nodes } = await admin.call('fleet.watch', { scope: { kind: 'all' } });
    return nodes.some(({ link }) => link === 'down');
  });
  await expect(
    admin.call('service.remove', { serviceName: 'web', force: true, confirm: ['web'] }),
  ).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('node test-2 is not connected'),
  });
  // A refusal of its own would be told behind the answer.
  await expect(admin.call('service.remove', { serviceName: 'gone' })).rejects.toMatchObject({
    code: 'not_found',
  });
  await waitFor('the second refusal', async () => (await audit()).some((each) => each.includes('"gone"')));
  expect((await audit()).filter((each) => /service.remove|remove /.test(each))).toEqual([
    expect.stringContaining('failed service.remove: there is no service "gone"'),
    expect.stringMatching(
      /^failed remove service web with its instances 1, 2: it stays; 2: node test-2 is not connected/,
    ),
  ]);
  const { instances } = await admin.call('fleet.watch', { scope: { kind: 'all' } });
  expect(instances.map(({ nodeId }) => nodeId)).toEqual([2]);
  expect((await admin.call('service.list', {})).services).toHaveLength(1);
});
