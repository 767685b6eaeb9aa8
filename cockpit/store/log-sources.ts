import type { InstanceView } from '../../common/domain/instance.ts';
import type { NodeView } from '../../common/domain/node.ts';
import { instanceWords, nodeWords } from '../format/fleet-words.ts';
import type { LogSourceSpec } from './log-view-spec.ts';

/** More logs at once than anybody can read, and each keeps a question open at its node. */
export const MAX_MERGED_LOGS = 32;

/** The logs of instances. In merged ones a label stands before each line, so it is as short as tells them apart. */
export function logSources(
  instances: readonly InstanceView[],
  nodes: ReadonlyMap<number, NodeView>,
): LogSourceSpec[] {
  const full = (instance: InstanceView): string => instanceWords(instance, nodes);
  const onNode = (instance: InstanceView): string =>
    `${instance.serviceName}@${nodeWords(nodes.get(instance.nodeId), instance.nodeId)}`;
  const service = ({ serviceName }: InstanceView): string => serviceName;
  const isOne = instances.length === 1;
  const labelOf = isOne
    ? full
    : ([service, onNode].find((words) => new Set(instances.map(words)).size === instances.length) ?? full);
  return instances.map((instance) => ({
    instanceId: instance.instanceId,
    file: 'stdout',
    label: labelOf(instance),
  }));
}
