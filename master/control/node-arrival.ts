import { said } from '../../common/domain/said.ts';
import type { AgentHello } from '../../common/protocol/handshake.ts';
import type { Authority } from '../access/authority.ts';
import type { Background } from '../background.ts';
import type { EventLog } from '../event-log.ts';
import type { FleetModel } from '../fleet/fleet-model.ts';
import type { Relay } from '../relay.ts';

/** What follows when the connection of a node's agent comes about, or ends. */
export interface NodeArrival {
  /** The token is this node's from now on. @throws SgridError `forbidden` when another node was first. */
  bindToken(name: string, hello: AgentHello): Promise<void>;
  /** Its connection is gone, or has been replaced by another one of its own. */
  onLost(hello: AgentHello, replaced: boolean): void;
}

export function createNodeArrival(deps: {
  authority: Authority;
  fleet: FleetModel;
  relay: Pick<Relay, 'nodeLost'>;
  events: EventLog;
  background: Background;
  now: () => number;
  /** The master ends: that takes every node's connection, and is no loss. */
  isClosing: () => boolean;
}): NodeArrival {
  const { authority, fleet, relay, events, background, now, isClosing } = deps;
  return {
    async bindToken(name, { nodeId, alias }) {
      const tokens = await events.transaction(async (repositories, record) => {
        await repositories.tokens.bind(name, nodeId);
        const message = said`node ${nodeId} (${alias}) joined with the token ${name}, which is its own from now on`;
        await record({ kind: 'node.joined', actor: name, nodeId, message });
        return repositories.tokens.list();
      });
      authority.load(tokens);
    },
    onLost({ nodeId, alias }, replaced) {
      relay.nodeLost(nodeId);
      const record = fleet.node(nodeId);
      if (record === null || replaced || isClosing()) return;
      fleet.putNode({ ...record, lastSeenAt: now() }, false);
      background.run(`noting the loss of node ${nodeId}`, async () => {
        await events.transaction(async ({ nodes }, record) => {
          await nodes.saw([nodeId], now());
          await record({
            kind: 'node.lost',
            result: 'failed',
            nodeId,
            message: said`node ${nodeId} (${alias}) lost`,
          });
        });
      });
    },
  };
}
