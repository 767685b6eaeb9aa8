import { expect, test } from 'vitest';
import { NO_HEALTH } from '../../../common/domain/health.ts';
import { observedStateSchema } from '../../../common/domain/instance.ts';
import {
  applyRegistryChange,
  diffRegistry,
  isDiscoverable,
  registryDigest,
  registryEntryOf,
  toRegistryTable,
} from '../../../common/domain/registry.ts';
import { mergeRegistry } from '../../../master/handlers/registry-merge.ts';
import { entryOf } from './support.ts';

const place = { instanceId: 1, serviceId: 2, serviceName: 'web', nodeId: 3, host: '10.0.0.3', port: 80 };

test('only what runs can be found', () => {
  const health = NO_HEALTH;
  expect(isDiscoverable({ state: 'running', pid: 5, health })).toBe(true);
  expect(isDiscoverable({ state: 'running', pid: null, health })).toBe(false);
  for (const state of observedStateSchema.exclude(['running']).options) {
    expect(isDiscoverable({ state, pid: 5, health })).toBe(false);
  }
  expect(registryEntryOf(place, null, '10.9.9.9')).toBeNull();
});

test.each([
  ['none', true],
  ['healthy', true],
  ['starting', false],
  ['unhealthy', false],
] as const)('what runs and is %s can be found: %s', (state, found) => {
  const status = { state: 'running', pid: 5, health: { ...NO_HEALTH, state } } as const;
  expect(isDiscoverable(status)).toBe(found);
  expect(registryEntryOf(place, status, '10.9.9.9') !== null).toBe(found);
});

test('one that binds all addresses is reached at its node', () => {
  const status = { state: 'running', pid: 5, health: NO_HEALTH } as const;
  expect(registryEntryOf(place, status, '10.9.9.9')).toMatchObject({ host: '10.0.0.3', port: 80, pid: 5 });
  for (const host of ['0.0.0.0', '::', '[::]'])
    expect(registryEntryOf({ ...place, host }, status, '10.9.9.9')).toMatchObject({ host: '10.9.9.9' });
});

test('instances of a lost node leave, unless their service is nowhere else', () => {
  const table = mergeRegistry([
    { entry: entryOf(1), isFresh: true },
    { entry: entryOf(2, { nodeId: 2 }), isFresh: false },
    { entry: entryOf(3, { nodeId: 2, serviceName: 'only-there' }), isFresh: false },
    { entry: entryOf(4, { nodeId: 4, serviceName: 'only-there' }), isFresh: false },
  ]);
  expect([...table.keys()]).toEqual([1, 3, 4]);
});

test('a delta holds what changed and leads to the same table, with the same digest', () => {
  const before = toRegistryTable([entryOf(1), entryOf(2), entryOf(3)]);
  const after = toRegistryTable([entryOf(4), entryOf(2, { pid: 9 }), entryOf(1)]);
  const change = diffRegistry(before, after);
  expect(change).toEqual({
    kind: 'delta',
    changed: [entryOf(4), entryOf(2, { pid: 9 })],
    removedInstanceIds: [3],
  });
  if (change === null) throw new Error('no change');
  const applied = applyRegistryChange(before, change);
  expect(diffRegistry(applied, after)).toBeNull();
  expect(registryDigest(applied)).toBe(registryDigest(after));
  expect(registryDigest(applied)).not.toBe(registryDigest(before));
  expect(before.size).toBe(3);
});

test.each(['serviceId', 'serviceName', 'nodeId', 'host', 'port', 'pid', 'dockerName'] as const)(
  'a change of %s alone is a change',
  (key) => {
    const other = entryOf(1, { [key]: key === 'host' || key.endsWith('Name') ? 'other' : 4711 });
    expect(diffRegistry(toRegistryTable([entryOf(1)]), toRegistryTable([other]))).not.toBeNull();
  },
);
