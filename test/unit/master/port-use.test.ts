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

test('where the plan of another service on the node shares the ports, both are named with what to do', () => {
  const api = serviceSpecSchema.parse({ name: 'api', type: 'node', ports: { from: 8081, to: 8084 } });
  const both: Service[] = [...services, { ...api, serviceId: 2, createdAt: 0 }];
  const refusalOf = (wanted?: number): unknown => {
    try {
      return portOn(fleetOf(), both, 1, 'api', wanted, new Set());
    } catch (error) {
      return error;
    }
  };
  const hint = 'give one of the two other ports: sgrid service update api --ports FROM-TO';
  expect(refusalOf()).toMatchObject({
    ...{ code: 'conflict', hint },
    message: expect.stringMatching(
      /^none of the ports 8081-8084 of "api" is free on node \S+: "web" is there, and its plan 8080-8089 shares/,
    ),
  });
  expect(refusalOf(8082)).toMatchObject({ hint, message: expect.stringContaining('is kept for "web"') });
  expect(portOn(fleetOf(), both, 3, 'api', undefined, new Set())).toBe(8081);
});

test('nodes of one inner address are not given the same port; one that is named is believed', () => {
  expect([1, 2, 3].map((nodeId) => given(nodeId))).toEqual([8081, 8081, 8080]);
  expect(given(2, 8080)).toBe(8080);
  expect(() => given(1, 8080)).toThrow('belongs to instance 1');
});
