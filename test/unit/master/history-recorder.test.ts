import { expect, test } from 'vitest';
import { packFigures } from '../../../common/domain/figures.ts';
import { createRecorder } from '../../../master/history/recorder.ts';
import { instanceFigures, nodeFigures } from '../../support/figures.ts';

test('the buckets of many nodes are closed in pieces, and none is left out', () => {
  const recorder = createRecorder();
  const at = 1_800_000_000_000;
  const nodeIds = Array.from({ length: 110 }, (_, index) => index + 1);
  for (const nodeId of nodeIds) {
    const instances = packFigures([instanceFigures({ instanceId: nodeId })]);
    recorder.add(nodeId, { at, node: nodeFigures(), instances }, at);
  }
  const closed: number[] = [];
  for (const _ of recorder.closeUntil(at + 10_000)) closed.push(recorder.waiting().length);
  // A row for the node and one for its instances.
  expect(closed).toEqual([50, 100, 150, 200]);
  const rows = recorder.take();
  expect(rows.filter(({ scope }) => scope === 'instances').map(({ nodeId }) => nodeId)).toEqual(nodeIds);
  expect(rows.filter(({ scope }) => scope === 'node').map(({ nodeId }) => nodeId)).toEqual(nodeIds);
});
