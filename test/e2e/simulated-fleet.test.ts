import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CockpitPeer, connectCockpit } from '../support/cockpit-peer.ts';
import { type SimulatedFleet, startSimulatedFleet } from '../support/simulated-fleet/start-fleet.ts';
import { waitFor } from '../support/wait-for.ts';

let fleet: SimulatedFleet;
let cockpit: CockpitPeer;
beforeAll(async () => {
  fleet = await startSimulatedFleet({ nodes: 3, instances: 4 });
  cockpit = await connectCockpit(fleet);
});
afterAll(async () => {
  cockpit?.close();
  await fleet?.close();
});

const look = () => cockpit.call('fleet.watch', { scope: { kind: 'all' } });
const pidOf = async (instanceId: number) =>
  (await look()).instances.find((each) => each.instanceId === instanceId)?.status?.pid;

test('all of it is there, and its figures change', async () => {
  const { nodes, instances } = await look();
  expect(nodes.map(({ link }) => link)).toEqual(['up', 'up', 'up']);
  expect(instances.map(({ status }) => status?.state)).toEqual(new Array(12).fill('running'));
  const samples = await waitFor('two samples of a node', () => {
    const ofOne = cockpit.frames.flatMap((frame) => frame.samples ?? []).filter(({ nodeId }) => nodeId === 2);
    return ofOne.length >= 2 ? ofOne : null;
  });
  expect(samples.map(({ instances: packed }) => packed.length)).toEqual(samples.map(() => 36));
  expect(samples[0]?.instances).not.toEqual(samples[1]?.instances);
});

test('it does what it is asked for', async () => {
  const before = await pidOf(5);
  const { outcomes } = await cockpit.call('instance.restart', { instanceIds: [5] });
  expect(outcomes).toEqual([{ instanceId: 5, error: null }]);
  expect(await pidOf(5)).not.toBe(before);
  const limits = { memoryMiB: 64 };
  const limited = await cockpit.call('instance.limit', { instanceIds: [5], limits });
  expect(limited.outcomes[0]?.error).toBeNull();
  const request = { instanceId: 5, from: 'tail', direction: 'backward', maxBytes: 240 } as const;
  const { data, end } = await cockpit.call('log.read', request);
  const text = Buffer.from(data).toString();
  expect(text.split('\n').slice(0, -1)).toHaveLength(text.length / 120);
  const more = await cockpit.call('log.read', { instanceId: 5, from: end, waitMs: 5_000 });
  expect(Buffer.from(more.data).toString()).toMatch(/^\S+Z (INFO|WARN|ERROR) +request \d+ GET /);
});

test('nothing of it is left', async () => {
  cockpit.close();
  await fleet.close();
  expect(existsSync(fleet.directory)).toBe(false);
  for (const pid of [fleet.masterPid, ...fleet.agents.pids]) expect(existsSync(`/proc/${pid}`)).toBe(false);
});
