import { expect, test } from 'vitest';
import { nodeRows } from '../../../cockpit/cli/rows.ts';
import { createFleetModel } from '../../../master/fleet/fleet-model.ts';
import { nodeRecord } from '../../support/node-record.ts';

test('nodes are listed by their number, in whichever order they came to the master', () => {
  const fleet = createFleetModel();
  for (const nodeId of [2, 10, 1, 9]) fleet.putNode(nodeRecord({ nodeId }), true);
  const rows = nodeRows(fleet.snapshot({ kind: 'all' }, 0));
  expect(rows.map(({ node }) => node.nodeId)).toEqual([1, 2, 9, 10]);
});
