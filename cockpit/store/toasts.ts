import type { Told } from '../../common/domain/said.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import { NO_ANSWER } from '../format/no-answer.ts';
import { plainText } from '../format/plain-text.ts';
import { whyAndHint } from '../language/why-and-hint.ts';
import type { CockpitState, Toast } from './state.ts';

/** Good news is read at a glance; what went wrong has to be understood. */
const SHOWN_MS = { ok: 6_000, accent: 6_000, warn: 12_000, bad: 20_000 } as const;
const MAX_TOASTS = 8;

export function withToast(state: CockpitState, tone: Toast['tone'], text: string): CockpitState {
  const toast = {
    toastId: state.nextId,
    tone,
    text: plainText(text),
    expiresAt: state.now + SHOWN_MS[tone],
  };
  // The same again is not news, it only stays longer.
  const others = state.toasts.filter((known) => known.text !== toast.text);
  return { ...state, nextId: state.nextId + 1, toasts: [...others, toast].slice(-MAX_TOASTS) };
}

export function withError(state: CockpitState, what: string, error: WireError): CockpitState {
  const { t } = state;
  return withToast(state, 'bad', what + t(': ') + whyAndHint(t, error));
}

/** A change whose answer was lost is no failure: only looking tells. `why` says how it was lost. */
export function withUnanswered(state: CockpitState, what: string, why: Told): CockpitState {
  const { t } = state;
  const told = withToast(
    state,
    'warn',
    `${what}${t(': ')}${t(NO_ANSWER)}${t(' ({what})', { what: t.told(why) })}`,
  );
  const toasts = told.toasts.map((toast, at) =>
    at === told.toasts.length - 1 ? { ...toast, isResult: true } : toast,
  );
  return { ...told, toasts };
}

export function withoutExpiredToasts(state: CockpitState): CockpitState {
  if (state.toasts.every((toast) => toast.expiresAt > state.now)) return state;
  return { ...state, toasts: state.toasts.filter((toast) => toast.expiresAt > state.now) };
}

/** Toasts that only answer a key (why it did nothing) end with the next one; results stay until they have been read. */
export function withoutAnswers(state: CockpitState): CockpitState {
  const isAnswer = ({ tone, isResult }: Toast): boolean =>
    isResult !== true && (tone === 'warn' || tone === 'accent');
  return state.toasts.some(isAnswer)
    ? { ...state, toasts: state.toasts.filter((toast) => !isAnswer(toast)) }
    : state;
}
