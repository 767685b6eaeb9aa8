import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Rollout } from '../../common/domain/rollout.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { connectCockpit } from '../support/cockpit-peer.ts';
import {
  type MasterProcess,
  newStateDir,
  spawnMaster,
  startMaster,
  type TestMaster,
} from '../support/master.ts';
import { createTestAgent, statusOf, type TestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeAll, createWebFleet, deploy, ended, uploadVersion, type WebFleet } from './support/fleet.ts';

const states = (rollout: Rollout) => rollout.steps.map((step) => step.state);
const QUICK = { minReadyMs: 20, nodeWaitMs: 20_000 };

describe('with a running master', () => {
  let master: TestMaster;
  let fleet: WebFleet;
  beforeEach(async () => {
    master = await startMaster({ limits: QUICK });
    fleet = await createWebFleet(master, 3);
  });
  afterEach(async () => {
    closeAll(fleet);
    await master.close();
  });

  const ids = () => fleet.instances.map((instance) => instance.instanceId);

  test('a rollout puts the release on one instance after another, and tells every change', async () => {
    const { admin, agents, release } = fleet;
    let busy = 0;
    let mostBusy = 0;
    for (const agent of agents) {
      const apply = agent.behaviour.apply;
      agent.behaviour.apply = async (assignment) => {
        mostBusy = Math.max(mostBusy, ++busy);
        const status = await apply(assignment);
        busy--;
        return status;
      };
    }
    const rollout = await deploy(admin, release.releaseId, ids());
    expect(rollout).toMatchObject({ state: 'succeeded', actor: 'admin', version: 'v1', serviceName: 'web' });
    expect(states(rollout)).toEqual(['done', 'done', 'done']);
    expect(mostBusy).toBe(1);
    for (const agent of agents) {
      expect(agent.prepared.map((ref) => ref.releaseId)).toEqual([release.releaseId]);
      expect(agent.applied.at(-1)).toMatchObject({ desired: 'running', release: { version: 'v1' } });
    }
    await waitFor('the last push', () => admin.rollouts.at(-1)?.state === 'succeeded');
    const first = admin.rollouts.map((pushed) => pushed.steps[0]?.state);
    expect([...new Set(first)]).toEqual(['preparing', 'applying', 'done']);
    const { events } = await admin.call('event.list', {});
    expect(events.filter((event) => event.kind.startsWith('rollout.')).map((event) => event.result)).toEqual([
      'ok',
      'ok',
    ]);
  });

  test('an instance that does not stay up fails the rollout with its exit, and the rest is skipped', async () => {
    const { admin, agents, release } = fleet;
    const second = agents[1];
    if (second === undefined) throw new Error('no agent');
    second.behaviour.apply = async (assignment) =>
      statusOf(assignment, {
        state: 'backoff',
        lastExit: { code: 3, signal: null, oomKilled: false, cause: 'exited', startedAt: 1, endedAt: 2 },
      });
    const rollout = await deploy(admin, release.releaseId, ids());
    expect(rollout.state).toBe('failed');
    expect(states(rollout)).toEqual(['done', 'failed', 'skipped']);
    expect(rollout.steps[1]?.reason).toBe('backoff: exited with code 3');
    expect(agents[2]?.applied.some((assignment) => assignment.release !== null)).toBe(false);
    const finished = await waitFor('its event', () =>
      admin.events.find((event) => event.kind === 'rollout.finished'),
    );
    expect(finished).toMatchObject({ result: 'failed', instanceId: ids()[1], actor: 'admin' });
  });

  test('a program that dies within the minimum ready time fails the rollout', async () => {
    await master.close();
    master = await startMaster({ limits: { ...QUICK, minReadyMs: 60_000 } });
    closeAll(fleet);
    fleet = await createWebFleet(master, 1);
    const [agent] = fleet.agents;
    const { rollout } = await fleet.admin.call('rollout.create', {
      releaseId: fleet.release.releaseId,
      instanceIds: ids(),
    });
    const running = await waitFor('it to run', () =>
      [...(agent?.statuses.values() ?? [])].find((status) => status.state === 'running'),
    );
    await agent?.report({ ...running, state: 'crash-loop', pid: null, reason: 'died 8 times' });
    const after = await ended(fleet.admin, rollout.rolloutId);
    expect(after).toMatchObject({ state: 'failed', steps: [{ reason: 'crash-loop: died 8 times' }] });
  });

  test('the list of rollouts: newest first, bounded, of one service, and what is under way as it is now', async () => {
    const { admin, agents, release } = fleet;
    expect((await admin.call('rollout.list', {})).rollouts).toEqual([]);
    const first = await deploy(admin, release.releaseId, ids());
    const gate = Promise.withResolvers<{ alreadyThere: boolean }>();
    const [agent] = agents;
    if (agent === undefined) throw new Error('no agent');
    agent.behaviour.prepare = () => gate.promise;
    const payload = { releaseId: release.releaseId, instanceIds: ids() };
    const { rollout: second } = await admin.call('rollout.create', payload);
    const [underWay, before] = (await admin.call('rollout.list', {})).rollouts;
    expect(underWay).toMatchObject({ rolloutId: second.rolloutId, state: 'running' });
    expect(before).toEqual(first);
    const one = await admin.call('rollout.list', { limit: 1, serviceId: release.serviceId });
    expect(one.rollouts.map(({ rolloutId }) => rolloutId)).toEqual([second.rolloutId]);
    expect((await admin.call('rollout.list', { serviceId: 999 })).rollouts).toEqual([]);
    await expect(admin.call('rollout.list', { limit: 0 })).rejects.toMatchObject({ code: 'bad_request' });
    gate.resolve({ alreadyThere: true });
    await ended(admin, second.rolloutId);
  });

  test('a release that a node cannot unpack fails before the running program is touched', async () => {
    const { admin, agents, release } = fleet;
    const [agent] = agents;
    if (agent === undefined) throw new Error('no agent');
    agent.behaviour.prepare = async () => {
      throw new SgridError('no_space', 'no space left on /data');
    };
    const rollout = await deploy(admin, release.releaseId, ids());
    expect(rollout).toMatchObject({ state: 'failed', steps: [{ reason: 'no space left on /data' }, {}, {}] });
    expect(states(rollout)).toEqual(['failed', 'skipped', 'skipped']);
    expect(agent.applied.some((assignment) => assignment.release !== null)).toBe(false);
  });

  test('while one is under way, another of the service and commands on what it has to do are refused', async () => {
    const { admin, agents, release } = fleet;
    const gate = Promise.withResolvers<void>();
    const [agent] = agents;
    if (agent === undefined) throw new Error('no agent');
    agent.behaviour.prepare = async () => {
      await gate.promise;
      return { alreadyThere: false };
    };
    const { rollout } = await admin.call('rollout.create', {
      releaseId: release.releaseId,
      instanceIds: ids(),
    });
    await expect(
      admin.call('rollout.create', { releaseId: release.releaseId, instanceIds: ids() }),
    ).rejects.toMatchObject({ code: 'conflict' });
    const { outcomes } = await admin.call('instance.stop', { instanceIds: ids() });
    expect(outcomes.map(({ error }) => error?.code)).toEqual(['conflict', 'conflict', 'conflict']);
    gate.resolve();
    expect((await ended(admin, rollout.rolloutId)).state).toBe('succeeded');
  });

  test('download progress is pushed with the step that it belongs to', async () => {
    const { admin, agents, release } = fleet;
    const [agent] = agents;
    if (agent === undefined) throw new Error('no agent');
    agent.behaviour.prepare = async (_name, ref) => {
      await waitFor('progress', () => {
        agent.socket().emit('release.progress', { sha256: ref.sha256, receivedBytes: 77 });
        return admin.rollouts.some((pushed) => pushed.steps[0]?.receivedBytes === 77);
      });
      return { alreadyThere: false };
    };
    expect((await deploy(admin, release.releaseId, ids())).state).toBe('succeeded');
  });

  test('an agent that restarts in the middle of a step does not fail the rollout', async () => {
    const { admin, agents, release } = fleet;
    const [agent] = agents;
    if (agent === undefined) throw new Error('no agent');
    const { apply } = agent.behaviour;
    agent.behaviour.apply = async (assignment) => {
      if (assignment.release !== null) {
        agent.behaviour.apply = apply;
        agent.close();
        // Its own death takes what it was told along: the next agent has to be told again.
        agent.statuses.delete(assignment.instanceId);
        void waitFor('the master to notice', () =>
          admin.events.some((event) => event.kind === 'node.lost'),
        ).then(() => agent.connect());
        return new Promise<never>(() => {});
      }
      return apply(assignment);
    };
    const rollout = await deploy(admin, release.releaseId, ids());
    expect(states(rollout)).toEqual(['done', 'done', 'done']);
  });

  test('what cannot work is refused before anything is changed', async () => {
    const { admin, agents, release, instances } = fleet;
    await admin.call('service.create', { spec: { name: 'other', type: 'node' } });
    const { instance: foreign } = await admin.call('instance.create', {
      serviceName: 'other',
      nodeId: 1,
      port: 9100,
    });
    const create = (releaseId: number, instanceIds: number[]) =>
      admin.call('rollout.create', { releaseId, instanceIds });
    await expect(create(999, ids())).rejects.toMatchObject({ code: 'not_found' });
    await expect(create(release.releaseId, [999])).rejects.toMatchObject({ code: 'not_found' });
    await expect(create(release.releaseId, [foreign.instanceId])).rejects.toMatchObject({
      code: 'bad_request',
    });
    agents[2]?.close();
    await waitFor('the loss of node 3', () => admin.events.some((event) => event.kind === 'node.lost'));
    await expect(create(release.releaseId, ids())).rejects.toMatchObject({ code: 'node_unreachable' });
    await expect(admin.call('rollout.get', { rolloutId: 1 })).rejects.toMatchObject({ code: 'not_found' });
    const { instances: after } = await admin.call('fleet.watch', { scope: { kind: 'all' } });
    const known = after.filter((view) => view.serviceName === 'web');
    expect(known.map((view) => view.revision)).toEqual(instances.map((view) => view.revision));
  });
});

