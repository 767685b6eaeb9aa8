import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import type { Assignment } from '../../common/domain/instance.ts';
import { cockpitLink } from '../../common/protocol/cockpit-link.ts';
import type { MessageDefinition } from '../../common/protocol/define.ts';
import { nodeFigures } from '../support/figures.ts';
import type { TestMaster } from '../support/master.ts';
import { createTestAgent, statusOf, type TestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { deploy, startWebFleet, type WebFleet } from './support/fleet.ts';
import { COCKPIT_PAYLOADS } from './support/payloads.ts';

/** Node 1 has fallen to an attacker who has its token and its identity; node 2 and the master have not. */
let master: TestMaster;
let fleet: WebFleet;
let hostile: TestAgent;
let honest: TestAgent;
let own: number;
let foreign: number;
let assignment: Assignment;

beforeEach(async () => {
  ({ master, fleet } = await startWebFleet(2));
  const [first, second] = fleet.agents;
  const [mine, theirs] = fleet.instances;
  if (!(first && second && mine && theirs)) throw new Error('no fleet');
  [hostile, honest, own, foreign] = [first, second, mine.instanceId, theirs.instanceId];
  await deploy(fleet.admin, fleet.release.releaseId, [own, foreign]);
  const applied = hostile.applied.at(-1);
  if (applied === undefined) throw new Error('nothing was applied');
  assignment = applied;
});

const GREATEST = Number.MAX_SAFE_INTEGER;
const snapshot = () => fleet.admin.call('fleet.watch', { scope: { kind: 'all' } });
const view = async (instanceId: number) =>
  (await snapshot()).instances.find((each) => each.instanceId === instanceId);
const service = async () => (await fleet.admin.call('service.list', {})).services[0];
const eventsOf = async () => (await fleet.admin.call('event.list', {})).events;
const deliver = (change: object) =>
  hostile.deliver([
    {
      eventId: randomUUID(),
      at: Date.now(),
      kind: 'instance.exited',
      instanceId: null,
      message: 'm',
      ...change,
    },
  ]);

/** Every request that only reads is still answered with what its schema says. */
async function demandReadable(): Promise<void> {
  const reads = Object.entries(cockpitLink.toMaster) as [keyof typeof COCKPIT_PAYLOADS, MessageDefinition][];
  for (const [name, definition] of reads) {
    if (definition.kind !== 'request' || definition.role !== 'viewer') continue;
    const code = await fleet.admin.call(name, COCKPIT_PAYLOADS[name] as never).then(
      () => 'ok',
      (error: { code: string }) => error.code,
    );
    expect(code, name).not.toBe('internal');
  }
}

test.each([
  ['another command to start', { entry: 'evil.sh', args: ['--pwn'] }],
  ['another user', { runAs: 'root' }],
  ['a health check that runs a command', { health: { kind: 'command', command: ['/bin/evil'] } }],
  ['another environment', { env: { LD_PRELOAD: '/tmp/evil.so' } }],
] as const)('a revision that it makes up does not put %s on other nodes', async (_what, change) => {
  const before = await service();
  const spec = { ...assignment.spec, ...change };
  const lie = { ...assignment, revision: 500, spec } as Assignment;
  hostile.close();
  const again = createTestAgent(master, { ...identity(), holds: [lie] });
  again.statuses.set(own, statusOf(lie));
  await again.connect();
  const told = await waitFor('the master to say so', async () =>
    (await eventsOf()).find(({ kind }) => kind === 'instance.unknown'),
  );
  expect(told.message).toContain('node test-1 holds another instance');
  expect(told.message).toContain('sgrid node adopt 1');
  expect(await service()).toEqual(before);
  await fleet.admin.call('instance.restart', { instanceIds: [foreign] });
  expect(honest.applied.at(-1)?.spec).toEqual(assignment.spec);
  // Whoever knows that the node is right says so.
  const { instances } = await fleet.admin.call('node.adopt', { nodeId: 1 });
  expect(instances).toMatchObject([{ instanceId: own, error: null }]);
  expect(await service()).toMatchObject(change);
  const adopted = (await eventsOf()).map(({ message }) => message);
  expect(adopted).toContain(`adopt instance ${own} (web@test-1:8001) as its node holds it`);
  again.close();
});

const identity = () => ({ nodeId: 1, agentId: hostile.agentId });

test('files that it makes up are nobody else’s', async () => {
  const config = {
    revision: 7,
    action: { kind: 'nothing' as const },
    files: [{ name: 'evil.conf', versionId: 9, sha256: 'a'.repeat(64), sizeBytes: 4, secrets: [] }],
  };
  const lie = { ...assignment, revision: 500, config };
  hostile.close();
  const again = createTestAgent(master, { ...identity(), holds: [lie] });
  again.statuses.set(own, statusOf(lie));
  await again.connect();
  await waitFor('the take-over', async () => ((await view(own))?.revision ?? 0) > 500);
  const { files } = await fleet.admin.call('config.list', { serviceName: 'web' });
  expect(files.filter(({ instanceId }) => instanceId !== own)).toEqual([]);
  const created = await fleet.admin.call('instance.create', { serviceName: 'web', nodeId: 2, port: 9100 });
  await waitFor('it', () => honest.applied.some((each) => each.instanceId === created.instance.instanceId));
  expect(honest.applied.at(-1)?.config).toBeUndefined();
  again.close();
});

test.each([
  ['a revision', { revision: GREATEST }],
  ['restarts', { restarts: GREATEST }],
  ['a publication', { configRevision: GREATEST }],
  ['a process id', { pid: GREATEST }],
])(
  '%s as great as a number can be leaves its instance and all others as they were',
  async (_what, change) => {
    const before = await view(own);
    hostile.statuses.set(own, statusOf(assignment, change));
    await hostile.connect();
    await demandReadable();
    expect((await view(own))?.revision).toBe(before?.revision);
    const { outcomes } = await fleet.admin.call('instance.restart', { instanceIds: [foreign] });
    expect(outcomes).toEqual([{ instanceId: foreign, error: null }]);
    await fleet.admin.call('instance.stop', { instanceIds: [own] });
    await demandReadable();
  },
);

test('instances that it makes up use no numbers up, and are told of so many times at most', async () => {
  const many = Array.from({ length: 3_000 }, (_, at) =>
    statusOf({ ...assignment, instanceId: GREATEST - at }),
  );
  for (const status of many) hostile.statuses.set(status.instanceId, status);
  await hostile.connect();
  await waitFor('it to be told', async () =>
    (await eventsOf()).some(({ kind }) => kind === 'instance.unknown'),
  );
  const created = await fleet.admin.call('instance.create', { serviceName: 'web', nodeId: 2, port: 9100 });
  expect(created.instance.instanceId).toBeLessThan(1_000);
  await waitFor('the last of them', () => fleet.admin.events.length > 0);
  const told = fleet.admin.events.filter(({ kind }) => kind === 'instance.unknown');
  expect(told.length).toBeLessThanOrEqual(1_000);
  await demandReadable();
});

test('assignments that it makes up are adopted only as far as numbers go', async () => {
  const most = 2 ** 52;
  const lies = [
    { ...assignment, instanceId: most + 1, port: 9001 },
    { ...assignment, instanceId: 77, port: 9002, revision: most + 1 },
    {
      ...{ ...assignment, instanceId: 78, port: 9003 },
      config: { revision: most + 1, action: { kind: 'nothing' as const }, files: [] },
    },
  ];
  hostile.close();
  const again = createTestAgent(master, { ...identity(), holds: lies });
  await again.connect();
  const { instances } = await fleet.admin.call('node.adopt', { nodeId: 1 });
  expect(instances.map(({ error }) => error?.code)).toEqual(['conflict', 'conflict', 'conflict']);
  await fleet.admin.call('config.set', { serviceName: 'web', name: 'a.json', text: '{}' });
  const { publication } = await fleet.admin.call('config.publish', { serviceName: 'web' });
  expect(publication?.revision).toBeLessThan(1_000);
  await demandReadable();
  again.close();
});

test.each([
  ['far in the future', () => ({ at: 253_402_300_799_999 })],
  ['before there was time', () => ({ at: 0 })],
  ['of another node’s instance', () => ({ instanceId: foreign })],
  ['of an instance that is none', () => ({ instanceId: GREATEST })],
  ['of a kind that nobody knows', () => ({ kind: '<script>' })],
])('an event %s is kept as its own, in the order of all, and can be read', async (_what, change) => {
  await deliver({ ...change(), message: 'forged' });
  await fleet.admin.call('instance.stop', { instanceIds: [foreign] });
  const events = await eventsOf();
  const kept = events.find(({ message }) => message === 'forged');
  expect(kept).toMatchObject({ nodeId: 1, actor: 'agent' });
  expect(kept?.at).toBeLessThanOrEqual(Date.now());
  expect(kept?.instanceId).not.toBe(foreign);
  expect(await fleet.admin.call('event.list', { instanceId: foreign })).not.toMatchObject({
    events: expect.arrayContaining([expect.objectContaining({ message: 'forged' })]),
  });
  await demandReadable();
});

test.each(['command', 'node.lost', 'node.joined', 'node.replaced', 'release.removed', 'rollout.finished'])(
  'an event of kind %s, which only the master sees, is not one in the audit',
  async (kind) => {
    await deliver({ kind, message: 'forged' });
    expect((await eventsOf()).find(({ message }) => message === 'forged')).toMatchObject({
      kind: 'other',
      actor: 'agent',
    });
  },
);

test('an event with the id of another’s changes nothing, and is nobody’s', async () => {
  await honest.deliver([
    { eventId: randomUUID(), at: Date.now(), kind: 'instance.exited', instanceId: foreign, message: 'true' },
  ]);
  const truth = (await eventsOf()).find(({ message }) => message === 'true');
  await deliver({ eventId: truth?.eventId, message: 'forged' });
  const events = await eventsOf();
  expect(events.find(({ eventId }) => eventId === truth?.eventId)).toEqual(truth);
  expect(events.some(({ message }) => message === 'forged')).toBe(false);
});

test('figures and facts as great as numbers can be, and of others’ instances, break nothing that is read', async () => {
  const { nodes } = await snapshot();
  const { info } = nodes.find(({ nodeId }) => nodeId === 1) ?? {};
  if (!info) throw new Error('no node');
  const at = 253_402_300_799_999;
  const great = { cpuCount: GREATEST, memoryBytes: GREATEST, bootedAt: at, agentStartedAt: at };
  const reply = await hostile.socket().emitWithAck('node.report', {
    at,
    info: { ...info, ...great },
    instances: [...hostile.statuses.values()],
  });
  expect(reply).toMatchObject({ ok: true });
  const node = nodeFigures({
    ...{ cpuMillicores: GREATEST, memoryUsedBytes: GREATEST, memoryTotalBytes: GREATEST },
    ...{ networkReceivedPerSecond: GREATEST, load: [1e7, 1e7, 1e7] },
  });
  const figures = (id: number) => [id, ...Array.from({ length: 8 }, () => GREATEST)];
  for (let round = 0; round < 30; round++) {
    const instances = [...figures(own), ...figures(foreign), ...figures(GREATEST)];
    hostile.socket().emit('node.snapshot', { at, node, instances });
    hostile.socket().emit('node.snapshot', { at, node, instances: [own, ...Array(8).fill(GREATEST - 1)] });
    // The last, so that it would be what is shown.
    hostile
      .socket()
      .emit('node.snapshot', { at, node: { ...node, load: [1e308, 1e308, 1e308] }, instances: [] });
  }
  await hostile.report(statusOf(assignment));
  const { samples } = await snapshot();
  expect(samples.flatMap(({ instances }) => instances.filter((_, index) => index % 9 === 0))).toEqual([own]);
  const { histories } = await fleet.admin.call('figures.history', { instanceIds: [foreign] });
  expect(histories[0]?.memoryBytes.every((value) => value === null)).toBe(true);
  await demandReadable();
});

test('what is asked for others is refused: files, statuses, another node’s place', async () => {
  await fleet.admin.call('config.setSecret', { serviceName: 'web', name: 'db', value: 'hush-hush' });
  await fleet.admin.call('config.set', { serviceName: 'web', name: 'db.conf', text: `\${secret:db}` });
  await fleet.admin.call('config.publish', { serviceName: 'web', instanceIds: [foreign] });
  const published = await waitFor('the file', () => honest.applied.at(-1)?.config?.files[0]);
  const { versionId } = published;
  for (const instanceId of [foreign, own, GREATEST]) {
    const reply = await hostile.socket().emitWithAck('config.fetch', { instanceId, versionId });
    expect(reply).toMatchObject({ ok: false, error: { code: 'not_found' } });
    expect(JSON.stringify(reply)).not.toContain('hush');
  }
  const truth = await view(foreign);
  const status = statusOf(assignment, { state: 'failed', reason: 'a lie' });
  await hostile.report({ ...status, instanceId: foreign });
  expect(await view(foreign)).toEqual(truth);
  const double = createTestAgent(master, { nodeId: 2, agentId: hostile.agentId });
  await expect(double.connect()).rejects.toMatchObject({ code: 'identity_taken' });
  expect(honest.socket().connected).toBe(true);
});

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a text', 'ok'],
  ['a number', Number.NaN],
  ['success without a value', { ok: true }],
  ['a status of another instance', { ok: true, value: { status: { instanceId: 1e9 } } }],
  ['an error of no code', { ok: false, error: {} }],
  ['deep nesting', JSON.parse(`${'['.repeat(2_000)}${']'.repeat(2_000)}`)],
  ['a large text', 'x'.repeat(1_000_000)],
  ['a sentence of eight kilobytes that would fill all memory', { ok: false, error: laughs() }],
])('a command answered with %s fails alone', async (_what, answer) => {
  const socket = hostile.socket();
  socket.removeAllListeners('instance.apply');
  socket.on('instance.apply', (_payload, ack) => ack(answer));
  const { outcomes } = await fleet.admin.call('instance.restart', { instanceIds: [own, foreign] });
  expect(outcomes[0]?.error).not.toBeNull();
  expect(outcomes[1]?.error).toBeNull();
  await demandReadable();
});

/** Eight sentences in one another, each of which names the next one 341 times. */
function laughs(): object {
  const nest = (levels: number): object => ({
    text: '{0}'.repeat(341),
    values: [levels === 1 ? 'ha' : nest(levels - 1)],
  });
  return { code: 'conflict', message: 'ha', said: nest(8), saidHint: nest(8) };
}
