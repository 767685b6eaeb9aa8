import { instanceCount } from '../../common/domain/instance-count.ts';
import { said } from '../../common/domain/said.ts';
import type { Service } from '../../common/domain/service.ts';
import { describeError, SgridError } from '../../common/protocol/errors.ts';
import { AuditedError } from '../control/audited-error.ts';
import type { HandlerDependencies } from './context.ts';

/**
 * Removes a service with these instances, its releases and their packages. Instances that cannot be removed keep it.
 *
 * @throws SgridError `conflict`, naming what is in the way.
 */
export async function removeService(
  { events, commands, packages, store, background }: HandlerDependencies,
  { serviceId, name }: Service,
  instanceIds: readonly number[],
  actor: string,
): Promise<void> {
  const instances = instanceIds.length === 0 ? '' : said` with its instances ${instanceIds.join(', ')}`;
  const event = {
    ...{ eventId: events.newEventId(), kind: 'command' as const, actor, serviceId },
    message: said`remove service ${name}${instances}`,
  };
  const outcomes = await commands.run('remove', instanceIds, actor, event);
  const failed = outcomes.filter(({ error }) => error !== null);
  if (failed.length > 0) {
    const list = failed.map(({ instanceId, error }) => `${instanceId}: ${describeError(error)}`).join('; ');
    await events.settle({ ...event, result: 'failed', message: said`${event.message}: it stays; ${list}` });
    throw new AuditedError(
      'conflict',
      said`"${name}" stays, since instances of it could not be removed: ${list}`,
      {
        hint: said`try again when their nodes are back, or remove those nodes`,
      },
    );
  }
  const sha256s = await events.transaction(async (repositories, record) => {
    const left = (await repositories.instances.list()).filter((each) => each.serviceId === serviceId);
    if (left.length > 0) {
      throw new SgridError(
        'conflict',
        said`"${name}" has ${instanceCount(left.length)} still to be removed`,
        {
          hint: said`they go when their nodes are connected`,
        },
      );
    }
    const open = (await repositories.rollouts.open()).find((rollout) => rollout.serviceId === serviceId);
    if (open !== undefined) {
      throw new SgridError('conflict', said`rollout ${open.rolloutId} of "${name}" has not ended`, {
        hint: said`wait until it has, or abort it`,
      });
    }
    const releases = await repositories.releases.list(serviceId);
    await repositories.services.remove(serviceId);
    // Where it had instances, it is there since the first of them went.
    await record(event);
    return releases.map(({ sha256 }) => sha256);
  });
  // What a crash leaves here is swept at the next start.
  background.run(`dropping the packages of ${name}`, () =>
    packages.dropUnused(sha256s, store.releases.hasPackage),
  );
}
