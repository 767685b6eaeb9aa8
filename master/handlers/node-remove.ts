import { instanceCount } from '../../common/domain/instance-count.ts';
import { nodeNameOf } from '../../common/domain/instance-name.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { NodeRecord } from '../store/nodes.ts';
import type { HandlerDependencies } from './context.ts';

/**
 * Forgets a node that is not connected, and with `force` the instances on it: nobody can be asked to stop them any more. The
 * tokens that were bound to it go too.
 *
 * @throws SgridError `conflict` for one that is connected, or has instances and no `force`; `bad_request` for a name that
 * was not typed right.
 */
export async function removeNode(
  { fleet, events, authority, history, now }: HandlerDependencies,
  { nodeId, alias }: NodeRecord,
  { force, confirm }: { force: boolean; confirm: readonly string[] },
  actor: string,
): Promise<void> {
  if (fleet.isUp(nodeId)) {
    throw new SgridError('conflict', said`node ${nodeId} (${alias}) is connected`, {
      hint: said`drain it, remove its instances and stop its agent first, or it would register itself again`,
    });
  }
  const count = fleet.instancesOf(nodeId).length;
  if (count > 0 && !force) {
    throw new SgridError('conflict', said`node ${nodeId} (${alias}) has ${instanceCount(count)}`, {
      hint: said`remove them first; when its machine is lost, use force and type the alias of the node`,
    });
  }
  if (force && !confirm.includes(alias)) {
    throw new SgridError('unconfirmed', said`removing node ${nodeId} with force takes its alias, typed`, {
      hint: said`type ${alias} to confirm`,
    });
  }
  const { instanceIds, tokens } = await events.transaction(async (repositories, record) => {
    const { instances, nodes, rollouts, tokens: tokensOf } = repositories;
    const here = (await instances.list()).filter((each) => each.nodeId === nodeId);
    if (here.length > count) {
      throw new SgridError('conflict', said`node ${nodeId} (${alias}) has just been given an instance`, {
        hint: said`cordon it first`,
      });
    }
    for (const rollout of await rollouts.open()) {
      if (!rollout.steps.some((step) => step.nodeId === nodeId)) continue;
      throw new SgridError(
        'conflict',
        said`rollout ${rollout.rolloutId} has instances on node ${nodeNameOf({ alias }, nodeId)}`,
        {
          hint: said`wait until it has ended, or abort it`,
        },
      );
    }
    for (const { instanceId } of here) await instances.remove(instanceId);
    await tokensOf.revokeOfNode(nodeId, now());
    await nodes.remove(nodeId);
    const lost = here.length === 0 ? '' : said`, with ${instanceCount(here.length)} that may still run there`;
    await record({ kind: 'command', actor, nodeId, message: said`remove node ${nodeId} (${alias})${lost}` });
    return { instanceIds: here.map(({ instanceId }) => instanceId), tokens: await tokensOf.list() };
  });
  authority.load(tokens);
  for (const instanceId of instanceIds) fleet.removeInstance(instanceId);
  fleet.removeNode(nodeId);
  await history.removeNode(nodeId);
}
