import { said } from '../../common/domain/said.ts';
import type { CockpitToMaster } from '../../common/protocol/cockpit-link.ts';
import type { GuardedName, Payload } from '../../common/protocol/define.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { FleetModel } from '../fleet/fleet-model.ts';
import type { Store } from '../store/open-store.ts';

type Guarded = GuardedName<CockpitToMaster>;

interface Deps {
  store: Pick<Store, 'services' | 'releases' | 'rollouts'>;
  fleet: Pick<FleetModel, 'instance' | 'instancesOf'>;
}

/** Names of the protected services that a request would take something from. */
type Touched = {
  [N in Guarded]: (deps: Deps, payload: Payload<CockpitToMaster, N>) => string[] | Promise<string[]>;
};

/** At once, out of memory: a stop and the start that was sent right behind it must not change places. */
function ofInstances({ fleet }: Deps, instanceIds: readonly number[]): string[] {
  return instanceIds.flatMap((instanceId) => {
    const spec = fleet.instance(instanceId)?.record.spec;
    return spec?.protected === true ? [spec.name] : [];
  });
}

async function ofServices({ store }: Deps, names: readonly string[]): Promise<string[]> {
  const all = await store.services.list();
  return all.filter((service) => service.protected && names.includes(service.name)).map(({ name }) => name);
}

/** A first deployment, as of scaling out, takes nothing from anybody. */
function isToRun({ fleet }: Deps, instanceId: number): boolean {
  return fleet.instance(instanceId)?.record.desired === 'running';
}

/** One entry for each guarded request: the compiler asks for that of a new one. */
const TOUCHED: Touched = {
  'service.update': (deps, { spec, dryRun }) => (dryRun ? [] : ofServices(deps, [spec.name])),
  'service.remove': (deps, { serviceName }) => ofServices(deps, [serviceName]),
  // What is protected is left as it is, by the plan.
  'node.drain': () => [],
  'node.remove': (deps, { nodeId }) =>
    ofInstances(
      deps,
      deps.fleet.instancesOf(nodeId).map(({ record }) => record.instanceId),
    ),
  'release.remove': async (deps, { releaseIds }) => {
    const releases = await Promise.all(releaseIds.map((releaseId) => deps.store.releases.byId(releaseId)));
    return ofServices(
      deps,
      releases.map(({ serviceName }) => serviceName),
    );
  },
  'instance.stop': (deps, { instanceIds }) => ofInstances(deps, instanceIds),
  'instance.restart': (deps, { instanceIds }) => ofInstances(deps, instanceIds),
  'instance.limit': (deps, { instanceIds }) => ofInstances(deps, instanceIds),
  'instance.resolve': (deps, { instanceIds }) => ofInstances(deps, instanceIds),
  'instance.remove': (deps, { instanceIds }) => ofInstances(deps, instanceIds),
  'rollout.create': async (deps, request) =>
    'undoes' in request
      ? ofServices(deps, [(await deps.store.rollouts.byId(request.undoes)).serviceName])
      : ofInstances(
          deps,
          request.instanceIds.filter((instanceId) => isToRun(deps, instanceId)),
        ),
  'rollout.abort': async (deps, { rolloutId, rollback }) =>
    rollback ? ofServices(deps, [(await deps.store.rollouts.byId(rolloutId)).serviceName]) : [],
  'config.publish': (deps, { serviceName, action, dryRun }) =>
    dryRun || action.kind === 'nothing' ? [] : ofServices(deps, [serviceName]),
};

/** Whether a request is one that can take capacity away. */
export function isGuarded(name: string): name is Guarded {
  return Object.hasOwn(TOUCHED, name);
}

/**
 * Demands the names of the protected services that a request would take something from.
 *
 * @throws SgridError `unconfirmed` naming those that were not typed; at once where memory says all there is to know
 */
export function demandConfirmed<N extends Guarded>(
  deps: Deps,
  name: N,
  payload: Payload<CockpitToMaster, N>,
): void | Promise<void> {
  const touched = TOUCHED[name](deps, payload);
  const confirmed = confirmOf(payload);
  if (Array.isArray(touched)) return demand(name, touched, confirmed);
  return touched.then((names) => demand(name, names, confirmed));
}

function confirmOf(payload: { confirm: string[] }): string[] {
  return payload.confirm;
}

function demand(name: string, touched: readonly string[], confirmed: readonly string[]): void {
  const missing = [...new Set(touched)].filter((each) => !confirmed.includes(each)).sort();
  if (missing.length === 0) return;
  const list = missing.map((each) => `"${each}"`).join(', ');
  throw new SgridError(
    'unconfirmed',
    missing.length === 1
      ? said`${list} is protected: ${name} takes its name, typed`
      : said`${list} are protected: ${name} takes their names, typed`,
    { hint: said`type it to confirm: ${missing.map((each) => `--confirm ${each}`).join(' ')}` },
  );
}
