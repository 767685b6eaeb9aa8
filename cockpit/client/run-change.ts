import { type Rollout, rolloutOptionsSchema } from '../../common/domain/rollout.ts';
import { said } from '../../common/domain/said.ts';
import type { InstanceOutcome } from '../../common/protocol/cockpit-link.ts';
import { SgridError, toWireError } from '../../common/protocol/errors.ts';
import { count } from '../format/quantity.ts';
import type { Change, RestartRequest } from '../store/change.ts';
import type { ChangeResult } from '../store/tasks.ts';
import { callChange } from './change.ts';
import type { MasterClient } from './master-client.ts';
import { takeBack } from './take-back.ts';

/** Does what somebody said yes to. @throws SgridError of the master, or `timeout` where it may have been done */
export async function runChange(
  client: MasterClient,
  change: Change,
  hit: readonly number[],
): Promise<ChangeResult> {
  const instanceIds = [...hit];
  switch (change.kind) {
    case 'verb':
      return callChange(client, `instance.${change.verb}`, { instanceIds });
    case 'remove':
      return callChange(client, 'instance.remove', { instanceIds });
    case 'limit':
      return callChange(client, 'instance.limit', { instanceIds, limits: change.limits });
    case 'resolve':
      return callChange(client, 'instance.resolve', { instanceIds, how: change.how });
    case 'cordon': {
      const { nodeId, isCordoned } = change;
      await callChange(client, 'node.cordon', { nodeId, isCordoned });
      return {};
    }
    case 'drain': {
      const { confirm, ...request } = change.request;
      const { rollouts } = await callChange(client, 'node.drain', { ...request, confirm: [...confirm] });
      return { rollouts };
    }
    case 'replace-node':
      await callChange(client, 'node.replace', { nodeId: change.nodeId });
      return {};
    case 'remove-node': {
      const { nodeId, alias, confirm } = change;
      const force = instanceIds.length > 0;
      await callChange(client, 'node.remove', { nodeId, force, confirm: force ? [alias, ...confirm] : [] });
      return {};
    }
    case 'scale':
      return scale(client, change);
    case 'restart':
      return restart(client, change.requests, hit);
    case 'rollout':
      return begun((await callChange(client, 'rollout.create', change.request)).rollout);
    case 'rollout-control':
      await controlRollout(client, change);
      return {};
    case 'remove-releases':
      await callChange(client, 'release.remove', { releaseIds: [...change.releaseIds] });
      return {};
    case 'update-service':
      return begun((await callChange(client, 'service.update', { spec: change.spec })).rollout);
    case 'remove-service': {
      const { serviceName } = change;
      const force = instanceIds.length > 0;
      await callChange(client, 'service.remove', { serviceName, force, confirm: [serviceName] });
      return {};
    }
    case 'publish-config': {
      const { serviceName, action, message, instanceIds: only } = change.request;
      const { rollout } = await callChange(client, 'config.publish', {
        ...{ serviceName, action, message },
        ...(only === null ? {} : { instanceIds: [...only] }),
      });
      return begun(rollout);
    }
    case 'create-token': {
      const { name, role, isJoin, expiresInMs } = change;
      const { secret } = await callChange(client, 'token.create', { name, role, isJoin, expiresInMs });
      return { secret: { name, secret } };
    }
    case 'rotate-token': {
      const { secret } = await callChange(client, 'token.rotate', { name: change.name });
      return { secret: { name: change.name, secret } };
    }
    case 'revoke-token':
      await callChange(client, 'token.revoke', { name: change.name });
      return {};
  }
}

const begun = (rollout: Rollout | null): ChangeResult => (rollout === null ? {} : { rollouts: [rollout] });

function controlRollout(
  client: MasterClient,
  { rolloutId, what }: Change & { kind: 'rollout-control' },
): Promise<unknown> {
  switch (what) {
    case 'pause':
      return callChange(client, 'rollout.pause', { rolloutId });
    case 'resume':
      return callChange(client, 'rollout.resume', { rolloutId });
    case 'abort':
      return callChange(client, 'rollout.abort', { rolloutId });
    case 'roll-back':
      return callChange(client, 'rollout.abort', { rolloutId, rollback: true });
  }
}

/** What is refused of one service keeps no other from its restart; it is told with its instances. */
async function restart(
  client: MasterClient,
  requests: readonly RestartRequest[],
  hit: readonly number[],
): Promise<ChangeResult> {
  const rollouts: Rollout[] = [];
  const outcomes: InstanceOutcome[] = [];
  for (const request of requests) {
    const instanceIds = request.instanceIds.filter((id) => hit.includes(id));
    try {
      if (instanceIds.length > 1)
        rollouts.push((await callChange(client, 'rollout.create', { ...request, instanceIds })).rollout);
      else if (instanceIds.length === 1)
        outcomes.push(...(await callChange(client, 'instance.restart', { instanceIds })).outcomes);
    } catch (error) {
      const wire = toWireError(error);
      outcomes.push(...instanceIds.map((instanceId) => ({ instanceId, error: wire })));
    }
  }
  return { rollouts, ...(outcomes.length > 0 && { outcomes }) };
}

/** All of them or none: what was made before one is refused is taken away again. */
async function scale(
  client: MasterClient,
  { serviceName, places, limits, release }: Change & { kind: 'scale' },
): Promise<ChangeResult> {
  const made: number[] = [];
  try {
    for (const { nodeId, port } of places) {
      const request = { serviceName, nodeId, limits, ...(port !== null && { port }) };
      const { instance } = await callChange(client, 'instance.create', request);
      made.push(instance.instanceId);
    }
  } catch (error) {
    throw await takeBack(client, made, error);
  }
  if (release === null) return {};
  // From here on they are there to stay: a rollout can be begun again.
  const { releaseId, version } = release;
  try {
    const { rollout } = await callChange(client, 'rollout.create', {
      releaseId,
      instanceIds: made,
      message: `scale ${serviceName} by ${made.length}`,
      options: rolloutOptionsSchema.parse({ maxUnavailable: made.length }),
    });
    return begun(rollout);
  } catch (error) {
    const { code, message } = toWireError(error);
    throw new SgridError(code, said`${count(made.length, 'instance')} made, but not started: ${message}`, {
      hint: said`deploy ${version} on them`,
      cause: error,
    });
  }
}
