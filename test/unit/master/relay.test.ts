import { expect, test } from 'vitest';
import { type AgentRooms, createRelay } from '../../../master/relay.ts';

const relayTo = (answers: () => Promise<unknown[]>) => {
  const agents: AgentRooms = { to: () => ({ timeout: () => ({ emitWithAck: answers }) }) };
  return createRelay(agents, (nodeId) => `n${nodeId}`);
};

test('what became of a request is told with the name of its node', async () => {
  const silent = relayTo(() => new Promise<never>(() => {}));
  const lost = silent.call(7, 'node.ping', {});
  silent.nodeLost(7);
  await expect(lost).rejects.toMatchObject({
    code: 'disconnected',
    message: 'the link to node n7 went down while waiting for its answer',
  });
  const late = relayTo(() => Promise.reject(new Error('operation has timed out')));
  await expect(late.call(7, 'node.ping', {}, { timeoutMs: 3_000 })).rejects.toMatchObject({
    code: 'timeout',
    message: 'node n7 has not answered node.ping within 3 s',
  });
  const nobody = relayTo(async () => []);
  await expect(nobody.call(7, 'node.ping', {})).rejects.toMatchObject({
    code: 'node_unreachable',
    message: 'node n7 is not connected',
  });
});
