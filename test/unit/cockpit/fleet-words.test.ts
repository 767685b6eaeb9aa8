import { expect, test } from 'vitest';
import { instanceWords, stepInstanceWords } from '../../../cockpit/format/fleet-words.ts';
import type { NodeView } from '../../../common/domain/node.ts';
import { stepOf } from '../../support/rollouts.ts';

const node = (nodeId: number, alias: string): [number, NodeView] => [
  nodeId,
  {
    ...{ nodeId, alias, innerAddress: '', outerAddress: '', isCordoned: false },
    ...{ link: 'up', lastSeenAt: null, clockOffsetMs: 0, info: null },
  },
];
const nodes = new Map([node(1, 'alpha'), node(2, '')]);

test('an instance can be typed as it is called, also on a node without an alias or one that is gone', () => {
  const words = (nodeId: number) => instanceWords({ serviceName: 'web', nodeId, port: 8080 }, nodes);
  expect([1, 2, 3].map(words)).toEqual(['web@alpha:8080', 'web@2:8080', 'web@3:8080']);
});

test('the instance of a step is called as others are, and by its number where its port was not noted', () => {
  const words = (change: object) => stepInstanceWords({ serviceName: 'web' }, stepOf(change), nodes);
  expect(words({ nodeId: 1, port: 8080 })).toBe('web@alpha:8080');
  expect(words({ nodeId: 3, port: 8080 })).toBe('web@3:8080');
  expect(words({ instanceId: 7, port: null })).toBe('instance 7');
});
