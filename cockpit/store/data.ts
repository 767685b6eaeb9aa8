import type { SgridEvent } from '../../common/domain/event.ts';
import type { Release } from '../../common/domain/release.ts';
import { hasEnded, type Rollout } from '../../common/domain/rollout.ts';
import { reasonOf } from '../../common/domain/said.ts';
import type { Translate } from '../language/translate.ts';
import type { DataAction } from './action.ts';
import { staleConfig } from './config-centre.ts';
import { withNewEvents } from './described.ts';
import type { Effect } from './effect.ts';
import { applyFrame, applySnapshot, seedHistories } from './fleet.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState, Screen } from './state.ts';
import { withToast } from './toasts.ts';
import { currentView, scopeOf } from './views.ts';

export const KEPT_EVENTS = 1000;
const KEPT_ROLLOUTS = 50;
/** Histories are asked for at once up to here; of more instances the live frames fill them in. */
const MAX_HISTORIES = 500;

/** What came from the master goes into the state. */
export function takeData(state: CockpitState, action: DataAction): Reduction {
  const { now } = state;
  switch (action.type) {
    case 'link': {
      const isBack = action.link.state === 'up' && state.link.state !== 'up';
      return become({ ...state, link: action.link }, ...(isBack ? afterConnect(state) : []));
    }
    case 'snapshot': {
      const fleet = applySnapshot(state.fleet, action.snapshot, now);
      const scope = scopeOf(state);
      const instanceIds = [...fleet.instances.values()]
        .filter((instance) => scope.kind === 'all' || instance.nodeId === scope.nodeId)
        .map((instance) => instance.instanceId)
        .slice(0, MAX_HISTORIES);
      const next = withLivingMarks({ ...state, fleet });
      return instanceIds.length === 0 ? become(next) : become(next, { type: 'load-histories', instanceIds });
    }
    case 'frame': {
      const next = { ...state, fleet: applyFrame(state.fleet, action.frame, now) };
      return become(action.frame.removedInstanceIds === undefined ? next : withLivingMarks(next));
    }
    case 'histories':
      return become({ ...state, fleet: seedHistories(state.fleet, action.histories) });
    case 'services':
      return become({ ...state, catalog: { ...state.catalog, services: action.services } });
    case 'releases': {
      const releases = new Map(state.catalog.releases).set(action.serviceId, action.releases);
      return become({ ...state, catalog: { ...state.catalog, releases } });
    }
    case 'all-releases': {
      const releases = new Map<number, Release[]>();
      for (const release of action.releases) {
        const known = releases.get(release.serviceId);
        if (known === undefined) releases.set(release.serviceId, [release]);
        else known.push(release);
      }
      return become({ ...state, catalog: { ...state.catalog, releases, hasAllReleases: true } });
    }
    case 'release-diff': {
      const { from, to, diff } = action;
      return become({ ...state, catalog: { ...state.catalog, releaseDiff: { from, to, diff } } });
    }
    case 'tokens':
      return become({ ...state, catalog: { ...state.catalog, tokens: action.tokens } });
    case 'rollout':
      return become(takeRollout(state, action.rollout));
    case 'rollouts':
      // The oldest first, so that the newest are those that are kept.
      return become(
        [...action.rollouts]
          .reverse()
          .reduce(takeRollout, { ...state, catalog: { ...state.catalog, hasRollouts: true } }),
      );
    case 'events':
      return become(
        takeEvents(action.whole ? state : withNewEvents(state, action.events), action.events, action.whole),
        ...staleLists(state, action.events),
      );
  }
}

/** What a screen shows that is not streamed from the start. */
export function loadsOf({ name }: Screen): Effect[] {
  if (name === 'events') return [{ type: 'load-events' }];
  if (name === 'pulse') return [{ type: 'load-events' }, { type: 'load-rollouts' }];
  if (name === 'services') return [{ type: 'load-services' }];
  if (name === 'releases') return [{ type: 'load-services' }, { type: 'load-all-releases' }];
  if (name === 'rollouts') return [{ type: 'load-rollouts' }];
  if (name === 'config')
    return [
      { type: 'load-services' },
      { type: 'config', effect: { type: 'load-config', serviceNames: null } },
    ];
  if (name === 'tokens') return [{ type: 'load-tokens' }];
  return [];
}

