import { expect, test } from 'vitest';
import { instanceNameOf, nodeNameOf } from '../../../common/domain/instance-name.ts';

test('a node is called by its alias, and without one by its number', () => {
  expect(nodeNameOf({ alias: 'beta' }, 2)).toBe('beta');
  expect(nodeNameOf({ alias: '' }, 2)).toBe('2');
  expect(nodeNameOf(undefined, 2)).toBe('2');
});

test('an instance is called by its service, its node and its port', () => {
  const nodeName = (nodeId: number): string => `node-${nodeId}`;
  expect(instanceNameOf({ serviceName: 'web', nodeId: 2, port: 8080 }, nodeName)).toBe('web@node-2:8080');
});
