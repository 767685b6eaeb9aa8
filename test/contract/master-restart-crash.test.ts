import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Rollout } from '../../common/domain/rollout.ts';
import type { ServiceSpec } from '../../common/domain/service.ts';
import type { CockpitPeer } from '../support/cockpit-peer.ts';
import { newStateDir, startMaster } from '../support/master.ts';
import { statusOf, type TestAgent } from '../support/test-agent.ts';
import { closeAll, createWebFleet, deploy } from './support/fleet.ts';
import { type Effect, liveAndDie, type Story } from './support/lives.ts';

let stateDir: string;
let agents: TestAgent[];
let instanceIds: number[];
beforeEach(async () => {
  stateDir = newStateDir();
  const master = await startMaster({ stateDir, limits: { minReadyMs: 1 } });
  const fleet = await createWebFleet(master, 3);
  instanceIds = fleet.instances.map(({ instanceId }) => instanceId);
  await deploy(fleet.admin, fleet.release.releaseId, instanceIds);
  await fleet.admin.call('config.set', { serviceName: 'web', name: 'app.json', text: '{}' });
  agents = fleet.agents;
  closeAll(fleet);
  await master.close();
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const CAUSES = {
  command: async (admin: CockpitPeer) =>
    (await admin.call('rollout.create', { kind: 'restart', instanceIds })).rollout,
  specification: async (admin: CockpitPeer) => {
    const { services } = await admin.call('service.list', {});
    const { serviceId: _id, createdAt: _at, ...spec } = services[0] ?? {};
    const next: ServiceSpec = { ...(spec as ServiceSpec), args: ['--new'], graceMs: 7_000 };
    return orThrow((await admin.call('service.update', { spec: next })).rollout);
  },
  files: async (admin: CockpitPeer) => {
    const request = { serviceName: 'web', action: { kind: 'restart' as const } };
    return orThrow((await admin.call('config.publish', request)).rollout);
  },
};
function orThrow(rollout: Rollout | null): Rollout {
  if (rollout === null) throw new Error('nothing is restarted');
  return rollout;
}

/** What a program is started with anew: a sign for each effect that starts it. */
function startOf({ assignment }: Effect): string | null {
  if (assignment === null) return null;
  const { restartGeneration, spec, config } = assignment;
  return JSON.stringify([restartGeneration, spec.args, config?.revision ?? 0]);
}
/** How often an instance was started anew: what only changes how it runs is none. */
function startsOf(told: Story, instanceId: number): number {
  const mine = told.effects.filter((each) => each.instanceId === instanceId);
  return new Set(mine.map(startOf).filter((sign) => sign !== startOf(INITIAL))).size;
}
const INITIAL = { assignment: { restartGeneration: 0, spec: { args: [] } } } as unknown as Effect;

test.each(Object.entries(CAUSES))(
  'a restart by %s: each instance once, one after another',
  async (_cause, begin) => {
    const told = await liveAndDie({ stateDir, agents, begin });
    expect(told.rollout).toMatchObject({ kind: 'restart', state: 'succeeded' });
    expect(instanceIds.map((id) => startsOf(told, id))).toEqual([1, 1, 1]);
    const order = told.effects.filter((each) => startOf(each) !== startOf(INITIAL));
    expect([...new Set(order.map(({ instanceId }) => instanceId))]).toEqual(instanceIds);
    for (const stage of ['preparing pending pending', 'applying pending pending', 'done applying pending'])
      expect(told.history).toContain(`running: ${stage}`);
  },
);

test.each(Object.entries(CAUSES))(
  'a restart by %s that fails on the second: the third goes on with what it has',
  async (_cause, begin) => {
    const misbehave = (assignment: Parameters<typeof statusOf>[0]) =>
      assignment.instanceId === instanceIds[1] &&
      startOf({ nodeId: 2, instanceId: 2, assignment }) !== startOf(INITIAL)
        ? statusOf(assignment, { state: 'crash-loop', reason: 'bad' })
        : null;
    const told = await liveAndDie({ stateDir, agents, begin, misbehave });
    expect(told.rollout.state).toBe('failed');
    expect(told.rollout.steps.map(({ state }) => state)).toEqual(['done', 'failed', 'skipped']);
    expect(instanceIds.map((id) => startsOf(told, id))).toEqual([1, 1, 0]);
  },
);
