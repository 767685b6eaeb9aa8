import type { CockpitHandlers, HandlerDependencies } from './context.ts';

export function createServiceHandlers({
  store,
  events,
  now,
}: HandlerDependencies): CockpitHandlers<'service.list' | 'service.create'> {
  return {
    'service.list': async () => ({ services: await store.services.list() }),
    'service.create': async ({ spec }, { identity }) => {
      const service = await events.transaction(async ({ services }, record) => {
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
  };
}
