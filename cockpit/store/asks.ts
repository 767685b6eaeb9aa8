import { hasEnded, type RolloutControl } from '../../common/domain/rollout.ts';
import { nodeWords } from '../format/fleet-words.ts';
import type { Word } from '../language/translate.ts';
import type { Ask } from './action.ts';
import { askRestart } from './ask-restart.ts';
import { askRollback } from './ask-rollback.ts';
import { askConfig, isConfigAsk } from './config-asks.ts';
import { openDrain, protectedOn } from './form-drain.ts';
import { openLimits } from './form-limits.ts';
import { openResolve } from './form-resolve.ts';
import { openRolloutOptions } from './form-rollout.ts';
import { openScale } from './form-scale.ts';
import { openToken } from './form-token.ts';
import { propose } from './proposal.ts';
import { become, type Reduction } from './reduction.ts';
import { editService } from './service-edit.ts';
import type { CockpitState, Verb } from './state.ts';
import {
  refusedChange,
  refusedServices,
  selectedNode,
  selectedReleases,
  selectedRollout,
  selectedService,
  selectedToken,
  targetInstances,
} from './targets.ts';
import { withToast } from './toasts.ts';
import { unselected } from './unselected.ts';
import { currentView, pushView, viewOf } from './views.ts';

/** Start, stop or restart of what is selected or marked. */
export function askVerb(state: CockpitState, verb: Verb): Reduction {
  const targets = targetInstances(state);
  if (targets.length === 0) return nothing(state, `Select an instance to ${verb} first (enter opens a node)`);
  if (verb === 'restart') return askRestart(state, targets);
  const ids = targets.map(({ instanceId }) => instanceId);
  return propose(state, { kind: 'verb', verb }, ids);
}

/** What a key or a word of the palette asks for: a question, or the form that leads to one. */
export function ask(state: CockpitState, what: Ask): Reduction {
  if (isConfigAsk(what)) return askConfig(state, what);
  const { screen } = currentView(state);
  switch (what) {
    case 'remove':
      if (screen.name === 'services') return removeService(state);
      if (screen.name === 'releases') return removeReleases(state);
      if (screen.name === 'nodes') return askNode(state, 'remove-node');
      return withInstances(state, what, (ids) => propose(state, { kind: 'remove' }, ids));
    case 'limits':
      return withInstances(state, what, (ids) => openLimits(state, ids));
    case 'resolve':
      return withInstances(state, what, (ids) => openResolve(state, ids));
    case 'scale':
      return openScale(state);
    case 'cordon':
    case 'replace-node':
      return askNode(state, what);
    case 'drain':
      return openDrain(state);
    case 'roll-back':
      return askRollback(state);
    case 'edit':
      return editService(state);
    case 'pause':
    case 'abort':
      return controlRollout(state, what);
    case 'compare':
      return compare(state);
    case 'releases':
      return openReleases(state);
    case 'rollout-options':
      return openRolloutOptions(state);
    case 'create-token':
      return openToken(state);
    case 'rotate-token':
    case 'revoke-token': {
      const token = selectedToken(state);
      return token === undefined
        ? nothing(state, 'Select a token to change first')
        : propose(state, { kind: what, name: token.name }, []);
    }
  }
}

function idsOf(state: CockpitState): number[] {
  return targetInstances(state).map(({ instanceId }) => instanceId);
}

function withInstances(
  state: CockpitState,
  what: 'remove' | 'limits' | 'resolve',
  go: (ids: readonly number[]) => Reduction,
): Reduction {
  const refused = refusedChange(state);
  if (refused !== null) return become(refused);
  const ids = idsOf(state);
  const verb = what === 'limits' ? 'limit' : what;
  return ids.length === 0
    ? nothing(state, `Select an instance to ${verb} first (enter opens a node)`)
    : go(ids);
}

function nothing(state: CockpitState, text: Word): Reduction {
  return become(refusedChange(state) ?? unselected(state, text));
}

