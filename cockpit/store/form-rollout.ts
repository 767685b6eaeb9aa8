import {
  type RolloutOptions,
  rolloutOptionProblems,
  rolloutOptionsSchema,
} from '../../common/domain/rollout.ts';
import type { Translate } from '../language/translate.ts';
import { type Form, formField, textOf, withForm } from './form.ts';
import { replan } from './proposal.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';

const YES_NO = ['no', 'yes'] as const;

/** The options of the rollout that is asked about. */
export function openRolloutOptions(state: CockpitState): Reduction {
  const { confirm } = state;
  if (confirm?.change.kind !== 'rollout' || confirm.isSending) return become(state);
  const { t } = state;
  const { options, message } = confirm.change.request;
  const form: Form = {
    purpose: { kind: 'rollout-options' },
    title: confirm.change.title,
    fields: [
      formField(
        'maxUnavailable',
        t('At a time'),
        String(options.maxUnavailable),
        t('instances down at once: 2, or 25%'),
      ),
      formField('canary', t('Canary'), String(options.canary), t('so many first, and alone; 0 for none')),
      formField(
        'pauseAfterCanary',
        t('Then wait'),
        options.pauseAfterCanary ? 'yes' : 'no',
        t('for somebody to resume it once the canary is up'),
        YES_NO,
      ),
      formField('onFailure', t('On failure'), options.onFailure, t('stop, or give back what ran before'), [
        'stop',
        'rollback',
      ]),
      formField(
        'minReady',
        t('Up for'),
        options.minReadyMs === undefined ? '' : String(options.minReadyMs / 1000),
        t('seconds before the next has its turn; empty: as the master does'),
      ),
      formField('message', t('Message'), message, t('why, for the event and whoever asks later')),
    ],
    focus: 0,
    problem: '',
  };
  return become({ ...state, form });
}

/** What the fields say, or what is wrong with them. */
function optionsOf(t: Translate, form: Form): RolloutOptions | string {
  const atATime = textOf(form, 'maxUnavailable');
  const minReady = textOf(form, 'minReady');
  const parsed = rolloutOptionsSchema.safeParse({
    maxUnavailable: /^\d+$/.test(atATime) ? Number(atATime) : atATime,
    canary: Number(textOf(form, 'canary') || 0),
    pauseAfterCanary: textOf(form, 'pauseAfterCanary') === 'yes',
    onFailure: textOf(form, 'onFailure'),
    ...(minReady !== '' && { minReadyMs: Math.round(Number(minReady) * 1000) }),
  });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const key = String(issue?.path[0] ?? '').replace(/Ms$/, '');
    const label = form.fields.find((field) => field.key === key)?.label ?? key;
    const why =
      key === 'maxUnavailable'
        ? t('a number from 1, or a percentage such as 25%')
        : t.known(issue?.message ?? 'is not possible');
    return `${label}: ${why}`;
  }
  return rolloutOptionProblems(parsed.data).length > 0
    ? t('Then wait: there is no canary to wait after')
    : parsed.data;
}

export function submitRolloutOptions(state: CockpitState, form: Form): Reduction {
  const { t } = state;
  const options = optionsOf(t, form);
  if (typeof options === 'string') return become(withForm(state, { problem: options }));
  const { confirm } = state;
  if (confirm?.change.kind !== 'rollout') return become({ ...state, form: null });
  const message = textOf(form, 'message');
  if (message.length > 1024)
    return become(withForm(state, { problem: t('Message: longer than 1024 characters') }));
  return replan({ ...state, form: null }, { ...confirm.change.request, options, message });
}
