import { type Service, type ServiceSpec, serviceSpecSchema } from '../../common/domain/service.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { changedFields, demandSoundSpec, effectOf } from '../control/service-update.ts';
import type { InstanceEntry } from '../fleet/fleet-model.ts';
import type { InstanceRecord } from '../store/instances.ts';
import type { CockpitHandlers, HandlerDependencies } from './context.ts';
import { removeService } from './service-remove.ts';

type Names = 'service.list' | 'service.create' | 'service.update' | 'service.remove';

export function createServiceHandlers(deps: HandlerDependencies): CockpitHandlers<Names> {
  const { store, fleet, events, commands, rollouts, releaseRemoval, background, now } = deps;

  const instancesOf = ({ serviceId }: Service): InstanceEntry[] =>
    [...fleet.instances()].filter(({ record }) => record.serviceId === serviceId && !record.removing);

  /** One after another, so that a service does not go away as a whole; those that go on running first. */
  const applyInTurn = (service: Service, changed: readonly InstanceRecord[]): void =>
    background.run(`updating the instances of ${service.name}`, async () => {
      for (const record of changed) await commands.introduce(record);
    });

  return {
    'service.list': async () => ({ services: await store.services.list() }),

    'service.create': async ({ spec }, { identity }) => {
      const service = await events.transaction(async ({ services }, record) => {
        demandSoundSpec(spec, await services.list());
        const created = await services.create(spec, now());
        await record({
          kind: 'command',
          actor: identity.actor,
          message: `create service ${created.name} (${created.type})`,
          serviceId: created.serviceId,
        });
        return created;
      });
      return { service };
    },

    'service.update': async ({ spec, dryRun }, { identity }) => {
      const known = await store.services.byName(spec.name);
      demandSoundSpec(spec, await store.services.list());
      const fields = changedFields(specOf(known), spec);
      if (fields.length === 0) return { service: known, instances: [] };
      const effects = instancesOf(known).map(({ record }) => ({
        instanceId: record.instanceId,
        effect: effectOf(record, spec),
      }));
      if (dryRun) return { service: { ...known, ...spec }, instances: effects };
      for (const { instanceId } of effects) rollouts.demandIdle(instanceId);
      const { service, changed } = await events.transaction(async ({ services, instances }, record) => {
        demandSoundSpec(spec, await services.list());
        const updated = await services.update(spec);
        const records: InstanceRecord[] = [];
        for (const { instanceId } of effects) records.push(await instances.change(instanceId, {}));
        const restarts = effects.filter(({ effect }) => effect === 'restart').length;
        await record({
          kind: 'command',
          actor: identity.actor,
          message: `update service ${spec.name}: ${fields.join(', ')}; ${restarts} of ${effects.length} instances are restarted`,
          serviceId: updated.serviceId,
        });
        return { service: updated, changed: records };
      });
      for (const record of changed) fleet.putInstance(record);
      background.run(`pruning the releases of ${spec.name}`, () => releaseRemoval.prune(spec.name));
      const restarted = new Set(
        effects.filter(({ effect }) => effect === 'restart').map(({ instanceId }) => instanceId),
      );
      const isRestarted = ({ instanceId }: InstanceRecord): boolean => restarted.has(instanceId);
      applyInTurn(service, [...changed.filter((each) => !isRestarted(each)), ...changed.filter(isRestarted)]);
      return { service, instances: effects };
    },

    'service.remove': async (request, { identity }) => {
      const service = await store.services.byName(request.serviceName);
      demandTypedName(service, request);
      const instanceIds = instancesOf(service).map(({ record }) => record.instanceId);
      if (instanceIds.length > 0 && !request.force) {
        throw new SgridError('conflict', `"${service.name}" has ${instanceIds.length} instances`, {
          hint: 'remove them first, or use force and type the name of the service',
        });
      }
      await removeService(deps, service, instanceIds, identity.actor);
      return {};
    },
  };
}

function demandTypedName(
  { name, protected: isProtected }: Service,
  { force, typedName }: { force: boolean; typedName?: string | undefined },
): void {
  if ((!force && !isProtected) || typedName === name) return;
  throw new SgridError(
    'bad_request',
    typedName === undefined
      ? `removing "${name}" this way takes its name, typed`
      : `"${typedName}" is not "${name}"`,
    { hint: `type ${name} to confirm` },
  );
}

/** Without what the database adds. */
function specOf(service: Service): ServiceSpec {
  return serviceSpecSchema.parse(service);
}
