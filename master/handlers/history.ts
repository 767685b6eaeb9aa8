import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { CockpitHandlers, HandlerDependencies } from './context.ts';

export function createHistoryHandlers({
  fleet,
  history,
}: HandlerDependencies): CockpitHandlers<'history.read'> {
  /** Where a series lies. */
  const placeOf = (
    request: { nodeId: number } | { instanceId: number },
  ): { nodeId: number; instanceId: number | null } => {
    if ('nodeId' in request) {
      if (fleet.node(request.nodeId) !== null) return { nodeId: request.nodeId, instanceId: null };
      throw new SgridError('not_found', said`there is no node ${request.nodeId}`, {
        hint: said`list the nodes`,
      });
    }
    const { instanceId } = request;
    const entry = fleet.instance(instanceId);
    if (entry !== null) return { nodeId: entry.record.nodeId, instanceId };
    throw new SgridError('not_found', said`there is no instance ${instanceId}`, {
      hint: said`list the instances`,
    });
  };
  return {
    'history.read': (request) => {
      const { from, to, points } = request;
      return history.read({ ...placeOf(request), from, to, points });
    },
  };
}
