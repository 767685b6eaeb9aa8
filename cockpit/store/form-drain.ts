import type { DrainPlan } from '../../common/domain/node.ts';
import { reasonOf } from '../../common/domain/said.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { whyAndHint } from '../language/why-and-hint.ts';
import { type Form, formField, textOf, withForm } from './form.ts';
import { propose } from './proposal.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { refusedChange, selectedNode } from './targets.ts';
import { withError } from './toasts.ts';
import { unselected } from './unselected.ts';

/** What is asked of a drain, besides which node. */
export interface DrainRequest {
  readonly nodeId: number;
  /** What can be comes up elsewhere first. */
  readonly move: boolean;
  /** What is not moved is stopped; without it, that is left as it is. */
  readonly stop: boolean;
  readonly message: string;
  /** Protected services that have something there: the question takes their names. */
  readonly confirm: readonly string[];
}

const HOW = ['move', 'move, else stop', 'stop'] as const;

/** Move or stop: what that comes to is the master's plan, which is asked about next. */
export function openDrain(state: CockpitState): Reduction {
  const refused = refusedChange(state);
  if (refused !== null) return become(refused);
  const { t } = state;
  const node = selectedNode(state);
  if (node === undefined) return become(unselected(state, 'Select a node to drain first'));
  const form: Form = {
    purpose: { kind: 'drain', nodeId: node.nodeId },
    title: t('Drain {node}', { node: nodeWords(node, node.nodeId) }),
    fields: [
      formField('how', t('How'), 'move', t('what cannot be is left, or stopped'), HOW),
      formField('message', t('Message'), '', t('why; kept with the rollouts')),
    ],
    focus: 0,
    problem: '',
  };
  return become({ ...state, form });
}

export function submitDrain(
  state: CockpitState,
  form: Form,
  { nodeId }: { readonly nodeId: number },
): Reduction {
  const how = textOf(form, 'how');
  const confirm = protectedOn(state, nodeId);
  const message = textOf(form, 'message');
  const request = { nodeId, move: how !== 'stop', stop: how !== 'move', message, confirm };
  return become(withForm(state, { problem: '' }), { type: 'plan-drain', request });
}

/** Names of protected services that have instances on a node. */
export function protectedOn({ fleet, catalog }: CockpitState, nodeId: number): string[] {
  const present = new Set(
    [...fleet.instances.values()].filter((view) => view.nodeId === nodeId).map(({ serviceId }) => serviceId),
  );
  return (catalog.services ?? [])
    .filter((service) => service.protected && present.has(service.serviceId))
    .map(({ name }) => name);
}

/** The master has said what it would do. An answer for a form that is not open any more is ignored. */
export function drainPlanned(state: CockpitState, request: DrainRequest, plan: DrainPlan): Reduction {
  const { form } = state;
  if (form?.purpose.kind !== 'drain' || form.purpose.nodeId !== request.nodeId) return become(state);
  const hit = plan.instances.filter(({ action }) => action !== 'leave').map(({ instanceId }) => instanceId);
  if (hit.length > 0) return propose(state, { kind: 'drain', request, plan }, hit);
  if (plan.instances.length > 0) {
    const [first] = plan.instances;
    return become(
      withForm(state, {
        problem: state.t('Nothing can be moved: {why}. "move, else stop" stops it', {
          why: first === undefined ? '' : state.t.told(reasonOf(first)),
        }),
      }),
    );
  }
  // Nothing runs there: what is left of a drain is the cordon.
  return propose(state, { kind: 'cordon', nodeId: request.nodeId, isCordoned: true }, []);
}

export function drainRefused(state: CockpitState, error: WireError): CockpitState {
  const { t } = state;
  if (state.form?.purpose.kind !== 'drain') return withError(state, t('It would not be drained'), error);
  return withForm(state, { problem: whyAndHint(t, error) });
}
