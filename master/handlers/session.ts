import type { CockpitHandlers, HandlerDependencies } from './context.ts';

export function createSessionHandlers({
  version,
  now,
}: HandlerDependencies): CockpitHandlers<'session.hello'> {
  return {
    'session.hello': (_payload, { identity }) => ({ ...identity, masterVersion: version, at: now() }),
  };
}