describe('a master killed with SIGKILL in the middle of a rollout', () => {
  let stateDir: string;
  let master: MasterProcess;
  const agents: TestAgent[] = [];
  beforeEach(async () => {
    stateDir = newStateDir();
    master = await spawnMaster(stateDir);
  });
  afterEach(async () => {
    for (const agent of agents.splice(0)) agent.close();
    await master.kill();
    rmSync(stateDir, { recursive: true, force: true });
  });

  /** Kills the master once `reached` says so, starts it again, and lets an agent with the same state come back. */
  async function killAndResume(
    hold: (agent: TestAgent, release: () => Promise<void>) => void,
    reached: (rollout: Rollout) => boolean,
  ): Promise<{ rollout: Rollout; after: TestAgent }> {
    const { admin, agents: before, instances } = await createWebFleet(master, 1);
    const release = await uploadVersion(master, 'v2');
    const [agent] = before;
    if (agent === undefined) throw new Error('no agent');
    agents.push(agent);
    const gate = Promise.withResolvers<void>();
    hold(agent, () => gate.promise);
    const instanceIds = instances.map((instance) => instance.instanceId);
    const { rollout } = await admin.call('rollout.create', { releaseId: release.releaseId, instanceIds });
    await waitFor('the state to kill in', async () =>
      reached((await admin.call('rollout.get', rollout)).rollout),
    );
    await master.kill();
    gate.resolve();
    admin.close();
    agent.close();

    master = await spawnMaster(stateDir);
    const after = createTestAgent(master, { nodeId: agent.nodeId, agentId: agent.agentId });
    agents.push(after);
    for (const [id, status] of agent.statuses) after.statuses.set(id, status);
    await after.connect();
    const cockpit = await connectCockpit(master);
    const result = await ended(cockpit, rollout.rolloutId);
    cockpit.close();
    return { rollout: result, after };
  }

  test('while preparing: it is prepared again and carried through', async () => {
    const { rollout, after } = await killAndResume(
      (agent, held) => {
        agent.behaviour.prepare = async () => {
          await held();
          return { alreadyThere: false };
        };
      },
      (now) => now.steps[0]?.state === 'preparing',
    );
    expect(rollout).toMatchObject({ state: 'succeeded', steps: [{ state: 'done' }] });
    expect(after.prepared.map((ref) => ref.version)).toEqual(['v2']);
  });

  test('while applying, before the node took it: it is applied once', async () => {
    const { rollout, after } = await killAndResume(
      (agent, held) => {
        agent.behaviour.apply = async (assignment) => {
          await held();
          throw new SgridError('cancelled', `the old agent never did ${assignment.revision}`);
        };
      },
      (now) => now.steps[0]?.state === 'applying',
    );
    expect(rollout.state).toBe('succeeded');
    // Coming back and resuming may each send it; one revision takes effect once.
    const revisions = after.applied
      .filter(({ release }) => release?.version === 'v2')
      .map(({ revision }) => revision);
    expect(new Set(revisions).size).toBe(1);
  });

  test('while applying, after the node took it: the node does nothing a second time', async () => {
    const taken = Promise.withResolvers<void>();
    let done = false;
    const { rollout, after } = await killAndResume(
      (agent, held) => {
        const { apply } = agent.behaviour;
        agent.behaviour.apply = async (assignment) => {
          const status = await apply(assignment);
          agent.statuses.set(assignment.instanceId, status);
          done = true;
          taken.resolve();
          await held();
          return status;
        };
      },
      (now) => done && now.steps[0]?.state === 'applying',
    );
    await taken.promise;
    expect(rollout.state).toBe('succeeded');
    expect(after.applied).toEqual([]);
  });
});
