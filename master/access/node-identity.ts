import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { AgentHello } from '../../common/protocol/handshake.ts';
import type { NodeRecord } from '../store/nodes.ts';

type KnownNode = Pick<NodeRecord, 'nodeId' | 'agentId' | 'machineId' | 'isReplaceable' | 'alias'>;

/** Whether this agent, on this machine, is the one that the node is known by. */
export function isKnownAgent(
  node: Pick<KnownNode, 'agentId' | 'machineId'>,
  { agentId, machineId }: Pick<AgentHello, 'agentId' | 'machineId'>,
): boolean {
  if (node.agentId !== agentId) return false;
  return node.machineId === '' || machineId === '' || node.machineId === machineId;
}

/**
 * Holds a node to the agent that it is known by, also while that is away: whoever takes a node over gets copies of all of
 * its instances.
 *
 * @param node null for one that nobody has registered yet: the first to come has it.
 * @throws SgridError `identity_taken`
 */
export function demandNodeIdentity(
  node: KnownNode | null,
  hello: Pick<AgentHello, 'agentId' | 'machineId'>,
): void {
  if (node === null || node.isReplaceable || isKnownAgent(node, hello)) return;
  const what =
    node.agentId === hello.agentId
      ? 'this is a copy of the state directory of its agent, on another machine'
      : 'it belongs to another agent';
  throw new SgridError('identity_taken', said`node ${node.nodeId} is "${node.alias}" already: ${what}`, {
    hint: said`give this agent another nodeIndex and a state directory of its own; if its machine was really replaced, allow it with "sgrid node replace ${node.nodeId}"`,
  });
}
