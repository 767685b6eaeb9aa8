import { expect, test } from 'vitest';
import { instanceRows, nodeRows } from '../../../cockpit/cli/rows.ts';
import { serviceSpecSchema } from '../../../common/domain/service.ts';
import { createFleetModel } from '../../../master/fleet/fleet-model.ts';
import { nodeRecord } from '../../support/node-record.ts';

test('nodes are listed by their number, in whichever order they came to the master', () => {
  const fleet = createFleetModel();
  for (const nodeId of [2, 10, 1, 9]) fleet.putNode(nodeRecord({ nodeId }), true);
  const rows = nodeRows(fleet.snapshot({ kind: 'all' }, 0));
  expect(rows.map(({ node }) => node.nodeId)).toEqual([1, 2, 9, 10]);
});

test('instances are listed by service, node and number, in whichever order they came to the master', () => {
  const fleet = createFleetModel();
  const wanted = { desired: 'running', revision: 1, restartGeneration: 0, release: null } as const;
  const config = { config: null, nextConfig: null, heldLaunch: null, removing: false };
  for (const [instanceId, name, nodeId] of [
    [10, 'web', 1],
    [9, 'web', 2],
    [2, 'web', 1],
    [11, 'api', 2],
  ] as const) {
    const spec = serviceSpecSchema.parse({ name, type: 'node' });
    const place = { instanceId, serviceId: 1, nodeId, host: '', port: 8000, limits: {}, spec };
    fleet.putInstance({ ...place, ...wanted, ...config });
  }
  const rows = instanceRows(fleet.snapshot({ kind: 'all' }, 0));
  expect(rows.map(({ instance }) => instance.instanceId)).toEqual([11, 2, 10, 9]);
});
