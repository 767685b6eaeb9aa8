import type { SgridEvent } from '../../common/domain/event.ts';
import type { FiguresOverTime } from '../../common/domain/history.ts';
import type { LogRun } from '../../common/domain/log-runs.ts';
import { type Rollout, rolloutOptionsSchema } from '../../common/domain/rollout.ts';
import type { Told } from '../../common/domain/said.ts';
import { causesEndAt, rollBackOf } from '../view-model/capsule-changes.ts';
import { propose } from './proposal.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { selectedInstance } from './targets.ts';
import { withToast } from './toasts.ts';
import { unselected } from './unselected.ts';
import { currentView, pushView, viewOf } from './views.ts';

/** A part of the capsule as it was found: it may be missing while the others are there. */
export type Part<T> = { readonly value: T } | { readonly problem: Told };

/** What is collected about the last run that ended. */
export interface CapsuleParts {
  /** The latest last. */
  readonly runs: Part<readonly LogRun[]>;
  /** The last lines of that run, as text of the log. */
  readonly lines: Part<readonly string[]>;
  /** Up to the death. */
  readonly figures: Part<FiguresOverTime>;
  /** Of the instance and of its service, newest first. */
  readonly events: Part<readonly SgridEvent[]>;
  readonly rollouts: Part<readonly Rollout[]>;
}

export interface CapsuleState {
  readonly instanceId: number;
  /** Null until they have come. */
  readonly parts: CapsuleParts | null;
}

export interface CapsuleEffect {
  readonly type: 'load-capsule';
  readonly instanceId: number;
  readonly serviceId: number;
  /** Master's clock: the span of the figures. Null when no end is known. */
  readonly span: { readonly from: number; readonly to: number } | null;
}

export type CapsuleAction =
  | { readonly type: 'capsule' }
  | { readonly type: 'capsule-parts'; readonly instanceId: number; readonly parts: CapsuleParts }
  | { readonly type: 'capsule-roll-back'; readonly onlyThis: boolean };

export function isCapsuleAction(action: { readonly type: string }): action is CapsuleAction {
  return action.type.startsWith('capsule');
}

/** How much of the figures before a death is shown. */
const BEFORE_DEATH_MS = 5 * 60_000;
const AFTER_DEATH_MS = 10_000;

export function reduceCapsule(state: CockpitState, action: CapsuleAction): Reduction {
  const { capsule } = state.insight;
  if (action.type === 'capsule') return openCapsule(state);
  if (capsule === null) return become(state);
  if (action.type === 'capsule-roll-back') return askRollBack(state, capsule, action.onlyThis);
  if (capsule.instanceId !== action.instanceId) return become(state);
  return become(withCapsule(state, { ...capsule, parts: action.parts }));
}

function withCapsule(state: CockpitState, capsule: CapsuleState): CockpitState {
  return { ...state, insight: { ...state.insight, capsule } };
}

function openCapsule(state: CockpitState): Reduction {
  const instance = selectedInstance(state);
  if (instance === undefined)
    return become(unselected(state, 'Select an instance first (enter opens a node)'));
  if (currentView(state).screen.name === 'capsule') return become(state);
  const { instanceId, serviceId, status, nodeId } = instance;
  const exit = status?.lastExit ?? null;
  if (exit === null && status?.state !== 'failed') {
    return become(
      withToast(
        state,
        'accent',
        state.t('No run of this instance has ended yet: there is nothing to explain'),
      ),
    );
  }
  const offsetMs = state.fleet.nodes.get(nodeId)?.clockOffsetMs ?? 0;
  const span = exit && {
    from: Math.max(0, exit.endedAt + offsetMs - BEFORE_DEATH_MS),
    to: exit.endedAt + offsetMs + AFTER_DEATH_MS,
  };
  const next = pushView(state, viewOf({ name: 'capsule', instanceId }));
  return become(withCapsule(next, { instanceId, parts: null }), {
    type: 'insight',
    effect: { type: 'load-capsule', instanceId, serviceId, span },
  });
}

/** The question shows what it would hit, out of the master's own plan, before anything is done. */
function askRollBack(state: CockpitState, { instanceId, parts }: CapsuleState, onlyThis: boolean): Reduction {
  const instance = state.fleet.instances.get(instanceId);
  const rollouts = parts?.rollouts;
  if (instance === undefined || rollouts === undefined || 'problem' in rollouts)
    return become(withToast(state, 'warn', state.t('What was rolled out is not known yet')));
  const until = causesEndAt(instance, state.fleet.nodes.get(instance.nodeId));
  const back = rollBackOf(instance, until, rollouts.value);
  if (back === null)
    return become(
      withToast(
        state,
        'warn',
        state.t('No rollout has put its release on it in the place of another: nothing to go back to'),
      ),
    );
  const { rolloutId, from, to } = back;
  const request = {
    undoes: rolloutId,
    ...(onlyThis ? { instanceIds: [instanceId] } : {}),
    message: `rollout ${rolloutId} taken back after a crash`,
    options: rolloutOptionsSchema.parse({}),
  };
  const title = state.t('Roll {service} back from {from} to {to}', {
    service: instance.serviceName,
    from,
    to,
  });
  return propose(state, { kind: 'rollout', title, request }, [instanceId]);
}
