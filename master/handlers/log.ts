import { toWireBytes } from '../../common/domain/bytes.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { nodeUnreachable } from '../relay.ts';
import type { CockpitHandlers, HandlerDependencies } from './context.ts';

/** Over what the node itself may take: the way there and back. */
const RELAY_MARGIN_MS = 5_000;

export function createLogHandlers({
  fleet,
  relay,
}: HandlerDependencies): CockpitHandlers<'log.read' | 'log.search' | 'log.runs' | 'log.files'> {
  const nodeOf = (instanceId: number): number => {
    const entry = fleet.instance(instanceId);
    if (entry === null) {
      throw new SgridError('not_found', said`there is no instance ${instanceId}`, {
        hint: said`list the instances`,
      });
    }
    const { nodeId } = entry.record;
    if (!fleet.isUp(nodeId)) throw nodeUnreachable(fleet.nodeName(nodeId));
    return nodeId;
  };
  return {
    async 'log.read'(read) {
      const timeoutMs = read.waitMs + RELAY_MARGIN_MS;
      const result = await relay.call(nodeOf(read.instanceId), 'log.read', read, { timeoutMs });
      return { ...result, data: toWireBytes(result.data) };
    },
    async 'log.search'(search) {
      const timeoutMs = search.maxMs + RELAY_MARGIN_MS;
      const result = await relay.call(nodeOf(search.instanceId), 'log.search', search, { timeoutMs });
      return { ...result, text: toWireBytes(result.text) };
    },
    'log.runs': ({ instanceId }) => relay.call(nodeOf(instanceId), 'log.runs', { instanceId }),
    'log.files': ({ instanceId }) => relay.call(nodeOf(instanceId), 'log.files', { instanceId }),
  };
}
