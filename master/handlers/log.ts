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
    if (!fleet.isUp(nodeId)) throw nodeUnreachable(nodeId);
    return nodeId;
  };
  return {
    'log.read': (read) =>
      relay.call(nodeOf(read.instanceId), 'log.read', read, { timeoutMs: read.waitMs + RELAY_MARGIN_MS }),
    'log.search': (search) =>
      relay.call(nodeOf(search.instanceId), 'log.search', search, {
        timeoutMs: search.maxMs + RELAY_MARGIN_MS,
      }),
    'log.runs': ({ instanceId }) => relay.call(nodeOf(instanceId), 'log.runs', { instanceId }),
    'log.files': ({ instanceId }) => relay.call(nodeOf(instanceId), 'log.files', { instanceId }),
  };
}
