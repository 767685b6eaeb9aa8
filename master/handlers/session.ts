import type { CockpitHandlers, HandlerDependencies } from './context.ts';

export function createSessionHandlers({
  version,
  now,
}: HandlerDependencies): CockpitHandlers<'session.hello'> {
  return {
    'session.hello': (_payload, { identity }) => ({
      actor: identity.actor,
      role: identity.role,
      masterVersion: version,
      at: now(),
    }),
  };
}
