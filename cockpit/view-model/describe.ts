import type { DescribeTarget } from '../store/described.ts';
import type { CockpitState } from '../store/state.ts';
import { instanceLines } from './describe-instance.ts';
import { nodeLines } from './describe-node.ts';
import { serviceLines } from './describe-service.ts';
import type { Line } from './line.ts';

/** Everything known of a node, an instance or a service, as lines of a page that scrolls. */
export function describeLines(state: CockpitState, target: DescribeTarget): Line[] {
  const { fleet } = state;
  if (target.kind === 'node') {
    const node = fleet.nodes.get(target.id);
    return node === undefined ? gone('node') : nodeLines(state, node);
  }
  if (target.kind === 'service') return serviceLines(state, target.id) ?? gone('service');
  const instance = fleet.instances.get(target.id);
  return instance === undefined ? gone('instance') : instanceLines(state, instance);
}

function gone(kind: string): Line[] {
  return [{ segments: [{ text: ` This ${kind} is gone. Esc goes back.`, tone: 'warn' }] }];
}
