import { type ConfigRef, describeConfigAction } from '../../common/domain/config-file.ts';
import { instanceCount } from '../../common/domain/instance-count.ts';
import { english, inBrackets, said } from '../../common/domain/said.ts';
import type { Service } from '../../common/domain/service.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { collectFiles, filesFor, planFor } from '../config-files/publication.ts';
import { beginRestart } from '../control/restart-begin.ts';
import type { InstanceEntry } from '../fleet/fleet-model.ts';
import type { InstanceRecord } from '../store/instance-record.ts';
import type { InstanceChange } from '../store/instances.ts';
import { deliveryOf } from './config-delivery.ts';
import type { CockpitHandlers, HandlerDependencies } from './context.ts';

const KEPT_PUBLICATIONS = 100;

export function createConfigPublishHandlers(
  deps: HandlerDependencies,
): CockpitHandlers<'config.publish' | 'config.status'> {
  const { store, fleet, events, rollouts, configs, keyring, now } = deps;

  const instancesOf = ({ serviceId }: Service): InstanceEntry[] =>
    [...fleet.instances()].filter(({ record }) => record.serviceId === serviceId && !record.removing);

  return {
    'config.publish': async (request, { identity }) => {
      const { serviceName, instanceIds, action, options, message, force, dryRun } = request;
      const service = await store.services.byName(serviceName);
      const { serviceId } = service;
      if (action.kind === 'signal' && service.dockerName !== undefined) {
        throw new SgridError(
          'bad_request',
          said`"${serviceName}" is a container: it has no process of ours to signal`,
          {
            hint: said`publish with a restart`,
          },
        );
      }
      const targets = chosen(service, instancesOf(service), instanceIds);
      const { actor } = identity;
      const result = await events.transaction(async (repositories, record) => {
        const files = await collectFiles(repositories, keyring, serviceId, force);
        const planned = (revision: number) =>
          targets.map((entry) => {
            const { instanceId } = entry.record;
            return { instanceId, ...planFor(entry, revision, filesFor(files, instanceId), action) };
          });
        const effects = planned(1);
        for (const { instanceId, effect } of effects)
          if (effect === 'restart') rollouts.demandIdle(instanceId);
        const base = filesFor(files, null);
        if (dryRun) return { publication: null, changed: [], effects, rollout: null };
        const isWhole = instanceIds === undefined;
        const publication = await repositories.configs.publish(
          { serviceId, actor, at: now(), message, action, isWhole, files: base },
          KEPT_PUBLICATIONS,
        );
        const changed: InstanceRecord[] = [];
        const rolling = new Set(
          effects.filter(({ effect }) => effect === 'restart').map(({ instanceId }) => instanceId),
        );
        for (const { instanceId, change } of planned(publication.revision)) {
          // On a node that is away it comes with the restart, at its return.
          const isAway = !fleet.isUp(fleet.instance(instanceId)?.record.nodeId ?? 0);
          if (isAway) rolling.delete(instanceId);
          const made = isAway && change.nextConfig ? atOnce(change.nextConfig) : change;
          changed.push(await repositories.instances.change(instanceId, made));
        }
        const touched = effects.filter(({ effect }) => effect !== 'unchanged').length;
        await record({
          kind: 'command',
          actor,
          serviceId,
          message: said`publish config ${publication.revision} of ${serviceName} to ${instanceCount(targets.length)}, ${touched} of them with changes, then ${describeConfigAction(action)}${inBrackets(message)}`,
        });
        const why = `config ${publication.revision}${english(inBrackets(message))}`;
        const order = { serviceId, actor, message: why, startedAt: now() };
        const rollout = await beginRestart(
          repositories,
          record,
          fleet.nodeName,
          targets.filter((entry) => rolling.has(entry.record.instanceId)),
          { ...order, options: { ...options, minReadyMs: options.minReadyMs ?? deps.minReadyMs } },
        );
        return { publication, changed, effects, rollout };
      });
      for (const record of result.changed) fleet.putInstance(record);
      if (result.rollout !== null) rollouts.start(result.rollout);
      configs.wake(serviceId);
      const instances = result.effects.map(({ instanceId, effect }) => ({ instanceId, effect }));
      return { publication: result.publication, instances, rollout: result.rollout };
    },

    'config.status': async ({ serviceName }) => {
      const service = await store.services.byName(serviceName);
      const last = await store.configs.lastPublication(service.serviceId, 'any');
      const { files: _, ...publication } = last ?? { files: [] };
      return {
        publication: 'revision' in publication ? publication : null,
        deliveries: instancesOf(service)
          .map((entry) => deliveryOf(entry, fleet.isUp(entry.record.nodeId)))
          .sort((one, other) => one.instanceId - other.instanceId),
      };
    },
  };
}

/** A restart that nobody has to wait for. */
function atOnce(config: ConfigRef): InstanceChange {
  return { config, nextConfig: null, restart: true };
}

function chosen(
  { name }: Service,
  entries: readonly InstanceEntry[],
  instanceIds: readonly number[] | undefined,
): readonly InstanceEntry[] {
  if (instanceIds === undefined) return entries;
  const byId = new Map(entries.map((entry) => [entry.record.instanceId, entry]));
  return [...new Set(instanceIds)].map((instanceId) => {
    const entry = byId.get(instanceId);
    if (entry !== undefined) return entry;
    throw new SgridError('not_found', said`"${name}" has no instance ${instanceId}`, {
      hint: said`list the instances`,
    });
  });
}