function askNode(state: CockpitState, what: 'cordon' | 'replace-node' | 'remove-node'): Reduction {
  const node = selectedNode(state);
  const verb = what === 'cordon' ? what : what === 'replace-node' ? 'replace' : 'remove';
  if (node === undefined) return nothing(state, `Select a node to ${verb} first`);
  const { nodeId, isCordoned, alias } = node;
  if (what === 'cordon') return propose(state, { kind: 'cordon', nodeId, isCordoned: !isCordoned }, []);
  if (node.link === 'up')
    return become(
      withToast(
        state,
        'warn',
        state.t('{node} is connected: stop its agent first (and drain it before, with ctrl-d)', {
          node: nodeWords(node, nodeId),
        }),
      ),
    );
  if (what === 'replace-node') return propose(state, { kind: what, nodeId }, []);
  const ids = [...state.fleet.instances.values()]
    .filter((view) => view.nodeId === nodeId)
    .map(({ instanceId }) => instanceId);
  return propose(state, { kind: what, nodeId, alias, confirm: protectedOn(state, nodeId) }, ids);
}

function removeService(state: CockpitState): Reduction {
  const service = selectedService(state);
  if (service === undefined) return nothing(state, 'Select a service to remove first');
  return propose(state, { kind: 'remove-service', serviceName: service.name }, idsOf(state));
}

/** Those in use are left to the master to refuse: it alone knows of all that may still need them. */
function removeReleases(state: CockpitState): Reduction {
  const releases = selectedReleases(state);
  if (releases.length === 0) return nothing(state, 'Select a release to delete first');
  const ids = releases.map(({ releaseId }) => releaseId);
  const used = [...state.fleet.instances.values()].find(
    ({ release, status }) =>
      ids.includes(release?.releaseId ?? 0) || ids.includes(status?.release?.releaseId ?? 0),
  );
  if (used !== undefined) {
    const version = used.release?.version ?? used.status?.release?.version ?? '';
    return become(
      withToast(
        state,
        'warn',
        state.t('{serviceName} {version} is in use: deploy another release first', {
          serviceName: used.serviceName,
          version,
        }),
      ),
    );
  }
  return propose(state, { kind: 'remove-releases', releaseIds: ids }, []);
}

/** A key for both: what is paused is resumed. */
function controlRollout(state: CockpitState, what: 'pause' | 'abort'): Reduction {
  const rollout = selectedRollout(state);
  if (rollout === undefined) return nothing(state, `Select a rollout to ${what} first`);
  if (hasEnded(rollout)) {
    const { t } = state;
    const { rolloutId } = rollout;
    const text = t('Rollout {rolloutId} has ended: {state}', { rolloutId, state: t(rollout.state) });
    return become(withToast(state, 'warn', text));
  }
  const control: RolloutControl =
    what === 'abort' ? 'abort' : rollout.state === 'paused' ? 'resume' : 'pause';
  const change = { kind: 'rollout-control', rolloutId: rollout.rolloutId, what: control } as const;
  return propose(state, change, []);
}

function compare(state: CockpitState): Reduction {
  const [newer, older, ...more] = [...selectedReleases(state)].sort((a, b) => b.releaseId - a.releaseId);
  if (newer === undefined || older === undefined || more.length > 0)
    return become(unselected(state, 'Mark two releases with space to compare them'));
  const screen = {
    name: 'release-diff',
    fromReleaseId: older.releaseId,
    toReleaseId: newer.releaseId,
  } as const;
  const next = { ...state, catalog: { ...state.catalog, releaseDiff: null } };
  return become(pushView(next, viewOf(screen)), {
    type: 'load-release-diff',
    fromReleaseId: older.releaseId,
    toReleaseId: newer.releaseId,
  });
}

function openReleases(state: CockpitState): Reduction {
  const several = refusedServices(state);
  if (several !== null) return become(several);
  const service = selectedService(state);
  if (service === undefined) return nothing(state, 'Select a service to see its releases first');
  return become(pushView(state, viewOf({ name: 'releases' }, `service:=${service.name}`)), {
    type: 'load-all-releases',
  });
}
