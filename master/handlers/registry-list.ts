import type { CockpitHandlers, HandlerDependencies } from './context.ts';

export function createRegistryHandlers({ registry }: HandlerDependencies): CockpitHandlers<'registry.list'> {
  return { 'registry.list': () => ({ entries: registry.entries() }) };
}
