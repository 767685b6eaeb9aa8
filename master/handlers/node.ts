import { said, word } from '../../common/domain/said.ts';
import { SgridError, toWireError } from '../../common/protocol/errors.ts';
import type { MasterEvent } from '../event-log.ts';
import { nodeUnreachable } from '../relay.ts';
import { type NodeChange, type NodeRecord, noNode } from '../store/nodes.ts';
import type { CockpitHandlers, HandlerDependencies } from './context.ts';
import { drainNode } from './node-drain.ts';
import { removeNode } from './node-remove.ts';

type Names = 'node.replace' | 'node.cordon' | 'node.update' | 'node.drain' | 'node.adopt' | 'node.remove';

export function createNodeHandlers(deps: HandlerDependencies): CockpitHandlers<Names> {
  const { fleet, events, commands, adoption } = deps;

  const demandNode = (nodeId: number): NodeRecord => {
    const node = fleet.node(nodeId);
    if (node === null) throw noNode(nodeId);
    return node;
  };

  const change = async (
    nodeId: number,
    what: NodeChange,
    event: Pick<MasterEvent, 'message' | 'actor'>,
  ): Promise<void> => {
    const changed = await events.transaction(async ({ nodes }, record) => {
      await record({ kind: 'command', nodeId, ...event });
      return nodes.change(nodeId, what);
    });
    // Of when it was last seen, the memory is ahead of the database.
    const lastSeenAt = fleet.node(nodeId)?.lastSeenAt ?? changed.lastSeenAt;
    fleet.putNode({ ...changed, lastSeenAt }, fleet.isUp(nodeId));
  };

  const cordon = async (node: NodeRecord, isCordoned: boolean, actor: string): Promise<void> => {
    if (node.isCordoned === isCordoned) return;
    const message = isCordoned
      ? said`cordon node ${node.nodeId} (${node.alias})`
      : said`uncordon node ${node.nodeId} (${node.alias})`;
    await change(node.nodeId, { isCordoned }, { actor, message });
  };

  return {
    'node.replace': async ({ nodeId }, { identity: { actor } }) => {
      const { alias } = demandNode(nodeId);
      if (fleet.isUp(nodeId)) {
        throw new SgridError('conflict', said`node ${nodeId} (${alias}) is connected`, {
          hint: said`stop the agent on the machine that is to give way, then try again`,
        });
      }
      const message = said`replace node ${nodeId} (${alias}): the next agent that claims it has it`;
      await change(nodeId, { isReplaceable: true }, { actor, message });
      return {};
    },

    'node.cordon': async ({ nodeId, isCordoned }, { identity }) => {
      await cordon(demandNode(nodeId), isCordoned, identity.actor);
      return {};
    },

    'node.update': async ({ nodeId, outerAddress }, { identity: { actor } }) => {
      const { alias } = demandNode(nodeId);
      const message = said`outer address of node ${nodeId} (${alias}): ${outerAddress || word('none')}`;
      await change(nodeId, { outerAddress }, { actor, message });
      return {};
    },

    'node.drain': async (request, { identity }) => {
      const node = demandNode(request.nodeId);
      if (!fleet.isUp(node.nodeId)) throw nodeUnreachable(fleet.nodeName(node.nodeId));
      return drainNode(deps, node, request, identity.actor);
    },

    'node.adopt': async ({ nodeId, dryRun }, { identity }) => {
      demandNode(nodeId);
      if (!fleet.isUp(nodeId)) throw nodeUnreachable(fleet.nodeName(nodeId));
      const outcomes = await adoption.adopt(nodeId, identity.actor, dryRun);
      for (const { record } of outcomes) if (record !== null) await commands.introduce(record);
      return {
        instances: outcomes.map(({ held, lost, error }) => ({
          instanceId: held.instanceId,
          serviceName: held.spec.name,
          host: held.host,
          port: held.port,
          version: held.release?.version ?? null,
          desired: held.desired,
          lostFiles: lost,
          error: error === null ? null : toWireError(error),
        })),
      };
    },

    'node.remove': async (request, { identity }) => {
      await removeNode(deps, demandNode(request.nodeId), request, identity.actor);
      return {};
    },
  };
}
