import type { RequestHandlers } from '../../common/protocol/bind.ts';
import type { CockpitToMaster } from '../../common/protocol/cockpit-link.ts';
import { demandConfirmed, isGuarded } from '../control/protection.ts';
import type { CockpitContext, HandlerDependencies } from '../handlers/context.ts';

type Handlers = RequestHandlers<CockpitToMaster, CockpitContext>;
type Handler = (payload: never, context: CockpitContext) => unknown;

/** Puts the question for the names of protected services before every handler of a request that can take capacity away. */
export function guardAll(deps: HandlerDependencies, handlers: Handlers): Handlers {
  const guarded = Object.entries(handlers).map(([name, handler]): [string, Handler] => {
    const run = handler as Handler;
    if (!isGuarded(name)) return [name, run];
    const guard: Handler = (payload, context) => {
      const asking = demandConfirmed(deps, name, payload);
      return asking instanceof Promise ? asking.then(() => run(payload, context)) : run(payload, context);
    };
    return [name, guard];
  });
  return Object.fromEntries(guarded) as unknown as Handlers;
}
