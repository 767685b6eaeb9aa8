import {
  drainedNodeName,
  type RolloutRequest,
  type RolloutStep,
  rolloutOptionProblems,
} from '../../common/domain/rollout.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { startedEvent } from '../control/rollout-events.ts';
import { isInEffect, planRollout } from '../control/rollout-plan.ts';
import { restartStep } from '../control/rollout-steps.ts';
import type { InstanceEntry } from '../fleet/fleet-model.ts';
import { instanceLabel } from '../fleet/views.ts';
import { nodeUnreachable } from '../relay.ts';
import type { Repositories } from '../store/open-store.ts';
import type { NewRollout, NewStep } from '../store/rollouts.ts';
import type { CockpitHandlers, HandlerDependencies } from './context.ts';

type Names =
  | 'rollout.create'
  | 'rollout.plan'
  | 'rollout.pause'
  | 'rollout.resume'
  | 'rollout.abort'
  | 'rollout.get'
  | 'rollout.list';

export function createRolloutHandlers(deps: HandlerDependencies): CockpitHandlers<Names> {
  const { store, fleet, rollouts, events } = deps;
  return {
    'rollout.create': async (request, { identity }) => {
      const wanted = await compose(deps, request, identity.actor);
      for (const { nodeId } of wanted.steps)
        if (!fleet.isUp(nodeId)) throw nodeUnreachable(fleet.nodeName(nodeId));
      const rollout = await events.transaction(async (repositories, record) => {
        // From here on it holds them; until here they could be removed.
        await demandReleases(repositories, wanted.steps);
        const created = await repositories.rollouts.create(wanted);
        await record(startedEvent(created, fleet.nodeName));
        return created;
      });
      rollouts.start(rollout);
      return { rollout: rollouts.active(rollout.rolloutId) ?? rollout };
    },
    'rollout.plan': async (request, { identity }) => {
      const wanted = await compose(deps, request, identity.actor);
      const holder = (await store.rollouts.open()).find(({ serviceId }) => serviceId === wanted.serviceId);
      const { instance, isUp, nodeName } = fleet;
      return { plan: planRollout(wanted, { instance, isUp, nodeName, holder: holder ?? null }) };
    },
    'rollout.pause': async ({ rolloutId }, { identity }) => ({
      rollout: await rollouts.control(rolloutId, 'pause', identity.actor),
    }),
    'rollout.resume': async ({ rolloutId }, { identity }) => ({
      rollout: await rollouts.control(rolloutId, 'resume', identity.actor),
    }),
    'rollout.abort': async ({ rolloutId, rollback }, { identity }) => ({
      rollout: await rollouts.control(rolloutId, rollback ? 'roll-back' : 'abort', identity.actor),
    }),
    'rollout.get': async ({ rolloutId }) => ({
      rollout: rollouts.active(rolloutId) ?? (await store.rollouts.byId(rolloutId)),
    }),
    'rollout.list': async (query) => ({
      // What is under way is ahead of the database.
      rollouts: (await store.rollouts.list(query)).map(
        (rollout) => rollouts.active(rollout.rolloutId) ?? rollout,
      ),
    }),
  };
}

type Composed = NewRollout & { serviceName: string };

/** What a request asks for, in full, checked before anything is changed. */
async function compose(deps: HandlerDependencies, request: RolloutRequest, actor: string): Promise<Composed> {
  const { message, options } = request;
  const [problem] = rolloutOptionProblems(options);
  if (problem !== undefined) throw new SgridError('bad_request', problem);
  const target =
    'undoes' in request
      ? await takeBack(deps, request)
      : 'kind' in request
        ? restartOf(deps, request)
        : await putOn(deps, request);
  const minReadyMs = options.minReadyMs ?? deps.minReadyMs;
  return {
    nodeId: null,
    ...target,
    actor,
    message,
    options: { ...options, minReadyMs },
    startedAt: deps.now(),
  };
}

type Target = Pick<Composed, 'kind' | 'serviceId' | 'serviceName' | 'steps'>;

