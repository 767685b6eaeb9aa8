import { SgridError } from '../../common/protocol/errors.ts';
import { nodeUnreachable } from '../relay.ts';
import type { CockpitHandlers, HandlerDependencies } from './context.ts';

/** Over the long poll's own time: the way to the node and back. */
const RELAY_MARGIN_MS = 5_000;

export function createLogHandlers({
  fleet,
  relay,
}: HandlerDependencies): CockpitHandlers<'log.read' | 'log.files'> {
  const nodeOf = (instanceId: number): number => {
    const entry = fleet.instance(instanceId);
    if (entry === null) {
      throw new SgridError('not_found', `there is no instance ${instanceId}`, { hint: 'list the instances' });
    }
    const { nodeId } = entry.record;
    if (!fleet.isUp(nodeId)) throw nodeUnreachable(nodeId);
    return nodeId;
  };
  return {
    'log.read': (read) =>
      relay.call(nodeOf(read.instanceId), 'log.read', read, { timeoutMs: read.waitMs + RELAY_MARGIN_MS }),
    'log.files': ({ instanceId }) => relay.call(nodeOf(instanceId), 'log.files', { instanceId }),
  };
}
