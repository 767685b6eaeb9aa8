import {
  type RolloutOptions,
  type RolloutRequest,
  rolloutOptionProblems,
  rolloutOptionsSchema,
} from '../../common/domain/rollout.ts';
import type { Translate } from '../language/translate.ts';
import { type Change, isRestartRequest } from './change.ts';
import { type Form, type FormField, formField, textOf, withForm } from './form.ts';
import { replan, withConfirm } from './proposal.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';

const YES_NO = ['no', 'yes'] as const;

/** What the options are of; of several services they are the same for each. */
function requestOf(change: Change): RolloutRequest | undefined {
  if (change.kind === 'rollout') return change.request;
  return change.kind === 'restart' ? change.requests[0] : undefined;
}

/** The options of the rollout that is asked about. */
export function openRolloutOptions(state: CockpitState): Reduction {
  const { confirm } = state;
  const request = confirm === null || confirm.isSending ? undefined : requestOf(confirm.change);
  if (request === undefined) return become(state);
  const { t } = state;
  const { options, message } = request;
  // Nothing of a restart can be given back, and none of it is tried first.
  const isRestart = isRestartRequest(request);
  const form: Form = {
    purpose: { kind: 'rollout-options' },
    title: confirm?.change.kind === 'rollout' ? confirm.change.title : t('Restart'),
    fields: [
      formField(
        'maxUnavailable',
        t('At a time'),
        String(options.maxUnavailable),
        t('instances down at once: 2, or 25%'),
      ),
      ...(isRestart ? [] : deployFields(t, options)),
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

function deployFields(t: Translate, options: RolloutOptions): FormField[] {
  return [
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
  ];
}

/** What the fields say, or what is wrong with them. */
function optionsOf(t: Translate, form: Form): RolloutOptions | string {
  const atATime = textOf(form, 'maxUnavailable');
  const minReady = textOf(form, 'minReady');
  const parsed = rolloutOptionsSchema.safeParse({
    maxUnavailable: /^\d+$/.test(atATime) ? Number(atATime) : atATime,
    canary: Number(textOf(form, 'canary') || 0),
    pauseAfterCanary: textOf(form, 'pauseAfterCanary') === 'yes',
    onFailure: textOf(form, 'onFailure') || undefined,
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
    return `${label}${t(': ')}${why}`;
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
  if (confirm === null) return become({ ...state, form: null });
  const message = textOf(form, 'message');
  if (message.length > 1024)
    return become(withForm(state, { problem: t('Message: longer than 1024 characters') }));
  const { change } = confirm;
  const closed = { ...state, form: null };
  if (change.kind === 'rollout') return replan(closed, { ...change.request, options, message });
  if (change.kind !== 'restart') return become(closed);
  const requests = change.requests.map((request) => ({ ...request, options, message }));
  return become(withConfirm(closed, { change: { ...change, requests } }));
}
