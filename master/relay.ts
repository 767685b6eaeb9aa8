import type { NodeNames } from '../common/domain/instance-name.ts';
import { said } from '../common/domain/said.ts';
import { agentLink, type MasterToAgent } from '../common/protocol/agent-link.ts';
import { readReply } from '../common/protocol/bind.ts';
import type { PayloadInput, RequestName, Result } from '../common/protocol/define.ts';
import { SgridError } from '../common/protocol/errors.ts';

/** The part of the agents' Socket.IO namespace that relaying needs. */
export interface AgentRooms {
  to(room: string): {
    timeout(ms: number): { emitWithAck(event: string, payload: unknown): Promise<unknown[]> };
  };
}

/** Sends requests to agents by the room of their node, never by a socket: it may be another server's (cluster adapter). */
export interface Relay {
  /**
   * @throws SgridError the agent's own; `node_unreachable` when nobody is in the room; `disconnected` at once when
   * the node's link goes down while waiting; `timeout`.
   */
  call<N extends RequestName<MasterToAgent>>(
    nodeId: number,
    name: N,
    payload: PayloadInput<MasterToAgent, N>,
    options?: { timeoutMs?: number },
  ): Promise<Result<MasterToAgent, N>>;
  /** The node's link is gone: ends every call that waits for it. */
  nodeLost(nodeId: number): void;
  /** Calls that wait for an answer. */
  waiting(): number;
  close(): void;
}

export function nodeRoom(nodeId: number): string {
  return `node:${nodeId}`;
}

/** @param nodeName what people call it */
export function nodeUnreachable(nodeName: string): SgridError {
  return new SgridError('node_unreachable', said`node ${nodeName} is not connected`, {
    hint: said`its services go on running; check the agent on that machine (sgridnode) and its way to the master`,
  });
}

/** @param onSettled told of each request, when it was answered or failed. */
export function createRelay(
  agents: AgentRooms,
  nodeName: NodeNames,
  onSettled: (name: string, result: 'ok' | 'failed', seconds: number) => void = () => {},
): Relay {
  const waiting = new Map<number, Set<(error: SgridError) => void>>();

  const interrupted = (nodeId: number): { promise: Promise<never>; forget: () => void } => {
    const { promise, reject } = Promise.withResolvers<never>();
    const rejects = waiting.get(nodeId) ?? new Set();
    waiting.set(nodeId, rejects.add(reject));
    return {
      promise,
      forget() {
        rejects.delete(reject);
        if (rejects.size === 0 && waiting.get(nodeId) === rejects) waiting.delete(nodeId);
      },
    };
  };

  const nodeLost = (nodeId: number): void => {
    const rejects = waiting.get(nodeId);
    waiting.delete(nodeId);
    for (const reject of rejects ?? []) {
      reject(
        new SgridError(
          'disconnected',
          said`the link to node ${nodeName(nodeId)} went down while waiting for its answer`,
          {
            hint: said`it may have taken effect; look again when the node is back`,
          },
        ),
      );
    }
  };

  return {
    async call<N extends RequestName<MasterToAgent>>(
      nodeId: number,
      name: N,
      payload: PayloadInput<MasterToAgent, N>,
      options: { timeoutMs?: number } = {},
    ): Promise<Result<MasterToAgent, N>> {
      const definition = agentLink.toClient[name];
      const timeoutMs = options.timeoutMs ?? definition.timeoutMs;
      const interruption = interrupted(nodeId);
      const beganAt = performance.now();
      let result: 'ok' | 'failed' = 'failed';
      const answering = agents.to(nodeRoom(nodeId)).timeout(timeoutMs).emitWithAck(name, payload);
      const answers = answering.catch((cause: unknown) => {
        throw new SgridError(
          'timeout',
          said`node ${nodeName(nodeId)} has not answered ${name} within ${timeoutMs / 1000} s`,
          {
            cause,
          },
        );
      });
      try {
        const [answer] = await Promise.race([answers, interruption.promise]);
        if (answer === undefined) throw nodeUnreachable(nodeName(nodeId));
        const value = readReply(name, definition, answer) as Result<MasterToAgent, N>;
        result = 'ok';
        return value;
      } finally {
        onSettled(name, result, (performance.now() - beganAt) / 1000);
        // The loser of the race may still fail, with nobody left to hear it.
        answers.catch(() => {});
        interruption.forget();
      }
    },
    nodeLost,
    waiting: () => [...waiting.values()].reduce((sum, rejects) => sum + rejects.size, 0),
    close() {
      for (const nodeId of [...waiting.keys()]) nodeLost(nodeId);
    },
  };
}
