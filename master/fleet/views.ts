import type { Assignment, InstanceStatus, InstanceView } from '../../common/domain/instance.ts';
import { instanceNameOf, type NodeNames } from '../../common/domain/instance-name.ts';
import type { NodeView } from '../../common/domain/node.ts';
import type { InstanceRecord } from '../store/instance-record.ts';
import type { NodeRecord } from '../store/nodes.ts';

export function toNodeView(node: NodeRecord, link: NodeView['link']): NodeView {
  const { agentId: _agent, machineId: _machine, isReplaceable: _replaceable, ...view } = node;
  return { ...view, link };
}

export function toInstanceView(record: InstanceRecord, status: InstanceStatus | null): InstanceView {
  const { instanceId, serviceId, spec, nodeId, host, port, limits, desired, revision, release } = record;
  const { name, group, type } = spec;
  return {
    instanceId,
    serviceId,
    serviceName: name,
    group,
    type,
    nodeId,
    host,
    port,
    limits,
    desired,
    revision,
    release,
    status: status === null ? null : withKnownRelease(status, release),
  };
}

/** An instance that was taken over runs a release which its node knows by the number of another database. */
function withKnownRelease(status: InstanceStatus, release: InstanceRecord['release']): InstanceStatus {
  const { release: reported } = status;
  const isSame = reported?.version === release?.version && reported?.sha256 === release?.sha256;
  return isSame && reported?.releaseId !== release?.releaseId ? { ...status, release } : status;
}

/** What its node is told of an instance. */
export function toAssignment(record: InstanceRecord): Assignment {
  const { nodeId: _node, removing: _removing, nextConfig: _next, heldLaunch: _held, ...rest } = record;
  const { config, ...assignment } = rest;
  return config === null ? assignment : { ...assignment, config };
}

/** `web@beta:8080`: how audit events and errors name an instance, as people do. */
export function instanceLabel({ spec, nodeId, port }: InstanceRecord, nodeName: NodeNames): string {
  return instanceNameOf({ serviceName: spec.name, nodeId, port }, nodeName);
}
