import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectCockpit } from '../support/cockpit-peer.ts';
import { instanceFigures } from '../support/figures.ts';
import { startMaster, type TestMaster } from '../support/master.ts';
import { createTestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeAll, createWebFleet, type WebFleet } from './support/fleet.ts';

const MINUTE = 60_000;

let stateDir: string;
let master: TestMaster;
let fleet: WebFleet;
beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'sgrid-history-'));
  master = await startMaster({ stateDir, limits: { presenceIntervalMs: 50 } });
  fleet = await createWebFleet(master, 2);
});
afterEach(async () => {
  closeAll(fleet);
  await master.close();
  rmSync(stateDir, { recursive: true });
});

/** Least, average and greatest CPU of everything that is known of the last minutes. */
async function cpuOf(of: { nodeId: number } | { instanceId: number }) {
  const viewer = await connectCockpit(master, 'viewer');
  const to = Date.now() + 1_000;
  const { metrics, problem } = await viewer.call('history.read', {
    ...of,
    from: to - 10 * MINUTE,
    to,
    // The span on either side of a border of ten minutes.
    points: 2,
  });
  viewer.close();
  expect(problem).toBe('');
  return metrics.cpuMillicores?.findLast((span) => span !== null) ?? null;
}

test('figures of an instance and its node are kept over a restart of the master, those of strangers are not', async () => {
  const [own = 0, other = 0] = fleet.instances.map(({ instanceId }) => instanceId);
  const [agent] = fleet.agents;
  for (const cpuMillicores of [100, 200, 600]) {
    agent?.snapshot([
      instanceFigures({ instanceId: own, cpuMillicores }),
      // Of the other node: it may not speak for it.
      instanceFigures({ instanceId: other, cpuMillicores: 9_999 }),
    ]);
  }
  await agent?.deliver([]);
  await expect(cpuOf({ instanceId: own })).resolves.toEqual([100, 300, 600]);
  await expect(cpuOf({ instanceId: other })).resolves.toBeNull();
  await expect(cpuOf({ nodeId: 1 })).resolves.toEqual([100, 100, 100]);
  await expect(cpuOf({ nodeId: 2 })).resolves.toBeNull();

  closeAll(fleet);
  await master.close();
  master = await startMaster({ stateDir, limits: { presenceIntervalMs: 50 } });
  await expect(cpuOf({ instanceId: own })).resolves.toEqual([100, 300, 600]);
  await expect(cpuOf({ nodeId: 1 })).resolves.toEqual([100, 100, 100]);
});

test('what is not there is said; a span that ends before it begins is refused', async () => {
  const { admin } = fleet;
  const span = { from: 0, to: MINUTE };
  await expect(admin.call('history.read', { nodeId: 99, ...span })).rejects.toMatchObject({
    code: 'not_found',
  });
  await expect(admin.call('history.read', { instanceId: 99, ...span })).rejects.toMatchObject({
    code: 'not_found',
  });
  await expect(admin.call('history.read', { nodeId: 1, from: 5, to: 5 })).rejects.toMatchObject({
    code: 'bad_request',
  });
});

test('a node that was removed leaves no figures to the next one of its number', async () => {
  const [, agent] = fleet.agents;
  const [, instance] = fleet.instances;
  agent?.snapshot([]);
  await agent?.deliver([]);
  await expect(cpuOf({ nodeId: 2 })).resolves.not.toBeNull();
  agent?.close();
  await waitFor('the loss', () => fleet.admin.events.some(({ kind }) => kind === 'node.lost'));
  expect(instance?.nodeId).toBe(2);
  await fleet.admin.call('node.remove', { nodeId: 2, force: true, confirm: ['test-2'] });
  const next = createTestAgent(master, { nodeId: 2 });
  await next.connect();
  await expect(cpuOf({ nodeId: 2 })).resolves.toBeNull();
  next.close();
});

test('events of one service or one node', async () => {
  const { admin } = fleet;
  const { events } = await admin.call('event.list', { nodeId: 2 });
  expect(events.length).toBeGreaterThan(0);
  expect(events.every(({ nodeId }) => nodeId === 2)).toBe(true);
  const [instance] = fleet.instances;
  const ofService = await admin.call('event.list', { serviceId: instance?.serviceId ?? 0 });
  expect(ofService.events.some(({ message }) => message.startsWith('create service web'))).toBe(true);
  await expect(admin.call('event.list', { serviceId: 99 })).resolves.toEqual({ events: [] });
});

test('everybody is told who is connected, what they look at, and that they have gone', async () => {
  const { admin } = fleet;
  const viewer = await connectCockpit(master, 'viewer');
  await viewer.call('presence.tell', { screen: 'logs', about: ['web:8101'], doing: '' });
  const { selfId, sessions } = await viewer.call('presence.list', {});
  expect(selfId).toBe(viewer.socket.id);
  expect(sessions.map(({ actor }) => actor)).toEqual(['admin', 'viewer']);
  const told = await waitFor('the notice', () =>
    admin.presences.at(-1)?.find(({ about }) => about[0] === 'web:8101'),
  );
  expect(told).toMatchObject({
    sessionId: selfId,
    actor: 'viewer',
    role: 'viewer',
    from: expect.stringContaining('127.0.0.1'),
  });
  expect(told.changedAt).toBeGreaterThanOrEqual(told.since);
  viewer.close();
  await waitFor('that it has gone', () => admin.presences.at(-1)?.every(({ actor }) => actor === 'admin'));
});

test('however often somebody moves, the others are told at most once an interval, and of the last', async () => {
  const { admin } = fleet;
  const viewer = await connectCockpit(master, 'viewer');
  const before = admin.presences.length;
  const total = 200;
  for (let at = 1; at <= total; at++) await viewer.call('presence.tell', { screen: `row ${at}`, doing: '' });
  await waitFor('the last', () => admin.presences.at(-1)?.some(({ screen }) => screen === `row ${total}`));
  expect(admin.presences.length - before).toBeLessThan(total / 2);
  viewer.close();
});
