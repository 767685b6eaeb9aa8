import { instanceCount } from '../../common/domain/instance-count.ts';
import { said } from '../../common/domain/said.ts';
import {
  launchSpecOf,
  type Service,
  type ServiceSpec,
  serviceSpecSchema,
} from '../../common/domain/service.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { mapBounded } from '../background.ts';
import { demandOwnPorts } from '../control/port-use.ts';
import { beginRestart } from '../control/restart-begin.ts';
import {
  changedFields,
  demandKnownDependencies,
  demandSoundSpec,
  effectOf,
} from '../control/service-update.ts';
import type { InstanceEntry } from '../fleet/fleet-model.ts';
import type { InstanceRecord } from '../store/instance-record.ts';
import type { CockpitHandlers, HandlerDependencies } from './context.ts';
import { removeService } from './service-remove.ts';

/** Nodes that are told of a change at the same time. */
const AT_ONCE = 16;

type Names = 'service.list' | 'service.create' | 'service.update' | 'service.remove';

export function createServiceHandlers(deps: HandlerDependencies): CockpitHandlers<Names> {
  const { store, fleet, events, commands, rollouts, releaseRemoval, background, minReadyMs, now } = deps;

  const instancesOf = ({ serviceId }: Service): InstanceEntry[] =>
    [...fleet.instances()].filter(({ record }) => record.serviceId === serviceId && !record.removing);

  /** What applies to programs as they run. Those that are to be started anew hold what they were started with. */
  const tellAll = (service: Service, changed: readonly InstanceRecord[]): void =>
    background.run(`updating the instances of ${service.name}`, () =>
      mapBounded(changed, AT_ONCE, (record) => commands.introduce(record)).then(() => {}),
    );

  return {
    'service.list': async () => ({ services: await store.services.list() }),

    'service.create': async ({ spec }, { identity }) => {
      const service = await events.transaction(async ({ services }, record) => {
        const others = await services.list();
        demandSoundSpec(spec, others);
        demandKnownDependencies(spec, null, others);
        const created = await services.create(spec, now());
        await record({
          kind: 'command',
          actor: identity.actor,
          message: said`create service ${created.name} (${created.type})`,
          serviceId: created.serviceId,
        });
        return created;
      });
      return { service };
    },

    'service.update': async ({ spec, options, dryRun }, { identity: { actor } }) => {
      const known = await store.services.byName(spec.name);
      const all = await store.services.list();
      demandSoundSpec(spec, all);
      demandKnownDependencies(spec, known, all);
      if (JSON.stringify(spec.ports) !== JSON.stringify(known.ports)) demandOwnPorts(fleet, spec, all);
      const fields = changedFields(specOf(known), spec);
      if (fields.length === 0) return { service: known, instances: [], rollout: null };
      const entries = instancesOf(known);
      const effects = entries.map(({ record }) => ({
        instanceId: record.instanceId,
        effect: effectOf(record, spec),
      }));
      if (dryRun) return { service: { ...known, ...spec }, instances: effects, rollout: null };
      for (const { instanceId } of effects) rollouts.demandIdle(instanceId);
      const restarts = entries.filter(({ record }) => effectOf(record, spec) === 'restart');
      const why = said`${fields.join(', ')}; restarts: ${restarts.length} of ${instanceCount(effects.length)}`;
      const done = await events.transaction(async (repositories, record) => {
        demandSoundSpec(spec, await repositories.services.list());
        const service = await repositories.services.update(spec);
        const { serviceId } = service;
        const message = said`update service ${spec.name}: ${why}`;
        await record({ kind: 'command', actor, message, serviceId });
        // One on a node that is away is restarted at its return, where nothing of it is lost by that.
        const rolling = restarts.filter((entry) => fleet.isUp(entry.record.nodeId));
        const changed: InstanceRecord[] = [];
        for (const entry of entries) {
          const heldLaunch = rolling.includes(entry) ? launchSpecOf(entry.record.spec) : null;
          changed.push(await repositories.instances.change(entry.record.instanceId, { heldLaunch }));
        }
        const order = { serviceId, actor, message: `update: ${fields.join(', ')}`, startedAt: now() };
        const chosen = { ...options, minReadyMs: options.minReadyMs ?? minReadyMs };
        const rollout = await beginRestart(repositories, record, fleet.nodeName, rolling, {
          ...order,
          options: chosen,
        });
        return { service, changed, rollout };
      });
      for (const record of done.changed) fleet.putInstance(record);
      if (done.rollout !== null) rollouts.start(done.rollout);
      background.run(`pruning the releases of ${spec.name}`, () => releaseRemoval.prune(spec.name));
      tellAll(done.service, done.changed);
      return { service: done.service, instances: effects, rollout: done.rollout };
    },

    'service.remove': async (request, { identity }) => {
      const service = await store.services.byName(request.serviceName);
      demandTypedName(service, request);
      const instanceIds = instancesOf(service).map(({ record }) => record.instanceId);
      if (instanceIds.length > 0 && !request.force) {
        throw new SgridError('conflict', said`"${service.name}" has ${instanceCount(instanceIds.length)}`, {
          hint: said`remove them first, or use force and type the name of the service`,
        });
      }
      await removeService(deps, service, instanceIds, identity.actor);
      return {};
    },
  };
}

function demandTypedName(
  { name }: Service,
  { force, confirm }: { force: boolean; confirm: readonly string[] },
): void {
  if (!force || confirm.includes(name)) return;
  throw new SgridError('unconfirmed', said`removing "${name}" with its instances takes its name, typed`, {
    hint: said`type it to confirm: --confirm ${name}`,
  });
}

/** Without what the database adds. */
function specOf(service: Service): ServiceSpec {
  return serviceSpecSchema.parse(service);
}
