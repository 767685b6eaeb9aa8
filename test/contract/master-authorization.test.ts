import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { roleIncludes } from '../../common/domain/role.ts';
import { agentLink } from '../../common/protocol/agent-link.ts';
import { cockpitLink } from '../../common/protocol/cockpit-link.ts';
import type { MessageDefinition, Reply } from '../../common/protocol/define.ts';
import { type CockpitPeer, connectCockpit } from '../support/cockpit-peer.ts';
import { startMaster, type TestMaster } from '../support/master.ts';
import { createTestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeAll, createWebFleet, type WebFleet } from './support/fleet.ts';
import { AGENT_PAYLOADS, COCKPIT_PAYLOADS, malformed } from './support/payloads.ts';

let master: TestMaster;
let fleet: WebFleet;
let viewer: CockpitPeer;
const strangerId = randomUUID();
beforeAll(async () => {
  master = await startMaster();
  fleet = await createWebFleet(master, 1);
  viewer = await connectCockpit(master, 'viewer');
});
afterAll(async () => {
  viewer.close();
  closeAll(fleet);
  await master.close();
});

const messages = Object.entries(cockpitLink.toMaster) as [keyof typeof COCKPIT_PAYLOADS, MessageDefinition][];
const changing = messages.filter(
  ([, definition]) => definition.kind === 'request' && !roleIncludes('viewer', definition.role),
);

/** Whoever adds one to these has thought of it. */
const READING = [
  'config.list',
  'config.read',
  'config.status',
  'config.versions',
  'event.list',
  'figures.history',
  'fleet.unwatch',
  'fleet.watch',
  'history.read',
  'log.files',
  'log.read',
  'log.runs',
  'log.search',
  'presence.list',
  'presence.tell',
  'registry.list',
  'release.diff',
  'release.list',
  'rollout.get',
  'rollout.list',
  'rollout.plan',
  'service.list',
  'session.hello',
];

test('a viewer may send what only reads, and nothing else', () => {
  const allowed = messages.filter((message) => !changing.includes(message)).map(([name]) => name);
  expect(allowed.sort()).toEqual(READING);
});

test('there are messages that a viewer may not send', () => {
  expect(changing.map(([name]) => name)).toContain('instance.stop');
});

test.each(changing)('a viewer is refused %s, which changes nothing and leaves an event', async (name) => {
  const before = await viewer.call('fleet.watch', { scope: { kind: 'all' } });
  const applied = fleet.agents[0]?.applied.length;
  const sending = viewer.call(name, COCKPIT_PAYLOADS[name] as never);
  await expect(sending).rejects.toMatchObject({ code: 'forbidden', message: expect.stringContaining(name) });
  const event = await waitFor('the audit event', () =>
    viewer.events.find((added) => added.kind === 'command' && added.message.startsWith(`${name}:`)),
  );
  expect(event).toMatchObject({ actor: 'viewer', result: 'failed' });
  const after = await viewer.call('fleet.watch', { scope: { kind: 'all' } });
  expect(after.instances).toEqual(before.instances);
  expect(fleet.agents[0]?.applied.length).toBe(applied);
  const { services } = await viewer.call('service.list', {});
  expect(services.map((service) => service.name)).toEqual(['web']);
});

test('a viewer may see, and an operator may change', async () => {
  for (const [name] of messages.filter(
    ([, definition]) => !changing.some(([, other]) => other === definition),
  )) {
    const reply = await viewer.call(name, COCKPIT_PAYLOADS[name] as never).then(
      () => 'ok',
      (error: { code: string }) => error.code,
    );
    expect(reply, name).not.toBe('forbidden');
  }
  const operator = await connectCockpit(master, 'operator');
  await expect(
    operator.call('service.create', { spec: { name: 'byOperator', type: 'node' } }),
  ).resolves.toMatchObject({ service: { name: 'byOperator' } });
  operator.close();
});

test.each(messages)('a malformed %s is answered with bad_request', async (name, definition) => {
  for (const payload of malformed(COCKPIT_PAYLOADS[name])) {
    if (definition.payload.safeParse(payload).success) continue;
    const reply: Reply<unknown> = await fleet.admin.socket.timeout(5_000).emitWithAck(name, payload);
    expect(reply).toMatchObject({ ok: false, error: { code: 'bad_request' } });
  }
  // Without an acknowledgement nobody waits for an answer; it must do no harm either.
  fleet.admin.socket.emit(name, { nonsense: true });
  fleet.admin.socket.emit(name);
  await expect(fleet.admin.call('session.hello', {})).resolves.toMatchObject({ actor: 'admin' });
});

test('a message beyond the size limit ends only the link that it came over', async () => {
  const loud = await connectCockpit(master, 'viewer');
  const gone = new Promise((resolve) => loud.socket.once('disconnect', resolve));
  loud.socket.emit('event.list', { filler: 'x'.repeat(9 * 1024 * 1024) }, () => {});
  await gone;
  await expect(viewer.call('session.hello', {})).resolves.toMatchObject({ actor: 'viewer' });
});

test.each(Object.entries(agentLink.toMaster))(
  'a malformed %s of an agent does no harm',
  async (name, definition) => {
    const agent = createTestAgent(master, { nodeId: 9, agentId: strangerId });
    const socket = await agent.connect();
    for (const payload of malformed(AGENT_PAYLOADS[name as keyof typeof AGENT_PAYLOADS])) {
      if (definition.payload.safeParse(payload).success) continue;
      if (definition.kind === 'notice') socket.emit(name, payload);
      else {
        const reply: Reply<unknown> = await socket.timeout(5_000).emitWithAck(name, payload);
        expect(reply).toMatchObject({ ok: false, error: { code: 'bad_request' } });
      }
    }
    socket.emit('no.such.message', { a: 1 }, () => {});
    await agent.deliver([]);
    expect(socket.connected).toBe(true);
    agent.close();
    await waitFor(
      'its id to be free',
      () => viewer.events.filter((event) => event.kind === 'node.lost' && event.nodeId === 9).length > 0,
    );
    viewer.events.length = 0;
  },
);