async function putOn(
  deps: HandlerDependencies,
  { releaseId, instanceIds }: RolloutRequest & { releaseId: number },
): Promise<Target> {
  const { serviceId, serviceName, version } = await deps.store.releases.byId(releaseId);
  const steps = [...new Set(instanceIds)].map((instanceId) => {
    const entry = find(deps, instanceId);
    if (entry.record.serviceId === serviceId) return stepOn(entry, { releaseId, version });
    throw new SgridError(
      'bad_request',
      said`${instanceLabel(entry.record, deps.fleet.nodeName)} does not belong to "${serviceName}", whose release ${version} is`,
      { hint: said`choose instances of one service` },
    );
  });
  return { kind: 'deploy', serviceId, serviceName, steps };
}

/** What each of them is to run stays; it is started anew, also one that is stopped. */
function restartOf(
  deps: HandlerDependencies,
  { instanceIds, options }: RolloutRequest & { kind: 'restart' },
): Target {
  if (options.onFailure === 'rollback') {
    throw new SgridError('bad_request', said`a restart has nothing to roll back to`, {
      hint: said`leave it out`,
    });
  }
  const entries = [...new Set(instanceIds)].map((instanceId) => find(deps, instanceId));
  const [first] = entries;
  if (first === undefined) throw new SgridError('bad_request', said`no instance was named`);
  const { serviceId, spec } = first.record;
  const { nodeName } = deps.fleet;
  const stranger = entries.find(({ record }) => record.serviceId !== serviceId);
  if (stranger !== undefined) {
    throw new SgridError(
      'bad_request',
      said`${instanceLabel(stranger.record, nodeName)} does not belong to "${spec.name}", as ${instanceLabel(first.record, nodeName)} does`,
      { hint: said`restart the instances of one service at a time` },
    );
  }
  return {
    kind: 'restart',
    serviceId,
    serviceName: spec.name,
    steps: entries.map((entry) => restartStep(entry, nodeName)),
  };
}

/** Every instance that the other rollout changed, and that is still there, gets what it had before. */
async function takeBack(
  deps: HandlerDependencies,
  { undoes, instanceIds }: RolloutRequest & { undoes: number },
): Promise<Target> {
  const undone = await deps.store.rollouts.byId(undoes);
  const { kind, serviceId, serviceName, steps } = undone;
  if (kind !== 'deploy') {
    const node = drainedNodeName(undone, deps.fleet.nodeName);
    const what = kind === 'restart' ? said`a restart` : said`a drain of node ${node}`;
    throw new SgridError(
      'conflict',
      said`rollout ${undoes} of "${serviceName}" is ${what}: it changed no release`,
      {
        hint: said`take back a rollout that put a release on instances; see "sgrid get rollouts"`,
      },
    );
  }
  const isChosen = (step: RolloutStep): boolean => {
    const isThere = deps.fleet.instance(step.instanceId)?.record.removing === false;
    return isThere && isInEffect(step) && (instanceIds?.includes(step.instanceId) ?? true);
  };
  const back = steps
    .filter(isChosen)
    .flatMap(({ instanceId, previous }) =>
      previous === null ? [] : [stepOn(find(deps, instanceId), previous)],
    );
  await demandReleases(deps.store, back);
  if (back.length > 0) return { kind, serviceId, serviceName, steps: back };
  throw new SgridError('conflict', said`rollout ${undoes} of "${serviceName}" leaves nothing to take back`, {
    hint: said`none of its instances was changed, or had a release before; name a version instead`,
  });
}

/** What is gone cannot be put anywhere: said before, rather than in the middle. */
async function demandReleases(
  { releases }: Pick<Repositories, 'releases'>,
  steps: readonly NewStep[],
): Promise<void> {
  for (const releaseId of new Set(steps.map(({ release }) => release.releaseId)))
    await releases.byId(releaseId);
}

function find({ fleet }: HandlerDependencies, instanceId: number): InstanceEntry {
  const entry = fleet.instance(instanceId);
  if (entry !== null && !entry.record.removing) return entry;
  throw new SgridError('not_found', said`there is no instance ${instanceId}`, {
    hint: said`list the instances`,
  });
}

function stepOn({ record }: InstanceEntry, release: NewStep['release']): NewStep {
  const { instanceId, nodeId, port, desired, release: present } = record;
  const previous = present && { releaseId: present.releaseId, version: present.version };
  const about = { instanceId, nodeId, port, action: 'deploy', peerId: null } as const;
  return { ...about, release, previous, previousDesired: desired };
}
