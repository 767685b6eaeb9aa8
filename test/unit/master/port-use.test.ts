import { expect, test } from 'vitest';
import { type Service, serviceSpecSchema } from '../../../common/domain/service.ts';
import { portOn } from '../../../master/control/port-use.ts';
import { createFleetModel } from '../../../master/fleet/fleet-model.ts';
import { nodeRecord } from '../../support/node-record.ts';

const spec = serviceSpecSchema.parse({ name: 'web', type: 'node', ports: { from: 8080, to: 8089 } });
const services: Service[] = [{ ...spec, serviceId: 1, createdAt: 0 }];

/** An instance of web on port 8080 of node 1, and two other nodes: node 2 has the inner address of node 1. */
function fleetOf() {
  const fleet = createFleetModel();
  for (const [nodeId, innerAddress] of [
    [1, '10.0.0.1'],
    [2, '10.0.0.1'],
    [3, '10.0.0.3'],
  ] as const)
    fleet.putNode(nodeRecord({ nodeId, innerAddress }), true);
  fleet.putInstance({
    ...{ instanceId: 1, serviceId: 1, nodeId: 1, host: '10.0.0.1', port: 8080, limits: {}, spec },
    ...{ desired: 'running', revision: 1, restartGeneration: 0, release: null },
    ...{ config: null, nextConfig: null, heldLaunch: null, removing: false },
  });
  return fleet;
}

const given = (nodeId: number, wanted?: number): number =>
  portOn(fleetOf(), services, nodeId, 'web', wanted, new Set());

test('nodes of one inner address are not given the same port; one that is named is believed', () => {
  expect([1, 2, 3].map((nodeId) => given(nodeId))).toEqual([8081, 8081, 8080]);
  expect(given(2, 8080)).toBe(8080);
  expect(() => given(1, 8080)).toThrow('belongs to instance 1');
});
