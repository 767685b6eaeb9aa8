import { beforeEach, expect, test } from 'vitest';
import { loadTranslate } from '../../cockpit/language/translate.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { connectCockpit } from '../support/cockpit-peer.ts';
import { instanceFigures } from '../support/figures.ts';
import type { TestMaster } from '../support/master.ts';
import { statusOf, type TestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { deploy, startWebFleet, type WebFleet } from './support/fleet.ts';

let master: TestMaster;
let fleet: WebFleet;
let agent: TestAgent;
let instanceId: number;
beforeEach(async () => {
  ({ master, fleet } = await startWebFleet(1));
  const [only] = fleet.agents;
  const [instance] = fleet.instances;
  if (only === undefined || instance === undefined) throw new Error('no fleet');
  agent = only;
  instanceId = instance.instanceId;
  await deploy(fleet.admin, fleet.release.releaseId, [instanceId]);
});

const limit = (limits: object) => fleet.admin.call('instance.limit', { instanceIds: [instanceId], limits });
const view = async () => {
  const { instances } = await fleet.admin.call('fleet.watch', { scope: { kind: 'all' } });
  return instances.find((instance) => instance.instanceId === instanceId);
};
const commands = async () =>
  (await fleet.admin.call('event.list', { instanceId })).events.filter(({ kind }) => kind === 'command');

test('limits are sent as a new revision, whole, and are in the audit with old and new', async () => {
  const before = await view();
  expect(await limit({ memoryMiB: 64, pids: 9 })).toEqual({ outcomes: [{ instanceId, error: null }] });
  expect(agent.applied.at(-1)).toMatchObject({ limits: { memoryMiB: 64, pids: 9 }, desired: 'running' });
  expect(await limit({ cpuCores: 0.5 })).toEqual({ outcomes: [{ instanceId, error: null }] });
  expect(agent.applied.at(-1)?.limits).toEqual({ cpuCores: 0.5 });
  expect(await view()).toMatchObject({ limits: { cpuCores: 0.5 }, revision: (before?.revision ?? 0) + 2 });
  const [last] = await commands();
  expect(last).toMatchObject({
    actor: 'admin',
    result: 'ok',
    message: expect.stringContaining('64 MiB, 9 pids, now 0.5 cores'),
  });
});

test.each([
  [
    'more cores than the node has',
    { cpuCores: 5 },
    'has 4',
    /^限额不可行：5 核：节点 \S+ 有 4 核，允许 0\.01 到该值$/,
  ],
  [
    'more memory than the node has',
    { memoryMiB: 8193 },
    'has 8192 MiB',
    /：8193 MiB：节点 \S+ 有 8192 MiB，/,
  ],
  ['a mark above the memory of the node', { memoryHighMiB: 8193 }, 'has 8192 MiB', /：8193 MiB：节点 /],
  ['a mark above the limit', { memoryMiB: 64, memoryHighMiB: 64 }, 'below memoryMiB', /必须小于 memoryMiB/],
])(
  '%s: refused with the range, nothing is sent and nothing changes',
  async (_name, limits, why, inChinese) => {
    const before = await view();
    const sent = agent.applied.length;
    const { outcomes } = await limit(limits);
    expect(outcomes).toEqual([
      {
        instanceId,
        error: expect.objectContaining({ code: 'out_of_range', message: expect.stringContaining(why) }),
      },
    ]);
    const [error] = outcomes.flatMap((each) => each.error ?? []);
    expect(error && (await loadTranslate('zh-CN')).why(error)).toMatch(inChinese);
    expect(agent.applied).toHaveLength(sent);
    expect(await view()).toEqual(before);
    expect((await commands())[0]).toMatchObject({ result: 'failed', message: expect.stringContaining(why) });
  },
);

test('an instance is not created with limits that its node cannot give', async () => {
  const before = (await fleet.admin.call('fleet.watch', { scope: { kind: 'all' } })).instances.length;
  const place = { serviceName: 'web', nodeId: agent.nodeId, port: 9999 };
  await expect(
    fleet.admin.call('instance.create', { ...place, limits: { cpuCores: 5 } }),
  ).rejects.toMatchObject({ code: 'out_of_range', message: expect.stringContaining('0.01 to') });
  expect((await fleet.admin.call('fleet.watch', { scope: { kind: 'all' } })).instances).toHaveLength(before);
});

test('what the node refuses is taken back: the old limits hold here and there', async () => {
  await limit({ memoryMiB: 64 });
  const { apply } = agent.behaviour;
  agent.behaviour.apply = async (assignment) => {
    if (assignment.limits.memoryMiB === 16) throw new SgridError('out_of_range', '32 MiB are in use');
    return apply(assignment);
  };
  const { outcomes } = await limit({ memoryMiB: 16 });
  expect(outcomes[0]?.error).toMatchObject({ code: 'out_of_range', message: '32 MiB are in use' });
  const now = await view();
  expect(now?.limits).toEqual({ memoryMiB: 64 });
  expect(agent.applied.at(-1)).toMatchObject({ limits: { memoryMiB: 64 }, revision: now?.revision });
});

test('below what is in use now: done, with a warning', async () => {
  agent.snapshot([instanceFigures({ instanceId, memoryBytes: 100 * 1024 * 1024 })]);
  await waitFor('the figures', async () => {
    const { histories } = await fleet.admin.call('figures.history', { instanceIds: [instanceId] });
    return histories[0]?.memoryBytes.at(-1) !== undefined && histories[0].memoryBytes.at(-1) !== null;
  });
  const { outcomes } = await limit({ memoryMiB: 64 });
  expect(outcomes).toEqual([
    {
      instanceId,
      error: null,
      warning: expect.stringContaining('uses 100 MiB now, more than its limit of 64'),
      saidWarning: { text: expect.stringContaining('uses {0} MiB now'), values: [100, 64] },
    },
  ]);
  expect((await view())?.limits).toEqual({ memoryMiB: 64 });
});

test('a doubt is resolved on the node, in the name of who asked; what it refuses is the outcome', async () => {
  const unknown = agent.statuses.get(instanceId);
  if (unknown === undefined) throw new Error('no status');
  await agent.report({ ...unknown, state: 'unknown', pid: null, reason: 'who knows' });
  const asked: unknown[] = [];
  agent.behaviour.resolve = async (id, how, actor, assignment) => {
    asked.push([id, how, actor]);
    if (how === 'ended') throw new SgridError('conflict', 'there is process 4711 (sleep)');
    return statusOf(assignment, { pid: 5 });
  };
  const resolve = (how: 'ended' | 'kill') =>
    fleet.admin.call('instance.resolve', { instanceIds: [instanceId], how });
  expect((await resolve('ended')).outcomes[0]?.error).toMatchObject({
    code: 'conflict',
    message: 'there is process 4711 (sleep)',
  });
  expect((await view())?.status?.state).toBe('unknown');
  expect(await resolve('kill')).toEqual({ outcomes: [{ instanceId, error: null }] });
  expect(asked).toEqual([
    [instanceId, 'ended', 'admin'],
    [instanceId, 'kill', 'admin'],
  ]);
  expect((await view())?.status).toMatchObject({ state: 'running', pid: 5 });
  const [killed, refused] = await commands();
  expect(killed).toMatchObject({ result: 'ok', message: expect.stringContaining('resolve by killing') });
  expect(refused).toMatchObject({ result: 'failed', message: expect.stringContaining('4711') });
});

test('what the doubt refused is told with its end: a stop, and a removal', async () => {
  const inDoubt = async () => {
    throw new SgridError('identity_in_doubt', 'who knows');
  };
  const told: unknown[] = [];
  Object.assign(agent.behaviour, { apply: inDoubt, remove: inDoubt });
  agent.behaviour.resolve = async (_id, _how, _actor, assignment) => {
    told.push([assignment.desired, assignment.revision]);
    return statusOf(assignment);
  };
  const instanceIds = [instanceId];
  const resolve = () => fleet.admin.call('instance.resolve', { instanceIds, how: 'kill' });
  await fleet.admin.call('instance.stop', { instanceIds });
  const revision = (await view())?.revision ?? 0;
  await resolve();
  const refused = await fleet.admin.call('instance.remove', { instanceIds });
  expect(refused.outcomes[0]?.error).toMatchObject({ code: 'identity_in_doubt' });
  agent.behaviour.remove = async () => {};
  expect(await resolve()).toEqual({ outcomes: [{ instanceId, error: null }] });
  expect(told).toEqual([
    ['stopped', revision],
    ['stopped', revision + 1],
  ]);
  expect(await view()).toBeUndefined();
});

test('a node that is away: nothing is decided', async () => {
  const before = await view();
  agent.close();
  const watcher = await connectCockpit(master);
  await waitFor('its loss', () => fleet.admin.events.some(({ kind }) => kind === 'node.lost'));
  for (const outcome of [
    await limit({ memoryMiB: 64 }),
    await fleet.admin.call('instance.resolve', { instanceIds: [instanceId], how: 'kill' }),
  ])
    expect(outcome.outcomes[0]?.error).toMatchObject({ code: 'node_unreachable' });
  expect((await view())?.revision).toBe(before?.revision);
  watcher.close();
});