/** Somebody uploaded or removed a release while their list is looked at. */
function staleLists(state: CockpitState, events: readonly SgridEvent[]): Effect[] {
  const isOfReleases = events.some(({ kind }) => kind.startsWith('release.') && kind !== 'release.fetched');
  const effects: Effect[] =
    isOfReleases && currentView(state).screen.name === 'releases' ? [{ type: 'load-all-releases' }] : [];
  const serviceNames = staleConfig(state, events);
  const isOfConfig =
    serviceNames.length > 0 && state.views.some(({ screen }) => screen.name.startsWith('config'));
  return isOfConfig
    ? [...effects, { type: 'config', effect: { type: 'load-config', serviceNames } }]
    : effects;
}

/** What may have changed unseen while the link was down; the fleet itself comes with a snapshot. */
function afterConnect(state: CockpitState): Effect[] {
  const effects: Effect[] = [{ type: 'load-services' }];
  const { screen } = currentView(state);
  effects.push(...loadsOf(screen));
  if (screen.name === 'rollout') effects.push({ type: 'load-rollout', rolloutId: screen.rolloutId });
  const serviceId = state.deploy?.serviceId ?? null;
  if (serviceId !== null) effects.push({ type: 'load-releases', serviceId });
  return effects;
}

/** Marks of instances that are gone would make a command hit less than the number shown. */
function withLivingMarks(state: CockpitState): CockpitState {
  if ([...state.marks].every((id) => state.fleet.instances.has(id))) return state;
  return { ...state, marks: new Set([...state.marks].filter((id) => state.fleet.instances.has(id))) };
}

function takeRollout(state: CockpitState, rollout: Rollout): CockpitState {
  const known = state.catalog.rollouts.get(rollout.rolloutId);
  // Two ways lead here, the answer to a question and the stream: an older state never replaces an end.
  if (known !== undefined && hasEnded(known) && !hasEnded(rollout)) return state;
  const rollouts = new Map(state.catalog.rollouts);
  rollouts.delete(rollout.rolloutId);
  rollouts.set(rollout.rolloutId, rollout);
  for (const id of rollouts.keys()) {
    if (rollouts.size <= KEPT_ROLLOUTS) break;
    rollouts.delete(id);
  }
  const next = { ...state, catalog: { ...state.catalog, rollouts } };
  const { screen } = currentView(state);
  const isWatched = screen.name === 'rollout' && screen.rolloutId === rollout.rolloutId;
  const endedNow = known !== undefined && !hasEnded(known) && hasEnded(rollout);
  return endedNow && !isWatched ? withToast(next, ...endOfRollout(state.t, rollout)) : next;
}

function endOfRollout(t: Translate, rollout: Rollout): ['ok' | 'bad', string] {
  const done = rollout.steps.filter((step) => step.state === 'done').length;
  const what = t('{serviceName} {version} (by {actor})', rollout);
  if (rollout.state === 'succeeded')
    return ['ok', t('Deployed {what} on {instances}', { what, instances: t.count(done, 'instance') })];
  const why = rollout.reason === '' ? '' : t(': ') + t.told(reasonOf(rollout));
  if (rollout.state === 'aborted' || rollout.state === 'rolled-back')
    return ['bad', t('Deploying {what}: {state}', { what, state: t(rollout.state) }) + why];
  const all = t.count(rollout.steps.length, 'instance');
  return ['bad', t('Deploying {what} failed after {done} of {all}', { what, done, all }) + why];
}

function takeEvents(state: CockpitState, events: readonly SgridEvent[], whole: boolean): CockpitState {
  const known = state.catalog.events;
  // Before the list was asked for, single events would look like all there are.
  if (known === null && !whole) return state;
  const bySeq = new Map<number, SgridEvent>();
  for (const event of [...(known ?? []), ...events]) bySeq.set(event.seq, event);
  const merged = [...bySeq.values()].sort((a, b) => b.seq - a.seq).slice(0, KEPT_EVENTS);
  return { ...state, catalog: { ...state.catalog, events: merged } };
}
