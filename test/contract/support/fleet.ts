import { onTestFinished } from 'vitest';
import type { InstanceView } from '../../../common/domain/instance.ts';
import type { Release } from '../../../common/domain/release.ts';
import { hasEnded } from '../../../common/domain/rollout.ts';
import { type CockpitPeer, connectCockpit } from '../../support/cockpit-peer.ts';
import { startMaster, type TestMaster, type TestMasterOptions } from '../../support/master.ts';
import { tarOf, uploadPackage } from '../../support/packages.ts';
import { createTestAgent, type TestAgent } from '../../support/test-agent.ts';
import { waitFor } from '../../support/wait-for.ts';

/** A service "web" with one release, and an instance of it on each node. */
export interface WebFleet {
  admin: CockpitPeer;
  agents: TestAgent[];
  instances: InstanceView[];
  release: Release;
  /** @throws Error for a node that there is none of */
  agentOf(nodeId: number): TestAgent;
}

/** A master and its web fleet until the test is over, for `beforeEach`. Rollouts take a program for up at once. */
export async function startWebFleet(
  nodes: number,
  limits: TestMasterOptions['limits'] = {},
): Promise<{ master: TestMaster; fleet: WebFleet }> {
  const master = await startMaster({ limits: { minReadyMs: 1, ...limits } });
  onTestFinished(master.close);
  const fleet = await createWebFleet(master, nodes);
  onTestFinished(() => closeAll(fleet));
  return { master, fleet };
}

type MasterAddress = Pick<TestMaster, 'url' | 'token'>;

export async function createWebFleet(master: MasterAddress, nodes = 1): Promise<WebFleet> {
  const admin = await connectCockpit(master);
  const agents: TestAgent[] = [];
  for (let nodeId = 1; nodeId <= nodes; nodeId++) {
    const agent = createTestAgent(master, { nodeId });
    await agent.connect();
    agents.push(agent);
  }
  await admin.call('service.create', {
    spec: { name: 'web', type: 'binary', entry: 'run.sh', graceMs: 1000 },
  });
  const release = await uploadVersion(master, 'v1');
  const instances: InstanceView[] = [];
  for (const { nodeId } of agents) {
    const { instance } = await admin.call('instance.create', {
      serviceName: 'web',
      nodeId,
      port: 8000 + nodeId,
    });
    instances.push(instance);
  }
  return {
    ...{ admin, agents, instances, release },
    agentOf(nodeId) {
      const agent = agents.find((each) => each.nodeId === nodeId);
      if (agent === undefined) throw new Error(`no agent of node ${nodeId}`);
      return agent;
    },
  };
}

export function uploadVersion(master: MasterAddress, version: string, serviceName = 'web'): Promise<Release> {
  const content = tarOf({ 'run.sh': `#!/bin/sh\necho ${version}\n` });
  return uploadPackage(master, { serviceName, version, content });
}

/** Begins a rollout and waits until it has ended, whichever way. */
export async function deploy(admin: CockpitPeer, releaseId: number, instanceIds: number[]) {
  const { rollout } = await admin.call('rollout.create', { releaseId, instanceIds });
  return ended(admin, rollout.rolloutId);
}

export function ended(admin: CockpitPeer, rolloutId: number) {
  return waitFor(`rollout ${rolloutId} to end`, async () => {
    const { rollout } = await admin.call('rollout.get', { rolloutId });
    return hasEnded(rollout) ? rollout : null;
  });
}

export function closeAll({ admin, agents }: WebFleet): void {
  admin.close();
  for (const agent of agents) agent.close();
}
