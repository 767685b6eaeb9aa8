import { SgridError } from '../../common/protocol/errors.ts';
import { type NodeRecord, noNode } from '../store/nodes.ts';
import type { CockpitHandlers, HandlerDependencies } from './context.ts';

export function createNodeHandlers({ fleet, events }: HandlerDependencies): CockpitHandlers<'node.replace'> {
  const demandNode = (nodeId: number): NodeRecord => {
    const node = fleet.node(nodeId);
    if (node === null) throw noNode(nodeId);
    return node;
  };
  return {
    'node.replace': async ({ nodeId }, { identity }) => {
      const { alias } = demandNode(nodeId);
      if (fleet.isUp(nodeId)) {
        throw new SgridError('conflict', `node ${nodeId} (${alias}) is connected`, {
          hint: 'stop the agent on the machine that is to give way, then try again',
        });
      }
      const node = await events.transaction(async ({ nodes }, record) => {
        const message = `replace node ${nodeId} (${alias}): the next agent that claims it has it`;
        await record({ kind: 'command', actor: identity.actor, nodeId, message });
        return nodes.change(nodeId, { isReplaceable: true });
      });
      fleet.putNode(node, fleet.isUp(nodeId));
      return {};
    },
  };
}
