import { roleIncludes } from '../../common/domain/role.ts';
import type { RolloutPlan, RolloutRequest } from '../../common/domain/rollout.ts';
import type { WireError } from '../../common/protocol/errors.ts';

import type { Change, Confirm } from './change.ts';
import type { Effect } from './effect.ts';
import { typedNameOf } from './protection.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { refusedChange } from './targets.ts';
import { taskOf } from './tasks.ts';
import { EMPTY_FIELD } from './text-field.ts';
import { withToast } from './toasts.ts';
import { sendVerb } from './verbs.ts';

const FOR_ADMINS: ReadonlySet<Change['kind']> = new Set([
  'create-token',
  'rotate-token',
  'revoke-token',
  'remove-node',
  'replace-node',
]);

const NOT_POSSIBLE = 'The master would not do this: esc goes back';

/** Asks before doing: opens the question that shows what would be hit. Refused at once where it could not be sent. */
export function propose(state: CockpitState, change: Change, instanceIds: readonly number[]): Reduction {
  const refused = refusedChange(state) ?? refusedToRole(state, change);
  if (refused !== null) return become(refused);
  const confirm: Confirm = {
    change,
    instanceIds,
    top: 0,
    field: EMPTY_FIELD,
    plan: null,
    refusal: null,
    isSending: false,
  };
  // Somebody may have marked a service as protected since the list came.
  const effects: Effect[] = [{ type: 'load-services' }];
  if (change.kind === 'rollout') effects.push({ type: 'plan-rollout', request: change.request });
  return become({ ...state, form: null, confirm }, ...effects);
}

/** Null for what the role of the token may do, as far as a cockpit can tell. */
export function refusedToRole(state: CockpitState, { kind }: Pick<Change, 'kind'>): CockpitState | null {
  const { link } = state;
  if (!FOR_ADMINS.has(kind) || (link.state === 'up' && roleIncludes(link.role, 'admin'))) return null;
  const isNode = kind.endsWith('-node');
  return withToast(
    state,
    'warn',
    state.t(
      isNode
        ? 'Nodes are replaced and removed with a token of an admin'
        : 'Tokens are made and taken away with a token of an admin',
    ),
  );
}

export function withConfirm(state: CockpitState, change: Partial<Confirm>): CockpitState {
  return state.confirm === null ? state : { ...state, confirm: { ...state.confirm, ...change } };
}

/** Of a rollout that is asked about: its options changed, so its plan is another one. */
export function replan(state: CockpitState, request: RolloutRequest): Reduction {
  const { confirm } = state;
  if (confirm?.change.kind !== 'rollout') return become(state);
  const change = { ...confirm.change, request };
  return become(withConfirm(state, { change, plan: null, refusal: null }), { type: 'plan-rollout', request });
}

/** An answer to an older request is ignored. */
export function planned(
  state: CockpitState,
  request: RolloutRequest,
  answer: { readonly plan: RolloutPlan } | { readonly refusal: WireError },
): CockpitState {
  const { confirm } = state;
  if (confirm?.change.kind !== 'rollout' || confirm.change.request !== request) return state;
  if ('refusal' in answer) return withConfirm(state, { refusal: answer.refusal });
  const { plan } = answer;
  const instanceIds = plan.batches.flatMap(({ steps }) => steps.map(({ instanceId }) => instanceId));
  return withConfirm(state, { plan, instanceIds });
}

/** Yes, or the typed name. The link may have gone meanwhile, so that is looked at again. */
export function confirmChange(state: CockpitState): Reduction {
  const { confirm } = state;
  if (confirm === null || confirm.isSending) return become(state);
  const refused = refusedChange(state);
  if (refused !== null) return become({ ...refused, confirm: null });
  const typed = typedNameOf(state, confirm);
  if (typed !== null && confirm.field.text.trim() !== typed)
    return become(
      withToast(
        state,
        'warn',
        state.t('Type {typed} to do it, or esc to leave everything as it is', { typed }),
      ),
    );
  const instanceIds = confirm.instanceIds.filter((id) => state.fleet.instances.has(id));
  if (confirm.instanceIds.length > 0 && instanceIds.length === 0)
    return become(
      withToast({ ...state, confirm: null }, 'warn', state.t('Nothing done: these instances are gone')),
    );
  return withNames(send(state, { ...confirm, instanceIds }), typed === null ? [] : typed.split(' '));
}

/** The master wants the names of protected services with what it is asked to do, however often it is asked. */
function withNames({ state, effects }: Reduction, names: readonly string[]): Reduction {
  if (names.length === 0) return { state, effects };
  return {
    state,
    effects: effects.map((effect) => (isConfirmed(effect) ? { ...effect, confirm: names } : effect)),
  };
}

function isConfirmed(effect: Effect): effect is Effect & { readonly confirm?: readonly string[] } {
  return effect.type === 'run-verb' || effect.type === 'create-rollout' || effect.type === 'run-change';
}

function send(state: CockpitState, confirm: Confirm): Reduction {
  const { change, instanceIds } = confirm;
  const closed = { ...state, confirm: null, marks: new Set<number>() };
  if (change.kind === 'rollout') {
    if (confirm.plan === null) {
      const why = confirm.refusal === null ? 'The master has not said yet what this would do' : NOT_POSSIBLE;
      return become(withToast(state, 'warn', state.t(why)));
    }
    const { request } = change;
    return become(withConfirm(state, { isSending: true }), { type: 'create-rollout', request });
  }
  if (change.kind !== 'verb') {
    const task = taskOf(state, change, instanceIds);
    return become(
      {
        ...(change.kind === 'remove-releases' ? { ...closed, releaseMarks: new Set() } : closed),
        tasks: [...state.tasks, task],
        nextId: state.nextId + 1,
      },
      { type: 'run-change', taskId: task.taskId, change, instanceIds },
    );
  }
  return sendVerb(closed, change.verb, instanceIds);
}
