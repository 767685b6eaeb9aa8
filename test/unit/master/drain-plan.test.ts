import { expect, test } from 'vitest';
import { serviceSpecSchema } from '../../../common/domain/service.ts';
import { planDrain } from '../../../master/control/drain-plan.ts';
import { createFleetModel } from '../../../master/fleet/fleet-model.ts';
import { releaseOf } from './rollout-support.ts';

const GIB = 1024 ** 3;

function fleetOf() {
  const fleet = createFleetModel();
  for (const nodeId of [1, 2, 3]) {
    const about = { agentId: `a${nodeId}`, machineId: '', isReplaceable: false, isCordoned: false };
    const where = { alias: `n${nodeId}`, innerAddress: `10.0.0.${nodeId}`, outerAddress: '', info: null };
    fleet.putNode({ nodeId, ...about, ...where, clockOffsetMs: 0, lastSeenAt: null }, true);
  }
  for (const [instanceId, host] of [
    [1, '10.0.0.1'],
    [2, '0.0.0.0'],
  ] as const) {
    const wanted = { desired: 'running', revision: 1, restartGeneration: 0, release: releaseOf(7) } as const;
    const config = { config: null, nextConfig: null, heldLaunch: null, removing: false };
    const spec = serviceSpecSchema.parse({ name: 'web', type: 'node' });
    const place = { instanceId, serviceId: 1, nodeId: 1, host, port: 8000 + instanceId, limits: {}, spec };
    fleet.putInstance({ ...place, ...wanted, ...config });
  }
  return fleet;
}

test('of nodes that have as few of the service the one with the most free memory is taken; ports that are in use are not', () => {
  const fleet = fleetOf();
  const from = fleet.node(1);
  if (from === null) throw new Error('no node');
  const view = {
    ...{ fleet, services: [], open: [], confirmed: new Set<string>() },
    freeBytes: (nodeId: number) => (nodeId === 3 ? 4 * GIB : GIB),
    inUse: (nodeId: number) => new Set(nodeId === 3 ? [8001] : []),
  };
  const places = () => planDrain(view, from, { move: true, stop: false }).instances.map(({ to }) => to);
  expect(places()).toEqual([
    { nodeId: 3, host: '10.0.0.3', port: 8002 },
    // One that binds more than its node's address does so there, too.
    { nodeId: 2, host: '0.0.0.0', port: 8002 },
  ]);
  view.freeBytes = (nodeId) => (nodeId === 2 ? 4 * GIB : GIB);
  expect(places().map((to) => to?.nodeId)).toEqual([2, 3]);
});

test('a port is held on all nodes of one inner address, also by what is to move and by what has just been placed', () => {
  const fleet = fleetOf();
  const shared = (nodeId: number, innerAddress: string): void => {
    const node = fleet.node(nodeId);
    if (node === null) throw new Error('no node');
    fleet.putNode({ ...node, innerAddress }, true);
  };
  const ports = () => {
    const from = fleet.node(1);
    if (from === null) throw new Error('no node');
    const view = { fleet, services: [], open: [], confirmed: new Set<string>() };
    const plan = planDrain({ ...view, freeBytes: () => GIB, inUse: () => new Set() }, from, {
      ...{ move: true, stop: false },
    });
    return plan.instances.map(({ to }) => [to?.nodeId, to?.port]);
  };
  const own = [
    [2, 8001],
    [3, 8002],
  ];
  expect(ports()).toEqual(own);
  // Both targets are one machine, and the node that is drained another.
  shared(2, '10.0.0.9');
  shared(3, '10.0.0.9');
  expect(ports()).toEqual(own);
  // All three are one machine, where the old instances still listen.
  for (const nodeId of [1, 2, 3]) shared(nodeId, '127.0.0.1');
  expect(ports()).toEqual([
    [2, 8003],
    [3, 8004],
  ]);
});
