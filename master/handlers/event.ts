import type { CockpitHandlers, HandlerDependencies } from './context.ts';

export function createEventHandlers({ store }: HandlerDependencies): CockpitHandlers<'event.list'> {
  return {
    'event.list': async (query) => ({ events: await store.events.list(query) }),
  };
}
