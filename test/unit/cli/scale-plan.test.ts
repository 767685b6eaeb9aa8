import { expect, test } from 'vitest';
import { planScale } from '../../../cockpit/cli/scale-plan.ts';
import type { NodeView } from '../../../common/domain/node.ts';

const node = (nodeId: number, innerAddress: string): NodeView => ({
  ...{ nodeId, alias: `n${nodeId}`, innerAddress, outerAddress: '', isCordoned: false },
  ...{ link: 'up', lastSeenAt: null, clockOffsetMs: 0, info: null },
});

const portsOf = (addresses: readonly string[]): number[] =>
  planScale({
    ...{ serviceName: 'web', count: addresses.length, all: [], among: null, firstPort: null },
    nodes: addresses.map((address, at) => node(at + 1, address)),
    services: [{ name: 'web', ports: { from: 8080, to: 8089 } }],
  }).create.map(({ port }) => port);

test('nodes of one inner address are not given the same port, as the master does it', () => {
  expect(portsOf(['10.0.0.1', '10.0.0.1', '10.0.0.3'])).toEqual([8080, 8081, 8080]);
});

test('the node on which no port is free is called by its alias', () => {
  const full = Array.from({ length: 11 }, () => '10.0.0.1');
  expect(() => portsOf(full)).toThrow('none of the ports 8080-8089 of "web" is free on node n11');
});
