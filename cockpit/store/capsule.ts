import type { SgridEvent } from '../../common/domain/event.ts';
import type { FiguresOverTime } from '../../common/domain/history.ts';
import type { LogRun } from '../../common/domain/log-runs.ts';
import type { Rollout, RolloutPlan } from '../../common/domain/rollout.ts';
import { describeError, fromWireError, type WireError } from '../../common/protocol/errors.ts';
import { rollBackOf } from '../view-model/capsule-changes.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { refusedChange, selectedInstance } from './targets.ts';
import { withError, withToast } from './toasts.ts';
import { currentView, pushView, viewOf } from './views.ts';

/** A part of the capsule as it was found: it may be missing while the others are there. */
export type Part<T> = { readonly value: T } | { readonly problem: string };

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

export interface RollBackPlan {
  readonly rolloutId: number;
  /** Only this instance; null for all that the rollout changed. */
  readonly onlyId: number | null;
  /** Null until the master has answered. */
  readonly plan: RolloutPlan | null;
  readonly problem: string;
  /** What was typed so far, where the service is protected. */
  readonly typed: string;
  readonly isSending: boolean;
}

export interface CapsuleState {
  readonly instanceId: number;
  /** Null until they have come. */
  readonly parts: CapsuleParts | null;
  readonly rollBack: RollBackPlan | null;
}

export type CapsuleEffect =
  | {
      readonly type: 'load-capsule';
      readonly instanceId: number;
      readonly serviceId: number;
      /** Master's clock: the span of the figures. Null when no end is known. */
      readonly span: { readonly from: number; readonly to: number } | null;
    }
  | { readonly type: 'plan-roll-back'; readonly rolloutId: number; readonly onlyId: number | null }
  | { readonly type: 'roll-back'; readonly rolloutId: number; readonly onlyId: number | null };

export type CapsuleAction =
  | { readonly type: 'capsule' }
  | { readonly type: 'capsule-parts'; readonly instanceId: number; readonly parts: CapsuleParts }
  | { readonly type: 'capsule-roll-back'; readonly onlyThis: boolean }
  | { readonly type: 'capsule-plan'; readonly rolloutId: number; readonly plan: RolloutPlan }
  | { readonly type: 'capsule-refused'; readonly rolloutId: number; readonly error: WireError }
  | { readonly type: 'capsule-begun'; readonly rollout: Rollout }
  | { readonly type: 'capsule-type'; readonly text: string }
  | { readonly type: 'capsule-erase' }
  | { readonly type: 'capsule-confirm' }
  | { readonly type: 'capsule-cancel' };

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
  const { rollBack } = capsule;
  switch (action.type) {
    case 'capsule-parts':
      if (capsule.instanceId !== action.instanceId) return become(state);
      return become(withCapsule(state, { ...capsule, parts: action.parts }));
    case 'capsule-roll-back':
      return askRollBack(state, capsule, action.onlyThis);
    case 'capsule-plan':
      if (rollBack?.rolloutId !== action.rolloutId) return become(state);
      return become(withCapsule(state, { ...capsule, rollBack: { ...rollBack, plan: action.plan } }));
    case 'capsule-refused': {
      if (rollBack?.rolloutId !== action.rolloutId)
        return become(withError(state, 'Not rolled back', action.error));
      const problem = describeError(fromWireError(action.error));
      return become(withCapsule(state, { ...capsule, rollBack: { ...rollBack, problem, isSending: false } }));
    }
    case 'capsule-begun':
      return become(
        withToast(
          withCapsule(state, { ...capsule, rollBack: null }),
          'accent',
          `Rolling ${action.rollout.serviceName} back to ${action.rollout.version} (rollout ${action.rollout.rolloutId})`,
        ),
      );
    case 'capsule-type':
      if (rollBack === null) return become(state);
      return become(
        withCapsule(state, { ...capsule, rollBack: { ...rollBack, typed: rollBack.typed + action.text } }),
      );
    case 'capsule-erase':
      if (rollBack === null) return become(state);
      return become(
        withCapsule(state, { ...capsule, rollBack: { ...rollBack, typed: rollBack.typed.slice(0, -1) } }),
      );
    case 'capsule-confirm':
      return confirmRollBack(state, capsule);
    case 'capsule-cancel':
      return become(withCapsule(state, { ...capsule, rollBack: null }));
  }
}

