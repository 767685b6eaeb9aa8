import type { InstanceView } from '../../../common/domain/instance.ts';
import type { NodeView } from '../../../common/domain/node.ts';

/** Those that are known to run: of a node that is down nobody knows. */
export function countRunning(instances: readonly InstanceView[], nodes: readonly NodeView[]): number {
  const up = new Set(nodes.filter(({ link }) => link === 'up').map(({ nodeId }) => nodeId));
  return instances.filter(({ status, nodeId }) => status?.state === 'running' && up.has(nodeId)).length;
}
