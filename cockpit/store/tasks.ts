import type { Rollout } from '../../common/domain/rollout.ts';
import { messageOf } from '../../common/domain/said.ts';
import type { InstanceOutcome } from '../../common/protocol/cockpit-link.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import { instanceWords, nodeWords } from '../format/fleet-words.ts';
import { howLost, isUnanswered } from '../format/no-answer.ts';

import type { Change, Secret, Task } from './change.ts';
import type { Effect } from './effect.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState, Screen } from './state.ts';
import { withError, withToast, withUnanswered } from './toasts.ts';
import { pushView, viewOf } from './views.ts';

/** What came of a change. What does not apply to it is absent. */
export interface ChangeResult {
  readonly outcomes?: readonly InstanceOutcome[];
  readonly secret?: Secret;
  /** Begun by it. */
  readonly rollouts?: readonly Rollout[];
}

export function taskOf(state: CockpitState, change: Change, instanceIds: readonly number[]): Task {
  return {
    taskId: state.nextId,
    label: changeLabel(state, change, instanceIds),
    change,
    instanceIds,
    startedAt: state.now,
  };
}

/** What is under way, in the language of the state. */
export function changeLabel(state: CockpitState, change: Change, instanceIds: readonly number[]): string {
  const { t } = state;
  const node = (id: number): string => nodeWords(state.fleet.nodes.get(id), id);
  const hit = subjectOf(state, instanceIds);
  switch (change.kind) {
    case 'remove':
      return t('Removing {what}', { what: hit });
    case 'restart':
      return t('Restarting {what}', { what: hit });
    case 'limit':
      return t('Limiting {what}', { what: hit });
    case 'resolve':
      return t('Resolving {what}', { what: hit });
    case 'cordon':
      return change.isCordoned
        ? t('Cordoning {node}', { node: node(change.nodeId) })
        : t('Uncordoning {node}', { node: node(change.nodeId) });
    case 'drain':
      return t('Draining {node}', { node: node(change.request.nodeId) });
    case 'replace-node':
      return t('Giving {node} to the next agent that claims it', { node: node(change.nodeId) });
    case 'remove-node':
      return t('Removing {what}', { what: node(change.nodeId) });
    case 'scale':
      return t('Adding {instances} of {service}', {
        instances: t.count(change.places.length, 'instance'),
        service: change.serviceName,
      });
    case 'rollout-control':
      return t('Asking rollout {rolloutId} to {what}', {
        rolloutId: change.rolloutId,
        what: t(change.what),
      });
    case 'remove-releases':
      return t('Deleting {what}', { what: t.count(change.releaseIds.length, 'release') });
    case 'update-service':
      return t('Updating {what}', { what: change.spec.name });
    case 'remove-service':
      return t('Removing {what}', { what: change.serviceName });
    case 'publish-config':
      return t('Publishing the config of {serviceName}', change.request);
    case 'create-token':
      return t('Making the token {name}', change);
    case 'rotate-token':
      return t('Rotating the token {name}', change);
    case 'revoke-token':
      return t('Revoking the token {name}', change);
    default:
      return t('Asking the master');
  }
}

function subjectOf({ fleet, t }: CockpitState, instanceIds: readonly number[]): string {
  const [first] = instanceIds;
  const only = instanceIds.length === 1 ? fleet.instances.get(first ?? 0) : undefined;
  return only === undefined ? t.count(instanceIds.length, 'instance') : instanceWords(only, fleet.nodes);
}

export function changeFailed(state: CockpitState, taskId: number, error: WireError): CockpitState {
  const task = state.tasks.find((candidate) => candidate.taskId === taskId);
  if (task === undefined) return state;
  const next = { ...state, tasks: state.tasks.filter((candidate) => candidate !== task) };
  return error.code === 'timeout'
    ? withUnanswered(next, task.label, howLost(error))
    : withError(next, state.t('{what} failed', { what: task.label }), error);
}

export function changeDone(state: CockpitState, taskId: number, result: ChangeResult): Reduction {
  const task = state.tasks.find((candidate) => candidate.taskId === taskId);
  if (task === undefined) return become(state);
  let next: CockpitState = { ...state, tasks: state.tasks.filter((candidate) => candidate !== task) };
  if (result.secret !== undefined) next = { ...next, secret: result.secret };
  next =
    result.outcomes === undefined
      ? withToast(next, 'ok', `${task.label}${state.t(': ')}${state.t('done')}`)
      : tellOutcomes(next, task.label, result.outcomes);
  const [only, ...more] = result.rollouts ?? [];
  if (only === undefined || !isFree(next)) return become(next, ...reloads(task.change));
  const screen: Screen =
    more.length === 0 ? { name: 'rollout', rolloutId: only.rolloutId } : { name: 'rollouts' };
  return become(pushView(next, viewOf(screen)), ...reloads(task.change), { type: 'load-rollouts' });
}

/** Nobody is in the middle of something that another screen would take away. */
function isFree({ prompt, confirm, form, picker }: CockpitState): boolean {
  return prompt === null && confirm === null && form === null && picker === null;
}

/** Lists that are asked for are asked for again when they have changed. */
function reloads(change: Change): Effect[] {
  switch (change.kind) {
    case 'create-token':
    case 'rotate-token':
    case 'revoke-token':
      return [{ type: 'load-tokens' }];
    case 'remove-releases':
      return [{ type: 'load-all-releases' }];
    case 'update-service':
    case 'remove-service':
      return [{ type: 'load-services' }];
    case 'publish-config':
      return [
        { type: 'config', effect: { type: 'load-config', serviceNames: [change.request.serviceName] } },
      ];
    default:
      return [];
  }
}

/** What failed names itself; what is to be known although it worked is told as well. */
function tellOutcomes(
  state: CockpitState,
  label: string,
  outcomes: readonly InstanceOutcome[],
): CockpitState {
  const { t } = state;
  const failed = outcomes.filter(({ error }) => error !== null);
  const worked = outcomes.length - failed.length;
  let next = state;
  if (worked > 0) {
    const done =
      failed.length > 0
        ? t('done on {worked} of {total}', { worked, total: outcomes.length })
        : outcomes.length > 1
          ? t('done on {worked}', { worked })
          : t('done');
    next = withToast(next, 'ok', `${label}${t(': ')}${done}`);
  } else if (outcomes.length === 0) {
    next = withToast(next, 'ok', `${label}${t(': ')}${t('done, nothing ran there')}`);
  }
  const warned = outcomes.find(({ warning }) => warning !== undefined);
  if (warned?.warning !== undefined)
    next = withToast(
      next,
      'warn',
      `${subjectOf(state, [warned.instanceId])}${t(': ')}${t.told(warned.saidWarning ?? warned.warning)}`,
    );
  const [first] = failed;
  if (first?.error == null) return next;
  const more =
    failed.length > 1 ? t(' (and {more})', { more: t.count(failed.length - 1, 'more failure') }) : '';
  // The label names it where it is the only one.
  const what =
    outcomes.length === 1 ? label : `${label}${more}${t(': ')}${subjectOf(state, [first.instanceId])}`;
  return isUnanswered(first.error.code)
    ? withUnanswered(next, what, messageOf(first.error))
    : withError(next, what, first.error);
}
