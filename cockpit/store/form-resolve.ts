import { instanceWords } from '../format/fleet-words.ts';

import { type Form, formField, textOf } from './form.ts';
import { propose } from './proposal.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { withToast } from './toasts.ts';

/** Of what is selected, what is in doubt: how shall it end? */
export function openResolve(state: CockpitState, ids: readonly number[]): Reduction {
  const { t } = state;
  const { instances, nodes } = state.fleet;
  const unknown = ids.filter((id) => instances.get(id)?.status?.state === 'unknown');
  if (unknown.length === 0)
    return become(
      withToast(state, 'warn', t('Nothing to resolve: only an instance that is unknown is in doubt')),
    );
  const only = unknown.length === 1 ? instances.get(unknown[0] ?? 0) : undefined;
  const what = only === undefined ? t.count(unknown.length, 'instance') : instanceWords(only, nodes);
  const form: Form = {
    purpose: { kind: 'resolve', instanceIds: unknown },
    title: t('Resolve {what}', { what }),
    fields: [formField('how', t('How'), 'ended', t('left and right choose'), ['ended', 'kill'])],
    focus: 0,
    problem: '',
  };
  return become({ ...state, form });
}

export function submitResolve(
  state: CockpitState,
  form: Form,
  { instanceIds }: { readonly instanceIds: readonly number[] },
): Reduction {
  const how = textOf(form, 'how') === 'kill' ? 'kill' : 'ended';
  return propose(state, { kind: 'resolve', how }, instanceIds);
}
