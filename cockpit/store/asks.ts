import { hasEnded } from '../../common/domain/rollout.ts';
import { nodeWords } from '../format/fleet-words.ts';
import type { Ask } from './action.ts';
import { askRollback } from './ask-rollback.ts';
import type { RolloutControl } from './change.ts';
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
  selectedNode,
  selectedReleases,
  selectedRollout,
  selectedService,
  selectedToken,
  targetInstances,
} from './targets.ts';
import { withToast } from './toasts.ts';
import { currentView, pushView, viewOf } from './views.ts';

/** Start, stop or restart of what is selected or marked. */
export function askVerb(state: CockpitState, verb: Verb): Reduction {
  const ids = idsOf(state);
  return ids.length === 0 ? nothing(state, verb) : propose(state, { kind: 'verb', verb }, ids);
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
        ? nothing(state, 'change', 'a token')
        : propose(state, { kind: what, name: token.name }, []);
    }
  }
}

function idsOf(state: CockpitState): number[] {
  return targetInstances(state).map(({ instanceId }) => instanceId);
}

function withInstances(
  state: CockpitState,
  what: string,
  go: (ids: readonly number[]) => Reduction,
): Reduction {
  const refused = refusedChange(state);
  if (refused !== null) return become(refused);
  const ids = idsOf(state);
  return ids.length === 0 ? nothing(state, what) : go(ids);
}

function nothing(state: CockpitState, what: string, subject = 'an instance'): Reduction {
  const refused = refusedChange(state);
  const way = subject === 'an instance' ? ' (enter opens a node)' : '';
  return become(refused ?? withToast(state, 'warn', `Select ${subject} to ${what} first${way}`));
}

function askNode(state: CockpitState, what: 'cordon' | 'replace-node' | 'remove-node'): Reduction {
  const node = selectedNode(state);
  if (node === undefined) return nothing(state, what.replace('-node', ''), 'a node');
  const { nodeId, isCordoned, alias } = node;
  if (what === 'cordon') return propose(state, { kind: 'cordon', nodeId, isCordoned: !isCordoned }, []);
  if (node.link === 'up')
    return become(
      withToast(
        state,
        'warn',
        `${nodeWords(node, nodeId)} is connected: stop its agent first (and drain it before, with ctrl-d)`,
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
  if (service === undefined) return nothing(state, 'remove', 'a service');
  return propose(state, { kind: 'remove-service', serviceName: service.name }, idsOf(state));
}

/** Those in use are left to the master to refuse: it alone knows of all that may still need them. */
function removeReleases(state: CockpitState): Reduction {
  const releases = selectedReleases(state);
  if (releases.length === 0) return nothing(state, 'delete', 'a release');
  const ids = releases.map(({ releaseId }) => releaseId);
  const used = [...state.fleet.instances.values()].find(
    ({ release, status }) =>
      ids.includes(release?.releaseId ?? 0) || ids.includes(status?.release?.releaseId ?? 0),
  );
  if (used !== undefined) {
    const version = used.release?.version ?? used.status?.release?.version ?? '';
    return become(
      withToast(state, 'warn', `${used.serviceName} ${version} is in use: deploy another release first`),
    );
  }
  return propose(state, { kind: 'remove-releases', releaseIds: ids }, []);
}

/** A key for both: what is paused is resumed. */
function controlRollout(state: CockpitState, what: 'pause' | 'abort'): Reduction {
  const rollout = selectedRollout(state);
  if (rollout === undefined) return nothing(state, what, 'a rollout');
  if (hasEnded(rollout))
    return become(withToast(state, 'warn', `Rollout ${rollout.rolloutId} has ended: ${rollout.state}`));
  const control: RolloutControl =
    what === 'abort' ? 'abort' : rollout.state === 'paused' ? 'resume' : 'pause';
  const change = { kind: 'rollout-control', rolloutId: rollout.rolloutId, what: control } as const;
  return propose(state, change, []);
}

function compare(state: CockpitState): Reduction {
  const [newer, older, ...more] = [...selectedReleases(state)].sort((a, b) => b.releaseId - a.releaseId);
  if (newer === undefined || older === undefined || more.length > 0)
    return become(withToast(state, 'warn', 'Mark two releases with space to compare them'));
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
  const service = selectedService(state);
  if (service === undefined) return nothing(state, 'see its releases', 'a service');
  return become(pushView(state, viewOf({ name: 'releases' }, `service:=${service.name}`)), {
    type: 'load-all-releases',
  });
}
