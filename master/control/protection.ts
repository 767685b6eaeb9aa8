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

/** Names of the services that a request would take something from. */
type Touched = { [N in Guarded]: (deps: Deps, payload: Payload<CockpitToMaster, N>) => Promise<string[]> };

const ofInstances = async ({ fleet }: Deps, instanceIds: readonly number[]): Promise<string[]> =>
  instanceIds.flatMap((instanceId) => fleet.instance(instanceId)?.record.spec.name ?? []);

/** A first deployment, as of scaling out, takes nothing from anybody. */
const isToRun = ({ fleet }: Deps, instanceId: number): boolean =>
  fleet.instance(instanceId)?.record.desired === 'running';

const nobody: string[] = [];

/** One entry for each guarded request: the compiler asks for that of a new one. */
const TOUCHED: Touched = {
  'service.update': async (_deps, { spec, dryRun }) => (dryRun ? nobody : [spec.name]),
  'service.remove': async (_deps, { serviceName }) => [serviceName],
  // What is protected is left as it is, by the plan.
  'node.drain': async () => nobody,
  'node.remove': async ({ fleet }, { nodeId }) =>
    fleet.instancesOf(nodeId).map(({ record }) => record.spec.name),
  'release.remove': async ({ store }, { releaseIds }) =>
    Promise.all(releaseIds.map(async (releaseId) => (await store.releases.byId(releaseId)).serviceName)),
  'instance.stop': (deps, { instanceIds }) => ofInstances(deps, instanceIds),
  'instance.restart': (deps, { instanceIds }) => ofInstances(deps, instanceIds),
  'instance.limit': (deps, { instanceIds }) => ofInstances(deps, instanceIds),
  'instance.resolve': (deps, { instanceIds }) => ofInstances(deps, instanceIds),
  'instance.remove': (deps, { instanceIds }) => ofInstances(deps, instanceIds),
  'rollout.create': async (deps, request) =>
    'undoes' in request
      ? [(await deps.store.rollouts.byId(request.undoes)).serviceName]
      : ofInstances(
          deps,
          request.instanceIds.filter((instanceId) => isToRun(deps, instanceId)),
        ),
  'rollout.abort': async ({ store }, { rolloutId, rollback }) =>
    rollback ? [(await store.rollouts.byId(rolloutId)).serviceName] : nobody,
  'config.publish': async (_deps, { serviceName, action, dryRun }) =>
    dryRun || action.kind === 'nothing' ? nobody : [serviceName],
};

/** Whether a request is one that can take capacity away. */
export function isGuarded(name: string): name is Guarded {
  return Object.hasOwn(TOUCHED, name);
}

/**
 * Demands the names of the protected services that a request would take something from.
 *
 * @throws SgridError `unconfirmed` naming those that were not typed
 */
export async function demandConfirmed<N extends Guarded>(
  deps: Deps,
  name: N,
  payload: Payload<CockpitToMaster, N>,
): Promise<void> {
  const touched = new Set(await TOUCHED[name](deps, payload));
  if (touched.size === 0) return;
  const confirmed = new Set(confirmOf(payload));
  const missing = (await deps.store.services.list())
    .filter((service) => service.protected && touched.has(service.name) && !confirmed.has(service.name))
    .map((service) => service.name);
  if (missing.length === 0) return;
  const list = missing.map((each) => `"${each}"`).join(', ');
  throw new SgridError(
    'unconfirmed',
    `${list} ${missing.length === 1 ? 'is' : 'are'} protected: ${name} takes the name, typed`,
    { hint: `type it to confirm: --confirm ${missing.join(' ')}` },
  );
}

function confirmOf(payload: { confirm: string[] }): string[] {
  return payload.confirm;
}
