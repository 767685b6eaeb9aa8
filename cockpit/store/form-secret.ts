import { type ConfigSecret, secretNameSchema } from '../../common/domain/config-file.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import { howLost } from '../format/no-answer.ts';
import { whyAndHint } from '../language/why-and-hint.ts';
import { configServiceName } from './config-targets.ts';
import { type Form, formField, textOf, withForm } from './form.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { withToast, withUnanswered } from './toasts.ts';

/** A value that config files ask for by name. It is typed unseen, sent, and kept nowhere here. */
export function openSecretForm(state: CockpitState): Reduction {
  const { t } = state;
  const service = configServiceName(state);
  const form: Form = {
    purpose: { kind: 'secret' },
    title: t('Set a secret'),
    fields: [
      formField('service', t('Service'), service ?? '', t('whose files ask for it')),
      formField('name', t('Name'), '', t('that files ask for it by; one that is there is replaced')),
      {
        ...formField('value', t('Value'), '', t('one line, not shown; nobody can read it again')),
        isMasked: true,
      },
    ],
    focus: service === undefined ? 0 : 1,
    problem: '',
  };
  return become({ ...state, form });
}

/** The secret that a form would replace; undefined for a new one. */
export function replacedSecret({ config }: CockpitState, form: Form): ConfigSecret | undefined {
  const name = textOf(form, 'name');
  return config.services?.get(textOf(form, 'service'))?.secrets.find((secret) => secret.name === name);
}

export function submitSecret(state: CockpitState, form: Form): Reduction {
  const { t } = state;
  if (form.isSending === true) return become(state);
  const wrong = (problem: string): Reduction => become(withForm(state, { problem }));
  const serviceName = textOf(form, 'service');
  if (state.catalog.services?.some(({ name }) => name === serviceName) !== true)
    return wrong(t('Service: there is none called "{serviceName}"', { serviceName }));
  const name = secretNameSchema.safeParse(textOf(form, 'name'));
  if (!name.success)
    return wrong(`${t('Name')}${t(': ')}${t.known(name.error.issues[0]?.message ?? 'is not possible')}`);
  // Blanks at its ends may be part of it.
  const value = form.fields.find(({ key }) => key === 'value')?.field.text ?? '';
  if (value === '') return wrong(t('Value: it is empty'));
  return become(withForm(state, { problem: '', isSending: true }), {
    type: 'config',
    effect: { type: 'set-secret', serviceName, name: name.data, value },
  });
}

export function secretSet(state: CockpitState, serviceName: string, secret: ConfigSecret): Reduction {
  const form = state.form?.purpose.kind === 'secret' ? null : state.form;
  const { name, version } = secret;
  const text = state.t('Secret {name} of {serviceName}: version {version} set; publish (p) gives it out', {
    ...{ name, serviceName, version },
  });
  return become(withToast({ ...state, form }, 'ok', text), {
    type: 'config',
    effect: { type: 'load-config', serviceNames: [serviceName] },
  });
}

/** In the form, with what was typed; where no answer came, nobody knows. */
export function secretNotSet(state: CockpitState, error: WireError): CockpitState {
  const { t } = state;
  const isOpen = state.form?.purpose.kind === 'secret';
  const closed = isOpen ? { ...state, form: null } : state;
  if (error.code === 'timeout') return withUnanswered(closed, t('Setting the secret'), howLost(error));
  const problem = t('Not set: {why}', { why: whyAndHint(t, error) });
  return isOpen ? withForm(state, { problem, isSending: false }) : withToast(state, 'bad', problem);
}