function withCapsule(state: CockpitState, capsule: CapsuleState): CockpitState {
  return { ...state, insight: { ...state.insight, capsule } };
}

function openCapsule(state: CockpitState): Reduction {
  const instance = selectedInstance(state);
  if (instance === undefined)
    return become(withToast(state, 'warn', 'Select an instance first (enter opens a node)'));
  if (currentView(state).screen.name === 'capsule') return become(state);
  const { instanceId, serviceId, status, nodeId } = instance;
  const exit = status?.lastExit ?? null;
  if (exit === null && status?.state !== 'failed') {
    return become(
      withToast(state, 'accent', 'No run of this instance has ended yet: there is nothing to explain'),
    );
  }
  const offsetMs = state.fleet.nodes.get(nodeId)?.clockOffsetMs ?? 0;
  const span = exit && {
    from: Math.max(0, exit.endedAt + offsetMs - BEFORE_DEATH_MS),
    to: exit.endedAt + offsetMs + AFTER_DEATH_MS,
  };
  const next = pushView(state, viewOf({ name: 'capsule', instanceId }));
  return become(withCapsule(next, { instanceId, parts: null, rollBack: null }), {
    type: 'insight',
    effect: { type: 'load-capsule', instanceId, serviceId, span },
  });
}

/** Says what it would hit before anything is done. */
function askRollBack(state: CockpitState, capsule: CapsuleState, onlyThis: boolean): Reduction {
  const refused = refusedChange(state);
  if (refused !== null) return become(refused);
  const instance = state.fleet.instances.get(capsule.instanceId);
  const rollouts = capsule.parts?.rollouts;
  if (instance === undefined || rollouts === undefined || 'problem' in rollouts)
    return become(withToast(state, 'warn', 'What was rolled out is not known yet'));
  const back = rollBackOf(instance, rollouts.value);
  if (back === null)
    return become(
      withToast(
        state,
        'warn',
        'No rollout has put its release on it in the place of another: nothing to go back to',
      ),
    );
  const onlyId = onlyThis ? capsule.instanceId : null;
  const { rolloutId } = back;
  return become(
    withCapsule(state, {
      ...capsule,
      rollBack: { rolloutId, onlyId, plan: null, problem: '', typed: '', isSending: false },
    }),
    { type: 'insight', effect: { type: 'plan-roll-back', rolloutId, onlyId } },
  );
}

/** Whether the service's name has to be typed first. */
export function nameToType(state: CockpitState): string | null {
  const instance = state.fleet.instances.get(state.insight.capsule?.instanceId ?? 0);
  const service = state.catalog.services?.find(({ serviceId }) => serviceId === instance?.serviceId);
  return service?.protected === true ? service.name : null;
}

function confirmRollBack(state: CockpitState, capsule: CapsuleState): Reduction {
  const { rollBack } = capsule;
  if (rollBack === null || rollBack.plan === null || rollBack.isSending) return become(state);
  const refused = refusedChange(state);
  if (refused !== null) return become(refused);
  const name = nameToType(state);
  if (name !== null && rollBack.typed !== name)
    return become(withToast(state, 'warn', `"${name}" is protected: type its name, then enter`));
  const { rolloutId, onlyId } = rollBack;
  return become(withCapsule(state, { ...capsule, rollBack: { ...rollBack, isSending: true } }), {
    type: 'insight',
    effect: { type: 'roll-back', rolloutId, onlyId },
  });
}
