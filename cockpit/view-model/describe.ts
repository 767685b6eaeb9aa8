import type { DescribeTarget } from '../store/described.ts';
import type { CockpitState } from '../store/state.ts';
import { instanceLines } from './describe-instance.ts';
import { nodeLines } from './describe-node.ts';
import { serviceLines } from './describe-service.ts';
import type { Line } from './line.ts';

/** Everything known of a node, an instance or a service, as lines of a page that scrolls. */
export function describeLines(state: CockpitState, target: DescribeTarget): Line[] {
  const { fleet, t } = state;
  if (target.kind === 'node') {
    const node = fleet.nodes.get(target.id);
    return node === undefined ? gone(t('This node is gone. Esc goes back.')) : nodeLines(state, node);
  }
  if (target.kind === 'service')
    return serviceLines(state, target.id) ?? gone(t('This service is gone. Esc goes back.'));
  const instance = fleet.instances.get(target.id);
  return instance === undefined
    ? gone(t('This instance is gone. Esc goes back.'))
    : instanceLines(state, instance);
}

function gone(text: string): Line[] {
  return [{ segments: [{ text: ` ${text}`, tone: 'warn' }] }];
}
