import { expect, test } from 'vitest';
import { resolveInstance, resolveInstances, resolveNode } from '../../../cockpit/cli/instance-name.ts';
import type { InstanceView } from '../../../common/domain/instance.ts';
import type { NodeView } from '../../../common/domain/node.ts';

const instance = (instanceId: number, serviceName: string, nodeId: number, port: number): InstanceView => ({
  instanceId,
  serviceId: 1,
  serviceName,
  group: 'default',
  type: 'node',
  nodeId,
  host: '127.0.0.1',
  port,
  limits: {},
  desired: 'running',
  revision: 1,
  release: null,
  status: null,
});

const node = (nodeId: number, alias: string): NodeView => ({
  nodeId,
  alias,
  innerAddress: '127.0.0.1',
  outerAddress: '',
  isCordoned: false,
  link: 'up',
  lastSeenAt: null,
  clockOffsetMs: 0,
  info: null,
});

const fleet = {
  nodes: [node(1, 'alpha'), node(2, 'beta'), node(3, '2')],
  instances: [
    instance(1, 'web', 1, 8080),
    instance(2, 'web', 1, 8081),
    instance(3, 'web', 2, 8080),
    instance(4, 'api', 2, 9000),
    instance(8080, 'odd', 3, 1),
  ],
};
const idOf = (name: string): number => resolveInstance(name, fleet).instanceId;

test('an id, with or without #', () => {
  expect(idOf('3')).toBe(3);
  expect(idOf('#3')).toBe(3);
});

test('service, node and port as far as they are needed', () => {
  expect(idOf('api')).toBe(4);
  expect(idOf('web@beta')).toBe(3);
  expect(idOf('web@1:8081')).toBe(2);
  expect(idOf('web:8081')).toBe(2);
});

test('an alias with a colon in it', () => {
  const rack = { nodes: [node(1, 'rack:7')], instances: [instance(1, 'web', 1, 8080)] };
  expect(resolveInstance('web@rack:7:8080', rack).instanceId).toBe(1);
  expect(resolveInstance('web@1:8080', rack).instanceId).toBe(1);
  expect(() => resolveInstance('web@rack:7:8081', rack)).toThrow('there is no instance');
});

test('an alias that looks like an id goes before the id', () => {
  expect(resolveNode('2', fleet.nodes).nodeId).toBe(3);
  expect(resolveNode('beta', fleet.nodes).nodeId).toBe(2);
  expect(idOf('odd@2')).toBe(8080);
});

test('what is not unique lists what it could mean', () => {
  expect(() => idOf('web@alpha')).toThrow(
    '"web@alpha" means 2 instances: 1 (web@alpha:8080), 2 (web@alpha:8081)',
  );
  expect(() => idOf('web')).toThrow(/means 3 instances/);
});

test('what fits nothing says so', () => {
  for (const name of ['9', 'nope', 'web@alpha:1', 'api@alpha']) {
    expect(() => idOf(name)).toThrow(expect.objectContaining({ code: 'not_found' }));
  }
  expect(() => idOf('web@gamma')).toThrow('there is no node "gamma"');
  expect(() => idOf('@:')).toThrow(expect.objectContaining({ code: 'bad_request' }));
});

test('the same instance named twice is meant once', () => {
  expect(resolveInstances(['3', 'web@beta', 'api'], fleet).map((each) => each.instanceId)).toEqual([3, 4]);
});
