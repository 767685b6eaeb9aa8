import type { CockpitHandlers, HandlerDependencies } from './context.ts';

export function createServiceHandlers({
  store,
  events,
  now,
}: HandlerDependencies): CockpitHandlers<'service.list' | 'service.create'> {
  return {
    'service.list': async () => ({ services: await store.services.list() }),
    'service.create': async ({ spec }, { identity }) => {
      const service = await store.services.create(spec, now());
      await events.record({
        kind: 'command',
        actor: identity.actor,
        message: `create service ${service.name} (${service.type})`,
        serviceId: service.serviceId,
      });
      return { service };
    },
  };
}
